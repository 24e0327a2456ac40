import { Duration } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'

/** Lists are good for a day and made anew by the middle of it. A quarter of a day is left when this goes off. */
const tooOld = Duration.hours(18)

/**
 * Goes off while the oldest list still holds: nobody renews it, or nobody
 * looks any more. `issuer_id=all` is the oldest of all issuers.
 */
export class ListAlarm extends Construct {
  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id)
    new Alarm(this, 'Age', {
      alarmName: `countersign-${stage.name}-crl-age`,
      alarmDescription:
        'A revocation list is 18 hours old and ends within six. See docs/operator/revocation.md, "A list is too old".',
      metric: new Metric({
        namespace: 'Countersign',
        metricName: 'crl_age_seconds',
        dimensionsMap: { service: 'countersign', issuer_id: 'all' },
        statistic: 'Maximum',
        period: Duration.hours(1),
      }),
      threshold: tooOld.toSeconds(),
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.BREACHING,
    })
  }
}
