import type { AttributeValue, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda'
import * as z from 'zod'
import { consequences, consequencesOfWaiting, type Effect } from '../model/consequences.ts'
import { type Event, event } from '../model/event.ts'
import { job } from '../model/job.ts'
import { type Measure, measuresOf } from '../model/measures.ts'
import { faultLogger, logger } from './logger.ts'
import { measure } from './metrics.ts'

/** What a stream record is about, read from its new image. */
export type Followed =
  | { readonly kind: 'effects'; readonly effects: readonly Effect[]; readonly measures: readonly Measure[] }
  | { readonly kind: 'parked_token'; readonly approval_id: string }
  | { readonly kind: 'nothing' }

export type ItemOf = (image: Readonly<Record<string, AttributeValue>>) => unknown

const keyed = z.looseObject({ pk: z.string(), sk: z.string().optional(), touched_at: z.string().optional() })

const without = (row: Record<string, unknown>): unknown =>
  Object.fromEntries(
    Object.entries(row).filter(([name]) => !/^(pk|sk|ttl|touched_at|gsi\d[ps]k)$/.test(name)),
  )

const eventFollowed = (happened: Event): Followed => ({
  kind: 'effects',
  effects: consequences(happened),
  measures: measuresOf(happened),
})

/** Which of our two tables' records this is, and what follows from it. */
export const followed = (record: DynamoDBRecord, itemOf: ItemOf): Followed => {
  const image = record.dynamodb?.NewImage
  if (image === undefined) return { kind: 'nothing' }
  const row = keyed.parse(itemOf(image))
  if (row.sk === undefined) return { kind: 'parked_token', approval_id: row.pk }
  if (record.eventName === 'INSERT' && row.sk.startsWith('EVENT#'))
    return eventFollowed(event.parse(without(row)))
  if (record.eventName === 'MODIFY' && row.sk === 'JOB' && row.touched_at !== undefined)
    return { kind: 'effects', effects: consequencesOfWaiting(job.parse(without(row))), measures: [] }
  return { kind: 'nothing' }
}

type Follow = {
  readonly itemOf: ItemOf
  readonly effect: (effect: Effect) => Promise<void>
  readonly parkedToken: (approval_id: string) => Promise<void>
}

/**
 * The relay behind the tables' streams. Records come in order; at the first
 * that fails the rest of the batch is delivered again from there, and every
 * effect may be carried out twice without harm.
 */
export const streamFunction =
  (follow: Follow) =>
  async (stream: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    for (const record of stream.Records) {
      const itemIdentifier = record.dynamodb?.SequenceNumber ?? ''
      try {
        const what = followed(record, follow.itemOf)
        if (what.kind === 'parked_token') await follow.parkedToken(what.approval_id)
        if (what.kind === 'effects') for (const effect of what.effects) await follow.effect(effect)
        if (what.kind === 'effects') measure(what.measures)
        if (what.kind === 'effects' && what.effects.length > 0)
          logger.info('followed', { effects: what.effects })
      } catch (error) {
        faultLogger(error)
        return { batchItemFailures: [{ itemIdentifier }] }
      }
    }
    return { batchItemFailures: [] }
  }
