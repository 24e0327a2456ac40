import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import * as z from 'zod'
import { deliveries } from '../model/queue.ts'
import { shardNumber } from '../model/shards.ts'
import { faultLogger, logger } from './logger.ts'
import { measure } from './metrics.ts'

/** Null-safe JSON: what is no JSON is undefined, which no schema takes. */
export const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/**
 * Counts a message that failed for the last time. One whose function was ended
 * in mid-flight is not counted here; the alarm is on the queue of dead letters itself.
 */
export const noteLastDelivery = ({ attributes }: SQSRecord): void => {
  if (Number(attributes.ApproximateReceiveCount) < deliveries) return
  measure([{ name: 'jobs_dead_lettered', unit: 'Count', value: 1, dimensions: {} }])
}

/**
 * A worker behind an SQS queue: each message on its own, so that one that
 * fails is delivered again without its neighbours. A message that cannot be
 * read fails too, until it is dead-lettered for a person to see.
 */
export const queueFunction =
  <T extends z.ZodType>(message: T, work: (read: z.output<T>) => Promise<unknown>) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const failed: string[] = []
    for (const record of event.Records) {
      try {
        const outcome = await work(message.parse(jsonOf(record.body)))
        logger.info('worked', { message_id: record.messageId, outcome })
      } catch (error) {
        faultLogger(error)
        failed.push(record.messageId)
        noteLastDelivery(record)
      }
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }

export const jobMessage = z.strictObject({ job_id: z.string() })

export const statusMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('publish'),
    issuer_id: z.string(),
    shards: z.array(shardNumber).nullable(),
  }),
  z.strictObject({ type: z.literal('refresh') }),
])
