import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import * as z from 'zod'
import { faultLogger, logger } from './logger.ts'
import { jsonOf, noteLastDelivery } from './queue.ts'

const notifyMessage = z.strictObject({ chain: z.string().min(1), sequence: z.int().min(1) })

type Work = {
  readonly notify: (place: z.output<typeof notifyMessage>, attempt: number) => Promise<string>
  /** Hides a message for so many seconds. */
  readonly postpone: (receipt_handle: string, seconds: number) => Promise<void>
  /** Seconds until each further delivery. */
  readonly retry_after_seconds: readonly number[]
}

/**
 * The notifier behind its queue. A message with a channel that did not answer
 * comes back later, each time after a longer while; after the last delivery it
 * goes to the dead letters at once. All of a batch at the same time: a receiver
 * that is slow holds nobody up but itself.
 */
export const notifyFunction = ({ notify, postpone, retry_after_seconds }: Work) => {
  const isDone = async (record: SQSRecord): Promise<boolean> => {
    const { body, messageId, receiptHandle, attributes } = record
    try {
      const attempt = Number(attributes.ApproximateReceiveCount)
      const outcome = await notify(notifyMessage.parse(jsonOf(body)), attempt)
      logger.info('notified', { message_id: messageId, attempt, outcome })
      if (outcome !== 'again' && outcome !== 'given_up') return true
      await postpone(receiptHandle, retry_after_seconds[attempt - 1] ?? 0)
    } catch (error) {
      faultLogger(error)
    }
    noteLastDelivery(record)
    return false
  }
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const done = await Promise.all(event.Records.map(isDone))
    const failed = event.Records.filter((_, place) => done[place] === false)
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
  }
}
