import { GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { marshall } from '@aws-sdk/util-dynamodb'
import type { DynamoDBStreamEvent } from 'aws-lambda'
import { afterAll, beforeAll } from 'vitest'
import { items } from '../../lib/aws/table.ts'
import type { Event } from '../../lib/model/event.ts'
import { queueUrl } from './live-jobs.ts'
import { clients } from './stack.ts'

/** What failed is delivered again after a second, for as long as the tests of this file run; as deployed it takes minutes. */
export function quickRedelivery(...queues: readonly string[]): void {
  const before = new Map<string, string>()
  const set = (QueueUrl: string, VisibilityTimeout: string) =>
    clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } }))
  beforeAll(async () => {
    for (const QueueUrl of queues.map(queueUrl)) {
      const ask = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] })
      before.set(QueueUrl, (await clients.sqs.send(ask)).Attributes?.VisibilityTimeout ?? '180')
      await set(QueueUrl, '1')
    }
  })
  afterAll(async () => {
    for (const [url, seconds] of before) await set(url, seconds)
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
