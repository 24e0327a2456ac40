import { ofType, synthesize } from '../../test/support/stack-templates.ts'
import type { Usage } from './prices.ts'

/** What a production stage has that costs by the month, counted in its templates. */
export function deployed() {
  const { resources } = synthesize('prod')
  const count = (type: string): number => ofType(resources, type).length
  const polled = ofType(resources, 'AWS::Lambda::EventSourceMapping').filter(
    ({ EventSourceArn, Enabled }) => EventSourceArn?.['Fn::GetAtt']?.[1] === 'Arn' && Enabled !== false,
  )
  const fixed: Usage = {
    key_months: count('AWS::KMS::Key'),
    alarm_months: count('AWS::CloudWatch::Alarm'),
    dashboard_months: count('AWS::CloudWatch::Dashboard'),
  }
  return { fixed, polled_queues: polled.length }
}
