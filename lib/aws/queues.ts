import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { QueueName } from '../model/queue.ts'
import type { Queues } from '../ports/workflow.ts'

export type QueueUrls = Readonly<Record<QueueName | 'status' | 'notify', string>>

export const queues = (urls: QueueUrls, client = new SQSClient({})): Queues => {
  const send = async (QueueUrl: string, message: Readonly<Record<string, unknown>>): Promise<void> => {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(message) }))
  }
  return {
    dispatch: (queue, job_id) => send(urls[queue], { job_id }),
    publishStatus: (issuer_id, shards) => send(urls.status, { type: 'publish', issuer_id, shards }),
    notify: ({ chain, sequence }) => send(urls.notify, { chain, sequence }),
  }
}
