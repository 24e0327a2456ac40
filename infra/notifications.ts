import { Stack } from 'aws-cdk-lib'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'
import type { Stage } from './config.ts'

/** Where people are told: a topic that anybody with a reason may subscribe to, and webhooks by the names of their secrets. */
export class Notifications extends Construct {
  readonly topic: Topic
  /** The secrets that the stage's webhooks name, and no others. */
  readonly secretArns: readonly string[]
  private readonly stage: Stage

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id)
    this.stage = stage
    this.topic = new Topic(this, 'Topic', {
      displayName: `Countersign ${stage.name}`,
      enforceSSL: true,
    })
    for (const address of stage.notifications.emails)
      this.topic.addSubscription(new EmailSubscription(address))
    const names = stage.notifications.webhooks.map(({ secret }) => secret)
    this.secretArns = (names.length > 0 ? names : ['none-is-declared']).map((name) => this.arnOf(name))
  }

  /** What the function that tells people knows, as `NOTIFICATIONS` has it. */
  settings(api_url: string): string {
    const { emails, webhooks, retry_after_seconds, loopback } = this.stage.notifications
    return Stack.of(this).toJsonString({
      topic_arn: this.topic.topicArn,
      emails: emails.length > 0,
      webhooks,
      url: this.stage.console_url ?? api_url,
      retry_after_seconds,
      loopback,
    })
  }

  /** Secrets Manager ends the ARN of a secret with a hyphen and six characters of its own. */
  private arnOf(name: string): string {
    const { partition, region, account } = Stack.of(this)
    return `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-??????`
  }
}
