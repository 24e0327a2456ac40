import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { runCommand } from './command.ts'
import { account, region, withEmulator } from './environment.ts'
import { binary, repository } from './folders.ts'
import type { Progress } from './progress.ts'

const json = z.string().transform((text): unknown => JSON.parse(text))

const outputs = z.object({
  ApiId: z.string(),
  StatusUrl: z.string(),
  DistributionDomain: z.string(),
  BucketName: z.string(),
  TableName: z.string(),
  TokensTableName: z.string(),
  StateMachineArn: z.string(),
  CaKeys: json.pipe(z.record(z.string(), z.string())),
  ReceiptKeys: json.pipe(z.object({ decision: z.string(), clock: z.string() })),
  Environment: z.string(),
  NotificationTopic: z.string(),
  Queues: json.pipe(z.record(z.string(), z.string())),
})

export type Outputs = z.infer<typeof outputs>

type Target = {
  readonly emulator_url: string
  readonly status_url: string
  readonly folder: string
  readonly notifications: string | null
  readonly crl_push?: string | undefined
  /** JSON: certificate authorities by name; null for those that the stage has. */
  readonly authorities: string | null
}

const stack = 'countersign-local'

/** Deploys the app that goes to AWS, with the CLI that deploys it there. */
export async function deploy(target: Target, progress: Progress): Promise<Outputs> {
  const assembly = join(target.folder, 'cdk.out')
  const outputsFile = join(target.folder, 'outputs.json')
  mkdirSync(join(target.folder, 'logs'), { recursive: true })
  rmSync(assembly, { recursive: true, force: true })
  const cdk = (args: readonly string[]) => runCdk(target, args)
  await Promise.all([
    progress.step('cdk synth: stacks and bundles', () =>
      cdk([
        'synth',
        '--quiet',
        '--output',
        assembly,
        '-c',
        'stage=local',
        '-c',
        `status_url=${target.status_url}`,
        ...(target.notifications === null ? [] : ['-c', `notifications=${target.notifications}`]),
        ...(target.crl_push === undefined ? [] : ['-c', `crl_push=${target.crl_push}`]),
        ...(target.authorities === null ? [] : ['-c', `pca_authorities=${target.authorities}`]),
      ]),
    ),
    progress.step('cdk bootstrap', () => cdk(['bootstrap', `aws://${account}/${region}`, '--app', ''])),
  ])
  await progress.step('cdk deploy', () =>
    cdk([
      'deploy',
      '--all',
      ...['--app', assembly],
      ...['--require-approval', 'never'],
      ...['--outputs-file', outputsFile],
    ]),
  )
  const written = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(outputsFile, 'utf8')))
  return outputs.parse(written[stack])
}

function runCdk(target: Target, args: readonly string[]): Promise<string> {
  return runCommand({
    command: binary('cdk'),
    args: [...args, '--no-notices', '--no-version-reporting', '--ci'],
    cwd: repository,
    env: {
      ...withEmulator(target.emulator_url),
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      // Checks templates against AWS's schemas; they are checked where they go to AWS, and it takes seconds.
      CDK_VALIDATION: 'false',
    },
    log: join(target.folder, 'logs', 'cdk.log'),
    failure: `cdk ${args[0]} failed`,
  })
}
