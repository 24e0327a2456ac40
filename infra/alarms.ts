import { Duration } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'
import { indexes } from './grants.ts'

/** What goes off when. `section` is the heading of docs/operator/runbook.md that says what to do then. */
export type AlarmRow = {
  readonly id: string
  readonly says: string
  readonly section: string
  readonly metric: IMetric
  /** Goes off above this, or below it where `below`. */
  readonly threshold: number
  readonly below?: boolean
  readonly periods?: number
  /** In how many of the periods, where not in each. */
  readonly in_periods?: number
  /** Where no figure is bad news too. */
  readonly silence_is_bad?: boolean
}

const ours = (name: string, period: Duration, statistic: string, dimensions: Record<string, string> = {}) =>
  new Metric({
    namespace: 'Countersign',
    metricName: name,
    dimensionsMap: { service: 'countersign', ...dimensions },
    statistic,
    period,
  })

const aws = (namespace: string, name: string, dimensionsMap: Record<string, string>) =>
  new Metric({ namespace, metricName: name, dimensionsMap, statistic: 'Sum', period: Duration.minutes(5) })

/** What the alarms look at that has a name of its own in each deployment. */
export type Watched = {
  readonly stage: Pick<Stage, 'pca_authorities' | 'crl_push' | 'table'>
  readonly table_name: string
  readonly api_id: string
  readonly state_machine_arn: string
  readonly tend_name: string
  readonly renew_name: string
  /** Queues of dead letters, by what their messages were for. */
  readonly dead_letters: Readonly<Record<string, IMetric>>
}

/** A table that is paid for by the hour turns away what is more, and so does each index for the whole table. */
const ofCapacity = (TableName: string): readonly AlarmRow[] => [
  {
    id: 'table-read-throttles',
    says: 'DynamoDB turns reads away',
    section: 'Throttles',
    metric: aws('AWS/DynamoDB', 'ReadThrottleEvents', { TableName }),
    threshold: 10,
  },
  ...indexes.map((index) => ({
    id: `${index}-throttles`,
    says: `DynamoDB turns writes away for its index ${index}`,
    section: 'Throttles',
    metric: aws('AWS/DynamoDB', 'WriteThrottleEvents', { TableName, GlobalSecondaryIndexName: index }),
    threshold: 10,
  })),
]

/** What can happen only in a stage with authorities of AWS Private CA. */
const ofAuthorities: AlarmRow = {
  id: 'quarantined',
  says: 'AWS Private CA made another certificate than was approved, or one that may be there and nobody has',
  section: 'A certificate is quarantined',
  metric: ours('certificates_quarantined', Duration.minutes(5), 'Sum', { issuer_id: 'all' }),
  threshold: 0,
}

/** What can happen only in a stage that gives its lists to others. */
const ofPushedLists: AlarmRow = {
  id: 'crl-push-refused',
  says: 'An AWS service does not take the CRL that it is to be given, and goes on with an older one',
  section: 'A list is not taken',
  metric: ours('crl_pushes_total', Duration.minutes(15), 'Sum', { outcome: 'refused' }),
  threshold: 0,
}

/** Every alarm of a deployment that looks at a figure. Those about signing keys are in key-alarm.ts. */
export const alarmRows = (watched: Watched): readonly AlarmRow[] => [
  ...(Object.keys(watched.stage.pca_authorities).length > 0 ? [ofAuthorities] : []),
  ...(watched.stage.crl_push.length > 0 ? [ofPushedLists] : []),
  ...(watched.stage.table.capacity === 'provisioned' ? ofCapacity(watched.table_name) : []),
  ...Object.entries(watched.dead_letters).map(
    ([name, metric]): AlarmRow => ({
      id: `dead-letters-${name}`,
      says: `Messages for ${name} failed five times and wait for a person`,
      section: 'Dead letters',
      metric,
      threshold: 0,
    }),
  ),
  {
    id: 'approval-age',
    says: 'An approval has waited for three days',
    section: 'An approval waits',
    metric: ours('approval_waiting_seconds', Duration.minutes(15), 'Maximum'),
    threshold: Duration.days(3).toSeconds(),
  },
  {
    id: 'crl-age',
    says: 'A revocation list is 18 hours old and ends within six',
    section: 'A list is too old',
    metric: ours('crl_age_seconds', Duration.hours(1), 'Maximum', { issuer_id: 'all' }),
    // Lists are good for a day and made anew by the middle of it.
    threshold: Duration.hours(18).toSeconds(),
    silence_is_bad: true,
  },
  {
    id: 'ocsp-faults',
    says: 'OCSP is answered with internalError or tryLater',
    section: 'OCSP fails',
    metric: ours('ocsp_requests_total', Duration.minutes(5), 'Sum', { status: 'fault' }),
    threshold: 5,
  },
  {
    id: 'key-use',
    says: 'A CA key was used, or tried, and nothing on record accounts for it',
    section: 'A key was used without a reason',
    metric: ours('key_uses_unmatched', Duration.minutes(5), 'Sum'),
    threshold: 0,
  },
  {
    id: 'signatures-postponed',
    says: 'Jobs wait for a CA key that cannot be used',
    section: 'A CA key is away',
    metric: ours('signatures_postponed', Duration.minutes(15), 'Sum'),
    threshold: 0,
    // A burst that KMS throttles is over within one; a job that waits looks again at least each half hour.
    periods: 4,
    in_periods: 2,
  },
  {
    id: 'stale-leases',
    says: 'Workers die with jobs in their hands',
    section: 'Stale leases',
    metric: ours('leases_reclaimed', Duration.minutes(15), 'Sum'),
    threshold: 5,
  },
  {
    id: 'renewal-backlog',
    says: 'A certificate that was due an hour ago has not been looked after',
    section: 'Renewals fall behind',
    metric: ours('renewals_backlog_seconds', Duration.minutes(15), 'Maximum'),
    threshold: Duration.hours(1).toSeconds(),
  },
  ...['critical', 'emergency'].map(
    (urgency): AlarmRow => ({
      id: `certificate-expiring-${urgency}`,
      says:
        urgency === 'emergency'
          ? 'A certificate ended while its renewal waited for an approval'
          : 'A certificate is about to end, or has ended, and has not been renewed',
      section: 'A certificate ends',
      metric: ours('certificates_expiring', Duration.minutes(5), 'Sum', { urgency }),
      threshold: 0,
    }),
  ),
  {
    id: 'renew-silent',
    says: 'Nobody looks after renewals',
    section: 'The clock stands still',
    metric: aws('AWS/Lambda', 'Invocations', { FunctionName: watched.renew_name }),
    threshold: 1,
    below: true,
    periods: 3,
    silence_is_bad: true,
  },
  {
    id: 'tend-silent',
    says: 'Nobody looks after deadlines, leases and lost messages',
    section: 'The clock stands still',
    metric: aws('AWS/Lambda', 'Invocations', { FunctionName: watched.tend_name }),
    threshold: 1,
    below: true,
    periods: 3,
    silence_is_bad: true,
  },
  {
    id: 'function-throttles',
    says: 'Lambda turns invocations away in this account and region',
    section: 'Throttles',
    metric: new Metric({
      namespace: 'AWS/Lambda',
      metricName: 'Throttles',
      statistic: 'Sum',
      period: Duration.minutes(5),
    }),
    threshold: 10,
  },
  {
    id: 'table-throttles',
    says: 'DynamoDB turns writes away',
    section: 'Throttles',
    metric: aws('AWS/DynamoDB', 'WriteThrottleEvents', { TableName: watched.table_name }),
    threshold: 10,
  },
  {
    id: 'api-faults',
    says: 'The API answers with 5xx',
    section: 'The API fails',
    metric: aws('AWS/ApiGateway', '5xx', { ApiId: watched.api_id }),
    threshold: 5,
  },
  {
    id: 'rows-unreadable',
    says: 'Rows of the table cannot be read, and are missing from lists',
    section: 'Rows cannot be read',
    metric: ours('rows_unreadable', Duration.minutes(15), 'Sum'),
    threshold: 0,
  },
  {
    id: 'workflow-failures',
    says: 'Executions of the approval workflow fail',
    section: 'The workflow fails',
    metric: aws('AWS/States', 'ExecutionsFailed', { StateMachineArn: watched.state_machine_arn }),
    threshold: 0,
  },
]

type AlarmsProps = { readonly stage: Stage; readonly topic: ITopic; readonly rows: readonly AlarmRow[] }

/** Each tells people what is wrong, and where it is written what to do about it. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[]

  constructor(scope: Construct, id: string, { stage, topic, rows }: AlarmsProps) {
    super(scope, id)
    this.all = rows.map((row) => this.alarm(row, { stage, topic }))
  }

  private alarm(row: AlarmRow, { stage, topic }: Pick<AlarmsProps, 'stage' | 'topic'>): Alarm {
    const alarm = new Alarm(this, row.id, {
      alarmName: `countersign-${stage.name}-${row.id}`,
      alarmDescription: `${row.says}. What to do: docs/operator/runbook.md#${anchorOf(row.section)}`,
      metric: row.metric,
      threshold: row.threshold,
      comparisonOperator: row.below
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: row.periods ?? 1,
      datapointsToAlarm: row.in_periods ?? row.periods ?? 1,
      treatMissingData: row.silence_is_bad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    })
    alarm.addAlarmAction(new SnsAction(topic))
    alarm.addOkAction(new SnsAction(topic))
    return alarm
  }
}

/** A heading as Markdown links to it. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
