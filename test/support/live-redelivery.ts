import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { marshall } from '@aws-sdk/util-dynamodb'
import type { DynamoDBStreamEvent } from 'aws-lambda'
import { afterAll, beforeAll } from 'vitest'
import { items, keys } from '../../lib/aws/table.ts'
import type { Event } from '../../lib/model/event.ts'
import { invoke } from './live-functions.ts'
import { queueUrl } from './live-jobs.ts'
import { clients, stack } from './stack.ts'

/** What failed is delivered again after a second, for as long as the tests of this file run; as deployed it takes minutes. */
export const quickRedelivery = (...queues: readonly string[]): void => redeliveryAfter(1, ...queues)

/** What failed, or is not done yet, is delivered again after so many seconds. */
export function redeliveryAfter(seconds: number, ...queues: readonly string[]): void {
  const before = new Map<string, string>()
  const set = (QueueUrl: string, VisibilityTimeout: string) =>
    clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } }))
  beforeAll(async () => {
    for (const QueueUrl of queues.map(queueUrl)) {
      const ask = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] })
      before.set(QueueUrl, (await clients.sqs.send(ask)).Attributes?.VisibilityTimeout ?? '180')
      await set(QueueUrl, String(seconds))
    }
  })
  afterAll(async () => {
    for (const [url, visibility] of before) await set(url, visibility)
  })
}

/** A chain of events as a stream would deliver it once more. */
export const relayedAgain = (events: readonly Event[]): DynamoDBStreamEvent => ({
  Records: events.map((event, place) => {
    const item = items.event(`JOB#${event.chain}`, event)
    return {
      eventID: String(place),
      eventName: 'INSERT',
      eventSource: 'aws:dynamodb',
      dynamodb: {
        SequenceNumber: String(place),
        Keys: marshall({ pk: item.pk, sk: item.sk }) as Record<string, { S: string }>,
        NewImage: marshall(item, { removeUndefinedValues: true }) as Record<string, { S: string }>,
      },
    }
  }),
})

/** As if the lease of a job, or the patience with it, had run out: the next sweep finds it. */
export async function timePasses(job_id: string, table = stack.table): Promise<void> {
  const past = new Date(Date.now() - 1000).toISOString()
  const row = { TableName: table, Key: marshall(keys.job(job_id)) }
  const { Item } = await clients.dynamodb.send(new GetItemCommand({ ...row, ConsistentRead: true }))
  const leased = Item?.lease?.M !== undefined
  await clients.dynamodb.send(
    new UpdateItemCommand({
      ...row,
      UpdateExpression: `SET gsi5sk = :due${leased ? ', lease.#u = :past' : ''}`,
      ExpressionAttributeValues: {
        ':due': { S: `${past}#${job_id}` },
        ...(leased ? { ':past': { S: past } } : {}),
      },
      ...(leased ? { ExpressionAttributeNames: { '#u': 'until' } } : {}),
    }),
  )
  await invoke('schedule-tend')
}

/** How many messages wait on a queue. */
export async function messagesOn(name: string): Promise<number> {
  const ask = new GetQueueAttributesCommand({
    QueueUrl: queueUrl(name),
    AttributeNames: ['ApproximateNumberOfMessages'],
  })
  return Number((await clients.sqs.send(ask)).Attributes?.ApproximateNumberOfMessages)
}
