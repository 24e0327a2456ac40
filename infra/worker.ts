import { Duration } from 'aws-cdk-lib'
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { deliveries } from '../lib/model/queue.ts'
import { type FunctionId, rowOf } from './access.ts'
import { PrivilegedFunction, type Surroundings } from './privileged-function.ts'

/** A queue of one privilege, and where its messages end up when nothing helps. */
export class WorkQueue extends Construct {
  readonly queue: Queue
  readonly deadLetters: Queue

  constructor(scope: Construct, id: string, worker: FunctionId) {
    super(scope, id)
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(6 * rowOf(worker).timeout_seconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: deliveries },
    })
  }
}

/** How many messages of a queue of dead letters wait for a person. */
export function waitingIn(deadLetters: Queue): IMetric {
  return deadLetters.metricApproximateNumberOfMessagesVisible({
    period: Duration.minutes(5),
    statistic: 'Maximum',
  })
}

type WorkerProps = {
  readonly around: Surroundings
  readonly work: WorkQueue
  readonly batchSize: number
  /** How long messages are gathered; more than ten of them at once take a second at least. */
  readonly batchSeconds?: number
  readonly maxConcurrency?: number
  /** Whether anything is ever sent there: a queue that is asked all day costs as much as one that is used. */
  readonly enabled?: boolean
}

/** A function that takes jobs from one queue; a failed message does not hold back its batch. */
export class Worker extends PrivilegedFunction {
  constructor(scope: Construct, id: FunctionId, props: WorkerProps) {
    const { around, work, batchSize, batchSeconds, maxConcurrency, enabled = true } = props
    super(scope, id, around)
    this.addToRolePolicy(
      new PolicyStatement({
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        resources: [work.queue.queueArn],
      }),
    )
    const source = new EventSourceMapping(this, 'Source', {
      target: this,
      eventSourceArn: work.queue.queueArn,
      batchSize,
      reportBatchItemFailures: true,
      enabled,
      ...(batchSeconds === undefined ? {} : { maxBatchingWindow: Duration.seconds(batchSeconds) }),
      ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    })
    if (this.role) source.node.addDependency(this.role)
  }
}
