import { Duration } from 'aws-cdk-lib'
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IWidget,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import { deployedIn, type FunctionId } from './access.ts'
import type { Stage } from './config.ts'
import { functionName } from './names.ts'

type OverviewProps = { readonly stage: Stage; readonly alarms: readonly Alarm[] }

/** Searches find a metric whatever the values of its dimensions: profiles and issuers come and go. */
function found(metric: string, dimensions: readonly string[], statistic: string): MathExpression {
  const schema = ['Countersign', ...[...dimensions, 'service'].sort()].join(',')
  return new MathExpression({
    expression: `SEARCH('{${schema}} MetricName="${metric}"', '${statistic}', 300)`,
    label: '',
    usingMetrics: {},
    period: Duration.minutes(5),
  })
}

function graph(title: string, left: readonly (Metric | MathExpression)[]): IWidget {
  return new GraphWidget({ title, left: [...left], width: 8, height: 6 })
}

/** What stands between somebody who waits and their answer. */
const waitedFor: readonly FunctionId[] = [
  'api-read',
  'api-submit',
  'api-decide',
  'relay',
  'worker-kms',
  'status-ocsp',
]

const throttles = new Metric({
  namespace: 'AWS/Lambda',
  metricName: 'Throttles',
  statistic: 'Sum',
  period: Duration.minutes(5),
})

/** One page that tells whether the system is well: alarms first, then the way of a request, then the machinery. */
export class Overview extends Construct {
  constructor(scope: Construct, id: string, { stage, alarms }: OverviewProps) {
    super(scope, id)
    const ofFunctions = (metricName: string, statistic: string, ids = deployedIn(stage)) =>
      ids.map(
        (id) =>
          new Metric({
            namespace: 'AWS/Lambda',
            metricName,
            dimensionsMap: { FunctionName: functionName(stage, id) },
            statistic,
            label: id,
            period: Duration.minutes(5),
          }),
      )
    new Dashboard(this, 'Dashboard', {
      dashboardName: `countersign-${stage.name}`,
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 4 })],
        [
          graph('Decisions', [found('approval_decisions_total', ['outcome', 'profile_id'], 'Sum')]),
          graph('Age of approvals when decided', [
            found('approval_pending_age_seconds', ['profile_id'], 'p90'),
          ]),
          graph('Longest waiting approval', [found('approval_waiting_seconds', [], 'Maximum')]),
        ],
        [
          graph('Issuance', [found('issuance_total', ['issuer_type', 'outcome'], 'Sum')]),
          graph('Time from plan to certificate', [found('issuance_seconds', ['issuer_type'], 'p90')]),
          graph('Dead letters, reclaimed leases, postponed signatures', [
            found('jobs_dead_lettered', [], 'Sum'),
            found('leases_reclaimed', [], 'Sum'),
            found('signatures_postponed', [], 'Sum'),
          ]),
        ],
        [
          graph('Age of lists', [found('crl_age_seconds', ['issuer_id'], 'Maximum')]),
          graph('Entries of lists', [found('crl_entries', ['issuer_id'], 'Maximum')]),
          graph('OCSP', [found('ocsp_requests_total', ['status'], 'Sum')]),
        ],
        [
          graph('Renewals due and left over', [
            found('renewals_due', [], 'Maximum'),
            found('renewals_left', [], 'Maximum'),
          ]),
          graph('Certificates about to end', [found('certificates_expiring', ['urgency'], 'Sum')]),
          graph('Notifications', [found('notifications_total', ['channel', 'outcome'], 'Sum')]),
        ],
        [
          graph('Faults of functions, and rows that cannot be read', [
            ...ofFunctions('Errors', 'Sum'),
            found('rows_unreadable', [], 'Sum'),
          ]),
          graph('Throttled functions, of the whole account', [throttles]),
          graph('Duration of what people wait for', ofFunctions('Duration', 'p90', waitedFor)),
        ],
      ],
    })
  }
}
