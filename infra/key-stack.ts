import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { AlarmTopic } from './alarm-topic.ts'
import type { Stage } from './config.ts'
import { caKeysIn } from './data-stack.ts'
import { KeyAlarm } from './key-alarm.ts'

/**
 * CA keys in an account of their own, for a stage that runs in another one:
 * who operates the functions then cannot change who signs with them.
 */
export class KeyStack extends Stack {
  readonly caKeys: Readonly<Record<string, string>>

  constructor(scope: Construct, stage: Stage, service_account: string) {
    super(scope, `countersign-${stage.name}-keys`, { terminationProtection: stage.production })
    this.caKeys = caKeysIn(this, stage, { used_by: service_account })
    const topic = new AlarmTopic(this, 'Alarms', stage)
    new KeyAlarm(this, 'KeyAlarm', { topic, arns: Object.values(this.caKeys) })
    new CfnOutput(this, 'AlarmTopic', { value: topic.topicArn })
    new CfnOutput(this, 'CaKeys', { value: this.toJsonString(this.caKeys) })
  }
}
