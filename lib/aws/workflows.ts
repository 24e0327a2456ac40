import {
  ExecutionAlreadyExists,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  TaskDoesNotExist,
  TaskTimedOut,
} from '@aws-sdk/client-sfn'
import type { Workflows } from '../ports/workflow.ts'

export const workflows = (stateMachineArn: string, client = new SFNClient({})): Workflows => ({
  start: async (input) => {
    const start = new StartExecutionCommand({
      stateMachineArn,
      name: input.approval_id,
      input: JSON.stringify(input),
    })
    try {
      await client.send(start)
    } catch (error) {
      // The name is the approval's: a second start is the first one, delivered again.
      if (!(error instanceof ExecutionAlreadyExists)) throw error
    }
  },
  wake: async (taskToken) => {
    try {
      await client.send(new SendTaskSuccessCommand({ taskToken, output: '{}' }))
      return 'woken'
    } catch (error) {
      if (error instanceof TaskTimedOut || error instanceof TaskDoesNotExist) return 'over'
      throw error
    }
  },
})
