import { Duration } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { unfollowed } from '../lib/model/consequences.ts'
import type { TableInUse } from './data-stack.ts'
import { PrivilegedFunction, type Surroundings } from './privileged-function.ts'

type RelayProps = { readonly around: Surroundings; readonly table: TableInUse; readonly tokens: TableInUse }

/** Carries out the consequences of new events and of newly parked tokens, in the order of each partition. */
export class Relay extends PrivilegedFunction {
  readonly failures: Queue

  constructor(scope: Construct, { around, table, tokens }: RelayProps) {
    super(scope, 'relay', around)
    this.failures = new Queue(this, 'Failures', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    this.follow('Events', table, [newEvent, takenOver, touchedJob])
    this.follow('Tokens', tokens, [parkedToken])
    this.allowFollowing([table, tokens])
  }

  private follow(id: string, table: TableInUse, filters: readonly Record<string, unknown>[]): void {
    const source = new EventSourceMapping(this, id, {
      target: this,
      eventSourceArn: table.tableStreamArn ?? '',
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 10,
      parallelizationFactor: 4,
      bisectBatchOnError: true,
      retryAttempts: 10,
      reportBatchItemFailures: true,
      onFailure: { bind: () => ({ destination: this.failures.queueArn }) },
      filters: filters.map((filter) => FilterCriteria.filter(filter)),
    })
    if (this.role) source.node.addDependency(this.role)
  }

  private allowFollowing(tables: readonly TableInUse[]): void {
    this.addToRolePolicy(
      new PolicyStatement({
        actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
        resources: tables.map((table) => table.tableStreamArn ?? ''),
      }),
    )
    this.addToRolePolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.failures.queueArn] }),
    )
    // ListStreams knows no resources.
    this.addToRolePolicy(new PolicyStatement({ actions: ['dynamodb:ListStreams'], resources: ['*'] }))
  }
}

const keysOfEvent = { sk: { S: FilterRule.beginsWith('EVENT#') } }

/** Of most steps something follows; those of which nothing does wake nobody. A type that is in no table yet is followed. */
const newEvent = {
  eventName: FilterRule.isEqual('INSERT'),
  dynamodb: {
    Keys: keysOfEvent,
    NewImage: { type: { S: [{ 'anything-but': ['issuance_planned', ...unfollowed] }] } },
  },
}

/** A plan that somebody makes in the place of a dead worker counts. */
const takenOver = {
  eventName: FilterRule.isEqual('INSERT'),
  dynamodb: {
    Keys: keysOfEvent,
    NewImage: {
      type: { S: FilterRule.isEqual('issuance_planned') },
      details: { M: { reclaimed: { BOOL: FilterRule.exists() } } },
    },
  },
}

/** The tend schedule touches jobs that stand still, so that their consequences are carried out again. */
const touchedJob = {
  eventName: FilterRule.isEqual('MODIFY'),
  dynamodb: {
    Keys: { sk: { S: FilterRule.isEqual('JOB') } },
    NewImage: { touched_at: { S: FilterRule.exists() } },
  },
}

const parkedToken = { eventName: FilterRule.or('INSERT', 'MODIFY') }
