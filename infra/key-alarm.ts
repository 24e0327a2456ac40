import { Rule } from 'aws-cdk-lib/aws-events'
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'

/** What takes a key away, or gives it to somebody else. */
const alarming = ['ScheduleKeyDeletion', 'DisableKey', 'PutKeyPolicy', 'CreateGrant']

type KeyAlarmProps = { readonly topic: ITopic; readonly arns: readonly string[] }

/**
 * Tells people of every call that could take a signing key away or open it to
 * others, from CloudTrail by EventBridge: within minutes, while a deletion can
 * still be cancelled.
 */
export class KeyAlarm extends Construct {
  constructor(scope: Construct, id: string, { topic, arns }: KeyAlarmProps) {
    super(scope, id)
    const rule = new Rule(this, 'Rule', {
      description: 'Somebody disables, deletes or opens up a signing key',
      eventPattern: {
        source: ['aws.kms'],
        detailType: ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['kms.amazonaws.com'],
          eventName: alarming,
          resources: { ARN: [...arns] },
        },
      },
    })
    rule.addTarget(new SnsTopic(topic))
  }
}
