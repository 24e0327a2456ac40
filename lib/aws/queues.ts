import type { QueueName } from '../model/queue.ts'
import type { Queues } from '../ports/workflow.ts'
import { type AwsAccess, jsonCall } from './aws-call.ts'

export type QueueUrls = Readonly<Record<QueueName | 'status' | 'notify', string>>

export const queues = (urls: QueueUrls, access: AwsAccess): Queues => {
  const call = jsonCall('sqs', access)
  const send = async (QueueUrl: string, message: Readonly<Record<string, unknown>>): Promise<void> => {
    await call('SendMessage', { QueueUrl, MessageBody: JSON.stringify(message) })
  }
  return {
    dispatch: (queue, job_id) => send(urls[queue], { job_id }),
    publishStatus: (issuer_id, shards) => send(urls.status, { type: 'publish', issuer_id, shards }),
    notify: ({ chain, sequence }) => send(urls.notify, { chain, sequence }),
  }
}
