import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import type { QueueName } from '../model/queue.ts'
import type { Queues } from '../ports.ts'

export type QueueUrls = Readonly<Record<QueueName | 'status' | 'notify', string>>

/** Puts a job back on its queue, to be delivered after so many seconds. */
export const again =
  (QueueUrl: string, client = new SQSClient({})) =>
  async (job_id: string, seconds: number): Promise<void> => {
    const MessageBody = JSON.stringify({ job_id })
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds: seconds }))
  }

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
