import { Rule } from 'aws-cdk-lib/aws-events'
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'

/** What takes a key away, or gives it to somebody else. */
const alarming = ['ScheduleKeyDeletion', 'DisableKey', 'PutKeyPolicy', 'CreateGrant']

type KeyAlarmProps = { readonly stage: Stage; readonly arns: readonly string[] }

/**
 * Tells people of every call that could take a signing key away or open it to
 * others, from CloudTrail by EventBridge: within minutes, while a deletion can
 * still be cancelled.
 */
export class KeyAlarm extends Construct {
  readonly topic: Topic

  constructor(scope: Construct, id: string, { stage, arns }: KeyAlarmProps) {
    super(scope, id)
    this.topic = new Topic(this, 'Topic', {
      displayName: `Countersign ${stage.name}: signing keys`,
      enforceSSL: true,
    })
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
    rule.addTarget(new SnsTopic(this.topic))
  }
}
