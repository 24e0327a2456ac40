import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { faultLogger, logger } from './logger.ts'
import { jsonOf, statusMessage } from './queue.ts'

type Work = {
  readonly publish: (issuer_id: string) => Promise<void>
  readonly refresh: () => Promise<number>
}

/**
 * The publisher behind its queue: of all the messages of a batch that are
 * about one issuer, one list is made. A burst of revocations costs as many
 * signatures as there are batches, not as there are revocations.
 */
export const statusFunction =
  ({ publish, refresh }: Work) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const groups = new Map<string | null, string[]>()
    const failed: string[] = []
    for (const { body, messageId } of event.Records) {
      const read = statusMessage.safeParse(jsonOf(body))
      if (!read.success) {
        faultLogger(read.error)
        failed.push(messageId)
        continue
      }
      const about = read.data.type === 'publish' ? read.data.issuer_id : null
      groups.set(about, [...(groups.get(about) ?? []), messageId])
    }
    for (const [issuer_id, messages] of groups) {
      try {
        if (issuer_id === null) await refresh()
        else await publish(issuer_id)
        logger.info('published', { issuer_id, messages: messages.length })
      } catch (error) {
        faultLogger(error)
        failed.push(...messages)
      }
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }
