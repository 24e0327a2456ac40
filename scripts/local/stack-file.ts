import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { issuers, profiles } from './ceremony.ts'
import { region } from './environment.ts'
import type { People } from './seed.ts'
import type { Stack } from './stack.ts'

/** What tests and other programs need to know of a running stack. */
export type StackFile = ReturnType<typeof describeStack>

export function describeStack({ api_url, status_url, emulator_url, outputs }: Stack, people: People) {
  return {
    api_url,
    status_url,
    emulator_url,
    region,
    table: outputs.TableName,
    tokens_table: outputs.TokensTableName,
    state_machine_arn: outputs.StateMachineArn,
    queues: outputs.Queues,
    bucket: outputs.BucketName,
    ca_keys: outputs.CaKeys,
    receipt_keys: outputs.ReceiptKeys,
    environment: outputs.Environment,
    notification_topic: outputs.NotificationTopic,
    issuers: issuers.map(({ id }) => id),
    profiles: profiles.map(({ id }) => id),
    principals: people,
  }
}

/** The keys are in it: for its owner's eyes only. */
export function writeStackFile(path: string, description: StackFile): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(description, null, 2)}\n`, { mode: 0o600 })
  chmodSync(path, 0o600)
}
