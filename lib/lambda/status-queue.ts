import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { faultLogger, logger } from './logger.ts'
import { jsonOf, statusMessage } from './queue.ts'

type Work = {
  readonly publish: (issuer_id: string, shards: readonly number[] | null) => Promise<number>
  readonly refresh: () => Promise<unknown>
}

/** What a batch asks of one issuer, in all. */
type Group = { readonly messages: string[]; shards: Set<number> | null }

const added = (shards: Group['shards'], more: readonly number[] | null): Group['shards'] =>
  shards === null || more === null ? null : new Set([...shards, ...more])

/**
 * The publisher behind its queue: of all the messages of a batch that are
 * about one issuer, each list is made once. A burst of revocations costs as
 * many signatures as it touches lists, not as there are revocations.
 */
export const statusFunction =
  ({ publish, refresh }: Work) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const groups = new Map<string | null, Group>()
    const failed: string[] = []
    for (const { body, messageId } of event.Records) {
      const read = statusMessage.safeParse(jsonOf(body))
      if (!read.success) {
        faultLogger(read.error)
        failed.push(messageId)
        continue
      }
      const [about, shards] =
        read.data.type === 'publish' ? [read.data.issuer_id, read.data.shards] : [null, []]
      const group = groups.get(about) ?? { messages: [], shards: new Set<number>() }
      group.messages.push(messageId)
      group.shards = added(group.shards, shards)
      groups.set(about, group)
    }
    for (const [issuer_id, { messages, shards }] of groups) {
      try {
        const outcome =
          issuer_id === null
            ? await refresh()
            : await publish(issuer_id, shards === null ? null : [...shards])
        logger.info('published', { issuer_id, messages: messages.length, outcome })
      } catch (error) {
        faultLogger(error)
        failed.push(...messages)
      }
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }
  }
