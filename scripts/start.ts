import { join } from 'node:path'
import { apiFor } from './local/api.ts'
import { farewell } from './local/farewell.ts'
import { localFolder } from './local/folders.ts'
import { readOptions, usage } from './local/options.ts'
import { type Progress, progressTo } from './local/progress.ts'
import { describeStack, type StackFile, writeStackFile } from './local/stack-file.ts'
import { tellStory } from './local/story.ts'
import { Trouble } from './local/trouble.ts'
import { Unexpected } from './local/unexpected.ts'
import { makeWorld, type World } from './local/world.ts'

const stackFile = join(localFolder, 'stack.json')

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  const progress = progressTo(process.stdout)
  if (options === null) {
    progress.line(usage)
    return 0
  }
  progress.heading('Stack')
  const world = await makeWorld({ folder: localFolder, ...options }, progress)
  try {
    const description = describeStack(world.stack, world.people)
    writeStackFile(stackFile, description)
    progress.heading('Story')
    await tellStory(partsOf(world), progress)
    if (!options.once) await stayUp(description, progress)
  } finally {
    await world.stack.stop()
  }
  return 0
}

function partsOf({ stack, people, clients }: World) {
  return {
    alice: apiFor(stack.api_url, people.alice.api_key),
    bob: apiFor(stack.api_url, people.bob.api_key),
    sfn: clients.sfn,
    state_machine_arn: stack.outputs.StateMachineArn,
    private_ca: stack.authority !== null,
  }
}

async function stayUp(description: StackFile, progress: Progress): Promise<void> {
  progress.line(farewell(description, stackFile))
  await new Promise<void>((resolve) => {
    stopAsked = resolve
  })
  progress.line('Stopping …')
}

/** Before there is anything to stay up for, an interrupt just ends everything. */
let stopAsked: () => void = () => process.exit(130)

process.on('SIGINT', () => stopAsked())
process.on('SIGTERM', () => stopAsked())

try {
  process.exit(await main())
} catch (error) {
  const known = error instanceof Trouble || error instanceof Unexpected
  console.error(known ? `✗ ${error.message}` : error)
  process.exit(1)
}
