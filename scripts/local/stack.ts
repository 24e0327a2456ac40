import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { deploy, type Outputs } from './deploy.ts'
import { startEdge } from './edge.ts'
import { type Emulator, type Ending, foreignEmulator, type OwnEmulator, startEmulator } from './emulator.ts'
import { installEmulator } from './emulator-install.ts'
import { mustBeFree } from './ports.ts'
import { type PrivateCa, startPrivateCa } from './private-ca.ts'
import type { Progress } from './progress.ts'

export type Stack = {
  readonly emulator_url: string
  readonly api_url: string
  readonly status_url: string
  readonly outputs: Outputs
  /** The name under which the deployment knows the certificate authority beside it; null where there is none. */
  readonly authority: string | null
  /** Ends the emulator and starts it once more on what that left; null for one that was not started here. */
  readonly restart: ((how: Ending) => Promise<void>) | null
  readonly stop: () => Promise<void>
}

export type StackOptions = {
  readonly folder: string
  readonly port: number
  readonly edge_port: number
  readonly emulator: string | null
  /** Starts AWS Private CA by moto as well. */
  readonly private_ca: boolean
  /** Channels of the stage, as `cdk -c notifications=…` takes them; null for none. */
  readonly notifications: string | null
  /** What an emulator that is started here finds in its environment besides. */
  readonly environment?: Readonly<Record<string, string>>
  /** Services that are given lists, as `cdk -c crl_push=…` takes them. */
  readonly crl_push?: string
  /** Certificate authorities that somebody else stands in for, as `cdk -c pca_authorities=…` takes them. */
  readonly pca_authorities?: string
}

/** What the deployment calls the authority of moto. */
const authority = 'private'

/** The whole system on this machine. What was started is stopped again when something fails. */
export async function bringUp(options: StackOptions, progress: Progress): Promise<Stack> {
  const running: { readonly stop: () => Promise<void> | void }[] = []
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  try {
    await mustBeFree(options.edge_port, '--edge-port')
    const privateCa = options.private_ca ? await startPrivateCa(progress) : null
    if (privateCa !== null) running.push(privateCa)
    const emulator = await emulatorFor(options, privateCa, progress)
    running.push(emulator)
    const status_url = `http://localhost:${options.edge_port}`
    const { folder, notifications, crl_push } = options
    const own = privateCa === null ? null : JSON.stringify({ [authority]: privateCa.arn })
    const authorities = own ?? options.pca_authorities ?? null
    const told = { notifications, crl_push, authorities }
    const target = { emulator_url: emulator.url, status_url, folder, ...told }
    const outputs = await deploy(target, progress)
    const edge = await startEdge({
      port: options.edge_port,
      emulator_url: emulator.url,
      distribution_domain: outputs.DistributionDomain,
      bucket: outputs.BucketName,
    })
    running.push(edge)
    return {
      emulator_url: emulator.url,
      api_url: `${emulator.url}/_aws/execute-api/${outputs.ApiId}`,
      status_url,
      outputs,
      authority: privateCa === null ? null : authority,
      restart: 'restart' in emulator ? emulator.restart : null,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function emulatorFor(
  options: StackOptions,
  privateCa: PrivateCa | null,
  progress: Progress,
): Promise<Emulator | OwnEmulator> {
  const { emulator, port, folder } = options
  // Functions inherit the emulator's environment.
  const found = privateCa === null ? {} : { AWS_ENDPOINT_URL_ACM_PCA: privateCa.url }
  const environment = { ...options.environment, ...found }
  if (emulator !== null) return foreignEmulator(emulator)
  await mustBeFree(port, '--port')
  const executable = await installEmulator(progress)
  rmSync(join(folder, 'stack.json'), { force: true })
  return progress.step(`emulator on port ${port}`, () =>
    startEmulator({ executable, port, folder, environment }),
  )
}
