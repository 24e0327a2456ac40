import type { QueueName } from '../lib/model/queue.ts'

type Parts = {
  readonly park_arn: string
  readonly refuse_arn: string
  readonly table_name: string
  readonly queue_urls: Readonly<Record<QueueName, string>>
}

/** Longer than any approval may wait (a profile's deadline is at most 90 days). */
const waitAtMostSeconds = 91 * 24 * 60 * 60

/**
 * The decision as JSONata, over the job as DynamoDB returns it. Attributes
 * that are missing make it false, so a job that cannot be judged is refused.
 */
const twoPeople = `(
  $job := $states.input.job;
  $fold := function($text) { $lowercase($trim($text)) };
  $approvals := $job.approval.M.decisions.L.M[verdict.S = "approve"];
  $stood_for := $approvals.for.M;
  $people := $append($approvals.by.S, $stood_for.id.S);
  $given := $append($approvals.by.S, $append($approvals.name.S, $approvals.email.S));
  $held := $append($stood_for.id.S, $append($stood_for.name.S, $stood_for.email.S));
  $names := $append($given, $held).$fold($);
  $requester := $job.requested_by.S;
  $quorum := $exists($job.approval.M.quorum.N) ? $number($job.approval.M.quorum.N) : 0;
  $job.status.S = "Pending"
    and $job.approval.M.state.S = "approved"
    and $exists($requester) and $length($requester) > 0
    and $exists($job.owner.S)
    and $quorum >= 1
    and $count($distinct($people)) = $count($people)
    and $count($approvals) >= $quorum
    and $not($requester in $people)
    and $not($fold($job.owner.S) in $names)
)`

/** The job without its details: where its approval stands, and who said what, in whose place, for which stage. */
const standing = `(
  $approval := $states.result.Item.approval.M;
  $merge([$states.input, {
    "job": $states.result.Item,
    "status": $states.result.Item.status.S,
    "state": $approval.state.S,
    "votes": [$approval.decisions.L.M.{
      "by": by.S, "for": for.M.id.S, "verdict": verdict.S, "stage": stage.S, "time": time.S
    }]
  }])
)`

/** What an execution shows when it is over: what it was asked, and how that was decided. */
const shown = '$sift($states.input, function($v, $k) { $k != "job" })'

/** Carried out already, or cancelled meanwhile: there is nothing left to dispatch. */
const over = `$states.input.job.status.S in ["Running", "Completed", "Failed", "Cancelled"]`

const turnedDown = `$states.input.job.approval.M.state.S in ["rejected", "expired", "withdrawn"]`

/**
 * The approval of one job, in Amazon States Language: wait, read the decision
 * again, and let the job pass only when it was made by someone else. The task
 * token wakes it and decides nothing. Four states for an approved job.
 */
export function approvalDefinition({ park_arn, refuse_arn, table_name, queue_urls }: Parts) {
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
            Next: 'Read the decision',
          },
        ],
        Output: expression('$states.input'),
        Next: 'Read the decision',
      },
      'Read the decision': {
        Comment: 'From the table, not from whoever woke us',
        Type: 'Task',
        Resource: 'arn:aws:states:::dynamodb:getItem',
        Arguments: {
          TableName: table_name,
          Key: { pk: { S: expression('"JOB#" & $states.input.job_id') }, sk: { S: 'JOB' } },
          ConsistentRead: true,
        },
        Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 6, BackoffRate: 2 }],
        Output: expression(standing),
        Next: 'Two people?',
      },
      'Two people?': {
        Comment: 'The two-person rule, independent of the code that recorded the decision',
        Type: 'Choice',
        Choices: [
          {
            Comment: 'Approved by enough people, none of whom asked for it or owns it',
            Condition: expression(twoPeople),
            Next: 'Dispatch',
          },
          {
            Comment: 'Rejected, expired or withdrawn',
            Condition: expression(turnedDown),
            Output: expression(shown),
            Next: 'Not approved',
          },
          {
            Comment: 'Carried out or cancelled meanwhile',
            Condition: expression(over),
            Output: expression(shown),
            Next: 'Already over',
          },
        ],
        Default: 'Refuse',
      },
      Dispatch: {
        Comment: 'Hands the job to the queue of the one privilege that can carry it out',
        Type: 'Task',
        Resource: 'arn:aws:states:::sqs:sendMessage',
        Arguments: {
          QueueUrl: expression(`$lookup(${JSON.stringify(queue_urls)}, $states.input.job.queue.S)`),
          MessageBody: expression('$string({"job_id": $states.input.job_id})'),
        },
        Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 6, BackoffRate: 2 }],
        Output: expression(shown),
        End: true,
      },
      'Not approved': { Type: 'Succeed' },
      'Already over': { Type: 'Succeed' },
      Refuse: {
        Comment: 'Woken without a valid decision: put that on record',
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Arguments: {
          FunctionName: refuse_arn,
          Payload: {
            job_id: expression('$states.input.job_id'),
            approval_id: expression('$states.input.approval_id'),
          },
        },
        TimeoutSeconds: 60,
        Retry: [{ ErrorEquals: lambdaTrouble, IntervalSeconds: 2, MaxAttempts: 6, BackoffRate: 2 }],
        Output: expression(`$merge([${shown}, {"waiting": $states.result.Payload.waiting = true}])`),
        Next: 'Still waiting?',
      },
      'Still waiting?': {
        Type: 'Choice',
        Choices: [{ Condition: expression('$states.input.waiting'), Next: 'Wait for a decision' }],
        Default: 'Two-person integrity',
      },
      'Two-person integrity': {
        Type: 'Fail',
        Error: 'TwoPersonIntegrity',
        Cause: 'The job is not approved by enough people who neither asked for it nor own it',
      },
    },
  }
}

const lambdaTrouble = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
]

function expression(jsonata: string): string {
  return `{% ${jsonata.replace(/\s+/g, ' ')} %}`
}
