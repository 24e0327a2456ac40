import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { localFolder } from '../../scripts/local/folders.ts'
import { freePort } from '../../scripts/local/ports.ts'
import { progressTo } from '../../scripts/local/progress.ts'
import { describeStack, type StackFile, writeStackFile } from '../../scripts/local/stack-file.ts'
import { makeWorld, type World } from '../../scripts/local/world.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The stack under test, as `npm start` would write it to .local/stack.json. */
    stack: StackFile
  }
}

/** Webhooks of the stack under test. Nobody is told before a test puts their secrets there. */
const webhooks = [
  { name: 'receiver', shape: 'json', secret: 'countersign/test/receiver' },
  { name: 'chat', shape: 'slack', secret: 'countersign/test/chat' },
]

type Shared = { users: number; readonly folder: string; readonly world: Promise<World> }

/** Every project runs this file in a module graph of its own; the stack is one for all of them. */
const shared = globalThis as { countersignStack?: Shared }

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  shared.countersignStack ??= begin()
  const mine = shared.countersignStack
  mine.users += 1
  const { stack, people } = await mine.world
  const description = describeStack(stack, people)
  writeStackFile(join(mine.folder, 'stack.json'), description)
  project.provide('stack', description)
  return async () => {
    mine.users -= 1
    if (mine.users === 0) await end(mine)
  }
}

function begin(): Shared {
  const folder = join(localFolder, `test-${process.pid}`)
  return { users: 0, folder, world: makeTestWorld(folder) }
}

async function makeTestWorld(folder: string): Promise<World> {
  const progress = progressTo(process.stderr)
  progress.heading('Stack under test')
  const [port, edge_port] = [await freePort(), await freePort()]
  const notifications = JSON.stringify({ webhooks })
  return makeWorld({ folder, port, edge_port, emulator: null, notifications }, progress)
}

async function end({ world, folder }: Shared): Promise<void> {
  const { stack } = await world
  await stack.stop()
  rmSync(folder, { recursive: true, force: true })
}
