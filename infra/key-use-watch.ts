import { Duration } from 'aws-cdk-lib'
import { CfnRule } from 'aws-cdk-lib/aws-events'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'

type KeyUseWatchProps = { readonly watcher: LambdaFunction; readonly arns: readonly string[] }

/**
 * Every `kms:Sign` with a CA key, from CloudTrail to the function that holds it
 * against the record. Signing counts as reading to CloudTrail, and rules hear of
 * that only in a state of its own, which the higher constructs do not know.
 */
export class KeyUseWatch extends Construct {
  readonly deadLetters: Queue

  constructor(scope: Construct, id: string, { watcher, arns }: KeyUseWatchProps) {
    super(scope, id)
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    })
    const rule = new CfnRule(this, 'Rule', {
      description: 'Each use of a CA key',
      state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      eventPattern: {
        source: ['aws.kms'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['kms.amazonaws.com'],
          eventName: ['Sign'],
          resources: { ARN: [...arns] },
        },
      },
      targets: [
        {
          id: 'Watcher',
          arn: watcher.functionArn,
          deadLetterConfig: { arn: this.deadLetters.queueArn },
          retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
        },
      ],
    })
    const events = new ServicePrincipal('events.amazonaws.com')
    watcher.addPermission('EventBridge', { principal: events, sourceArn: rule.attrArn })
    this.deadLetters.addToResourcePolicy(
      new PolicyStatement({
        principals: [events],
        actions: ['sqs:SendMessage'],
        resources: [this.deadLetters.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': rule.attrArn } },
      }),
    )
  }
}
