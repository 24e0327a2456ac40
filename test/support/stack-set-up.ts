import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { localFolder } from '../../scripts/local/folders.ts'
import { freePort } from '../../scripts/local/ports.ts'
import { progressTo } from '../../scripts/local/progress.ts'
import { describeStack, type StackFile, writeStackFile } from '../../scripts/local/stack-file.ts'
import { makeWorld, type World } from '../../scripts/local/world.ts'
import { deniedCalls, deployedPolicies } from './permission-report.ts'
import { type StandIn, startStandIn } from './private-ca.ts'
import { pushTargets } from './pushed-lists.ts'
import { type Recorder, startRecorder } from './recorder.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The stack under test, as `npm start` would write it to .local/stack.json. */
    stack: StackFile
    /** What it was deployed with besides its stage, by the name that `cdk -c name=…` takes. */
    settings: Readonly<Record<string, string>>
    /** Where the recorder answers, between the functions and the emulator. */
    recorder_url: string
    /** Where tests ask and tell the stand-in for AWS Private CA. */
    private_ca_url: string
  }
}

/** Webhooks of the stack under test. Nobody is told before a test puts their secrets there. */
const webhooks = [
  { name: 'receiver', shape: 'json', secret: 'countersign/test/receiver' },
  { name: 'chat', shape: 'slack', secret: 'countersign/test/chat' },
]

type Begun = {
  readonly world: World
  readonly settings: Readonly<Record<string, string>>
  readonly recorder: Recorder
  readonly privateCa: StandIn
}

type Shared = {
  readonly projects: Set<string>
  users: number
  readonly folder: string
  readonly begun: Promise<Begun>
}

/** Every project runs this file in a module graph of its own; the stack is one for all of them. */
const shared = globalThis as { countersignStack?: Shared }

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  shared.countersignStack ??= begin()
  const mine = shared.countersignStack
  mine.users += 1
  mine.projects.add(project.name)
  const { world, settings, recorder, privateCa } = await mine.begun
  const { stack, people } = world
  const description = describeStack(stack, people)
  writeStackFile(join(mine.folder, 'stack.json'), description)
  project.provide('stack', description)
  project.provide('settings', settings)
  project.provide('recorder_url', recorder.url)
  project.provide('private_ca_url', privateCa.url)
  return async () => {
    mine.users -= 1
    if (mine.users === 0) await end(mine)
  }
}

function begin(): Shared {
  const folder = join(localFolder, `test-${process.pid}`)
  return { projects: new Set(), users: 0, folder, begun: makeTestWorld(folder) }
}

async function makeTestWorld(folder: string): Promise<Begun> {
  const progress = progressTo(process.stderr)
  progress.heading('Stack under test')
  const [port, edge_port] = [await freePort(), await freePort()]
  const privateCa = await startStandIn()
  const recorder = await startRecorder(port, { 'acm-pca': privateCa.port })
  const environment = { ...recorder.environment, ...kept(join(folder, 'kept')) }
  const notifications = JSON.stringify({ webhooks })
  const crl_push = JSON.stringify(pushTargets)
  const pca_authorities = JSON.stringify({ private: privateCa.arn })
  const given = { notifications, crl_push, pca_authorities }
  const options = { folder, port, edge_port, emulator: null, private_ca: false, environment, ...given }
  const world = await makeWorld(options, progress)
  const { restart } = world.stack
  if (restart !== null) recorder.restartBy(restart)
  const settings = { status_url: world.stack.status_url, ...given }
  return { world, settings, recorder, privateCa }
}

/** What the emulator is told so that it writes its state down when it is asked to end, and finds it again. */
const kept = (folder: string) => ({
  PERSIST_STATE: '1',
  STATE_DIR: folder,
  S3_PERSIST: '1',
  S3_DATA_DIR: join(folder, 's3'),
})

/** Where no project of the run has looked at the permissions, they are looked at here: a denied call fails any run. */
async function end({ begun, folder, projects }: Shared): Promise<void> {
  const { world, recorder, privateCa } = await begun
  try {
    const judged = projects.has('permissions') || projects.has('recovery')
    if (!judged) await refuseDenied(world.stack.emulator_url, recorder)
  } finally {
    await world.stack.stop()
    recorder.stop()
    privateCa.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function refuseDenied(emulator_url: string, recorder: Recorder): Promise<void> {
  const denied = await deniedCalls(await deployedPolicies(emulator_url), recorder.calls())
  if (denied.length > 0) throw new Error(`AWS would deny what this run did:\n${denied.join('\n')}`)
}
