import type { QueueName } from '../lib/model/queue.ts'
import { outcomes } from './approval-definition.ts'
import { expression, lambdaTrouble } from './states-language.ts'

type Parts = {
  readonly refuse_arn: string
  readonly table_name: string
  readonly queue_urls: Readonly<Record<QueueName, string>>
}

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

/** What the approval's execution shows when it is over: how it was decided. */
const shown = '$string($sift($states.input, function($v, $k) { $k in ["status", "state", "votes"] }))'

/** Carried out already, or cancelled meanwhile: there is nothing left to dispatch. */
const over = `$states.input.job.status.S in ["Running", "Completed", "Failed", "Cancelled"]`

const turnedDown = `$states.input.job.approval.M.state.S in ["rejected", "expired", "withdrawn"]`

const retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 5, BackoffRate: 2 }]

/** Tells the approval's execution that its job goes no further, and why. */
const told = (error: string, cause: string) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::aws-sdk:sfn:sendTaskFailure',
  Arguments: { TaskToken: expression('$states.input.task_token'), Error: error, Cause: cause },
  Retry: retry,
  End: true,
})

/**
 * The release of one job, in Amazon States Language: read the decision again,
 * and dispatch only what was decided by others than whoever asked. Its own
 * workflow, of the express kind, since it is over in a second; what it did it
 * says to the approval's execution, which keeps it.
 */
export function releaseDefinition({ refuse_arn, table_name, queue_urls }: Parts) {
  return {
    Comment: 'Lets an approved job pass. Whoever asked for it cannot be the one who does.',
    QueryLanguage: 'JSONata',
    TimeoutSeconds: 180,
    StartAt: 'Read the decision',
    States: {
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
            Next: 'Not approved',
          },
          {
            Comment: 'Carried out or cancelled meanwhile',
            Condition: expression(over),
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
        Output: expression('$states.input'),
        Next: 'Say what was done',
      },
      'Not approved': { Type: 'Pass', Next: 'Say what was done' },
      'Already over': { Type: 'Pass', Next: 'Say what was done' },
      'Say what was done': {
        Comment: 'To the execution that waits, which is over then',
        Type: 'Task',
        Resource: 'arn:aws:states:::aws-sdk:sfn:sendTaskSuccess',
        Arguments: { TaskToken: expression('$states.input.task_token'), Output: expression(shown) },
        Retry: retry,
        End: true,
      },
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
        Output: expression('$merge([$states.input, {"waiting": $states.result.Payload.waiting = true}])'),
        Next: 'Still waiting?',
      },
      'Still waiting?': {
        Type: 'Choice',
        Choices: [{ Condition: expression('$states.input.waiting'), Next: 'Go on waiting' }],
        Default: 'Two-person integrity',
      },
      'Go on waiting': {
        Comment: 'Nobody has decided yet',
        ...told(outcomes.waiting, 'The execution was woken without a decision'),
      },
      'Two-person integrity': {
        Comment: 'The job is put on record as refused, and its execution fails',
        ...told(
          outcomes.refused,
          'The job is not approved by enough people who neither asked for it nor own it',
        ),
      },
    },
  }
}
