import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { deploy, type Outputs } from './deploy.ts'
import { type Edge, startEdge } from './edge.ts'
import { type Emulator, foreignEmulator, startEmulator } from './emulator.ts'
import { installEmulator } from './emulator-install.ts'
import { mustBeFree } from './ports.ts'
import type { Progress } from './progress.ts'

export type Stack = {
  readonly emulator_url: string
  readonly api_url: string
  readonly status_url: string
  readonly outputs: Outputs
  readonly stop: () => Promise<void>
}

export type StackOptions = {
  readonly folder: string
  readonly port: number
  readonly edge_port: number
  readonly emulator: string | null
  /** Channels of the stage, as `cdk -c notifications=…` takes them; null for none. */
  readonly notifications: string | null
  /** What an emulator that is started here finds in its environment besides. */
  readonly environment?: Readonly<Record<string, string>>
  /** Services that are given lists, as `cdk -c crl_push=…` takes them. */
  readonly crl_push?: string
}

/** The whole system on this machine. What was started is stopped again when something fails. */
export async function bringUp(options: StackOptions, progress: Progress): Promise<Stack> {
  const running: (Emulator | Edge)[] = []
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop()
  }
  try {
    await mustBeFree(options.edge_port, '--edge-port')
    const emulator = await emulatorFor(options, progress)
    running.push(emulator)
    const status_url = `http://localhost:${options.edge_port}`
    const { folder, notifications, crl_push } = options
    const target = { emulator_url: emulator.url, status_url, folder, notifications, crl_push }
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
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function emulatorFor(options: StackOptions, progress: Progress): Promise<Emulator> {
  const { emulator, port, folder, environment = {} } = options
  if (emulator !== null) return foreignEmulator(emulator)
  await mustBeFree(port, '--port')
  const executable = await installEmulator(progress)
  rmSync(join(folder, 'stack.json'), { force: true })
  return progress.step(`emulator on port ${port}`, () =>
    startEmulator({ executable, port, folder, environment }),
  )
}
