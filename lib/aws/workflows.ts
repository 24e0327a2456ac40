import type { Workflows } from '../ports/workflow.ts'
import { type AwsAccess, jsonCall } from './aws-call.ts'
import { isCalled } from './passing.ts'

export const workflows = (stateMachineArn: string, access: AwsAccess): Workflows => {
  const call = jsonCall('states', access)
  return {
    start: async (input) => {
      try {
        await call('StartExecution', {
          stateMachineArn,
          name: input.approval_id,
          input: JSON.stringify(input),
        })
      } catch (error) {
        // The name is the approval's: a second start is the first one, delivered again.
        if (!isCalled(error, 'ExecutionAlreadyExists')) throw error
      }
    },
    wake: async (taskToken) => {
      try {
        await call('SendTaskSuccess', { taskToken, output: '{}' })
        return 'woken'
      } catch (error) {
        if (isCalled(error, 'TaskTimedOut') || isCalled(error, 'TaskDoesNotExist')) return 'over'
        throw error
      }
    },
  }
}
