import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { withoutNoughts } from '../model/measures.ts'
import { faultLogger, logger } from './logger.ts'
import { measure } from './metrics.ts'
import { jsonOf, noteLastDelivery, statusMessage } from './queue.ts'

type ListState = { readonly issuer_id: string; readonly age_seconds: number; readonly entries: number }

type Work = {
  readonly publish: (issuer_id: string, shards: readonly number[] | null) => Promise<number>
  readonly refresh: () => Promise<unknown>
  readonly states: () => AsyncIterable<ListState>
}

/** What a batch asks of one issuer, in all. */
type Group = { readonly messages: SQSRecord[]; shards: Set<number> | null }

const added = (shards: Group['shards'], more: readonly number[] | null): Group['shards'] =>
  shards === null || more === null ? null : new Set([...shards, ...more])

/** How old the lists are, of each issuer and the oldest of all: an alarm watches that one. */
const measureLists = async (states: AsyncIterable<ListState>): Promise<void> => {
  let oldest = 0
  for await (const { issuer_id, age_seconds, entries } of states) {
    oldest = Math.max(oldest, age_seconds)
    const dimensions = { issuer_id }
    measure([
      { name: 'crl_age_seconds', unit: 'Seconds', value: age_seconds, dimensions },
      ...withoutNoughts([{ name: 'crl_entries', unit: 'Count', value: entries, dimensions }]),
    ])
  }
  measure([{ name: 'crl_age_seconds', unit: 'Seconds', value: oldest, dimensions: { issuer_id: 'all' } }])
}

/**
 * The publisher behind its queue: of all the messages of a batch that are
 * about one issuer, each list is made once. A burst of revocations costs as
 * many signatures as it touches lists, not as there are revocations.
 */
export const statusFunction =
  ({ publish, refresh, states }: Work) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const groups = new Map<string | null, Group>()
    const failed: SQSRecord[] = []
    for (const record of event.Records) {
      const read = statusMessage.safeParse(jsonOf(record.body))
      if (!read.success) {
        faultLogger(read.error)
        failed.push(record)
        continue
      }
      const [about, shards] =
        read.data.type === 'publish' ? [read.data.issuer_id, read.data.shards] : [null, []]
      const group = groups.get(about) ?? { messages: [], shards: new Set<number>() }
      group.messages.push(record)
      group.shards = added(group.shards, shards)
      groups.set(about, group)
    }
    for (const [issuer_id, { messages, shards }] of groups) {
      try {
        const outcome =
          issuer_id === null
            ? await refresh()
            : await publish(issuer_id, shards === null ? null : [...shards])
        if (issuer_id === null) await measureLists(states())
        logger.info('published', { issuer_id, messages: messages.length, outcome })
      } catch (error) {
        faultLogger(error)
        failed.push(...messages)
      }
    }
    failed.forEach(noteLastDelivery)
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
  }
