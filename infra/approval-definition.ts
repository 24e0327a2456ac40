import { expression, lambdaTrouble } from './states-language.ts'

type Parts = { readonly park_arn: string; readonly release_arn: string }

/** Longer than any approval may wait (a profile's deadline is at most 90 days). */
const waitAtMostSeconds = 91 * 24 * 60 * 60

/** Longer than a release may take before it is ended (release-definition.ts). */
const releaseAtMostSeconds = 200

/** What a release says of a job that it did not let pass: final, or to be waited for. */
export const outcomes = { waiting: 'StillWaiting', refused: 'TwoPersonIntegrity' } as const

/**
 * The approval of one job, in Amazon States Language: what people see of it
 * while it waits, and what became of it. The task token wakes it and decides
 * nothing: the release reads the decision again, and lets the job pass only when
 * it was made by someone else. Two states for an approved job.
 */
export function approvalDefinition({ park_arn, release_arn }: Parts) {
  return {
    Comment: 'Waits for the decision on one job. Whoever asked for it cannot be the one who lets it pass.',
    QueryLanguage: 'JSONata',
    StartAt: 'Wait for a decision',
    States: {
      'Wait for a decision': {
        Comment: 'Stands still until somebody approves, rejects or withdraws, or the deadline passes',
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Arguments: {
          FunctionName: park_arn,
          Payload: {
            task_token: expression('$states.context.Task.Token'),
            approval_id: expression('$states.input.approval_id'),
            job_id: expression('$states.input.job_id'),
          },
        },
        TimeoutSeconds: waitAtMostSeconds,
        Retry: [{ ErrorEquals: lambdaTrouble, IntervalSeconds: 2, MaxAttempts: 6, BackoffRate: 2 }],
        Catch: [
          {
            ErrorEquals: ['States.ALL'],
            Output: expression('$states.input'),
            Next: 'Release',
          },
        ],
        Output: expression('$states.input'),
        Next: 'Release',
      },
      Release: {
        Comment:
          'Reads the decision from the table, holds it against the two-person rule, and dispatches: a workflow of its own',
        Type: 'Task',
        Resource: 'arn:aws:states:::states:startExecution.waitForTaskToken',
        Arguments: {
          StateMachineArn: release_arn,
          Name: expression('$states.input.approval_id & "-" & $string($millis())'),
          Input: {
            task_token: expression('$states.context.Task.Token'),
            approval_id: expression('$states.input.approval_id'),
            job_id: expression('$states.input.job_id'),
            AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: expression('$states.context.Execution.Id'),
          },
        },
        TimeoutSeconds: releaseAtMostSeconds,
        Retry: [
          { ErrorEquals: Object.values(outcomes), MaxAttempts: 0 },
          { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 3, BackoffRate: 4 },
        ],
        Catch: [
          {
            Comment: 'Woken by somebody else than a decision',
            ErrorEquals: [outcomes.waiting],
            Output: expression('$states.input'),
            Next: 'Wait for a decision',
          },
        ],
        Output: expression('$merge([$states.input, $states.result])'),
        End: true,
      },
    },
  }
}
