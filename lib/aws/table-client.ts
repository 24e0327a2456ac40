import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import * as z from 'zod'
import type { Committed } from '../ports/page.ts'
import { attributes } from './attributes.ts'
import { type AwsAccess, type JsonCall, jsonCall } from './aws-call.ts'
import type { IndexName } from './lists.ts'
import { isCalled } from './passing.ts'
import type { Item, Key } from './table.ts'
import type { Condition, TableWrite } from './table-writes.ts'

export type Row = Readonly<Record<string, unknown>>

export type IndexQuery = {
  readonly index: IndexName
  readonly pk: string
  /** Exclusive. */
  readonly after: string | null
  /** Exclusive; null for no bound. */
  readonly before: string | null
  readonly limit: number
}

/** The few ways in which we use a table, one call each unless said otherwise. */
export type TableClient = {
  readonly get: (key: Key) => Promise<Row | null>
  /** Strongly consistent, in one call, or more where the table is short of capacity; the rows come in the order of the keys. */
  readonly getAll: (keys: readonly Key[]) => Promise<readonly (Row | null)[]>
  /** A whole partition, or what of it begins so, from a sort key on: strongly consistent, ascending, a call per megabyte. */
  readonly partition: (pk: string, begins?: string, from?: string) => AsyncIterable<Row>
  /** The last row of a partition whose sort key begins so. */
  readonly last: (pk: string, begins: string) => Promise<Row | null>
  /** Eventually consistent; keys alone, in the table and in the index, but for the index of whole rows. */
  readonly index: (query: IndexQuery) => Promise<readonly Row[]>
  /** All or nothing; a single put goes without a transaction. */
  readonly transact: (writes: readonly TableWrite[]) => Promise<Committed>
  /** Sets attributes without a new version; nothing happens where `version` is not the one stored. */
  readonly set: (key: Key, values: Readonly<Record<string, string>>, version: number) => Promise<void>
}

const expressionOf = (condition: Condition) =>
  condition === 'absent'
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : {
        ConditionExpression: '#a = :v',
        ExpressionAttributeNames: { '#a': condition.attribute },
        ExpressionAttributeValues: marshall({ ':v': condition.equals }),
      }

const bounds = ({ index, pk, after, before }: IndexQuery) => {
  const names = { '#p': `${index}pk`, '#s': `${index}sk` }
  // A range of its own bounds: BETWEEN is inclusive, and the cursor row is dropped by its caller.
  if (after !== null && before !== null)
    return {
      KeyConditionExpression: '#p = :p AND #s BETWEEN :a AND :b',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: marshall({ ':p': pk, ':a': after, ':b': before }),
    }
  if (after !== null || before !== null)
    return {
      KeyConditionExpression: `#p = :p AND #s ${after === null ? '<' : '>'} :a`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: marshall({ ':p': pk, ':a': after ?? before }),
    }
  return {
    KeyConditionExpression: '#p = :p',
    ExpressionAttributeNames: { '#p': names['#p'] },
    ExpressionAttributeValues: marshall({ ':p': pk }),
  }
}

const within = (pk: string, begins: string, from: string) => {
  if (begins === '')
    return { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: marshall({ ':p': pk }) }
  if (from === begins)
    return {
      KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)',
      ExpressionAttributeValues: marshall({ ':p': pk, ':s': begins }),
    }
  return {
    KeyConditionExpression: 'pk = :p AND sk BETWEEN :f AND :l',
    ExpressionAttributeValues: marshall({ ':p': pk, ':f': from, ':l': `${begins}\uffff` }),
  }
}

/** How often a transaction that merely met another one is tried again, or what a batch left out asked for. */
const most = 4

const putOf = (name: string, { put, condition }: Extract<TableWrite, { put: Item }>) => ({
  TableName: name,
  Item: marshall(put),
  ...(condition === 'any' ? {} : expressionOf(condition)),
})

/** One put needs no transaction, and takes half the units without. */
const senderOf = (name: string, writes: readonly TableWrite[]) => {
  const [only, ...others] = writes
  if (only !== undefined && others.length === 0 && 'put' in only) {
    const single = putOf(name, only)
    return (call: JsonCall) => call('PutItem', single)
  }
  const TransactItems = writes.map((write) =>
    'put' in write
      ? { Put: putOf(name, write) }
      : {
          ConditionCheck: {
            TableName: name,
            Key: marshall(write.check),
            ...expressionOf(write.condition),
          },
        },
  )
  // Whoever asks again because the answer was lost gets that answer, and no second transaction.
  return (call: JsonCall) => call('TransactWriteItems', { TransactItems, ClientRequestToken: randomUUID() })
}

const cancelled = z.object({
  said: z.object({ CancellationReasons: z.array(z.object({ Code: z.string() })) }),
})

/** Why a transaction was cancelled, write by write; null where it was not. */
const reasonsOf = (error: unknown): readonly string[] | null => {
  if (!isCalled(error, 'TransactionCanceledException')) return null
  const read = cancelled.safeParse(error)
  return read.success ? read.data.said.CancellationReasons.map(({ Code }) => Code) : []
}

/** Why DynamoDB cancels a transaction that may go through a moment later. */
const passing: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
])

/** Another transaction held one of the items, or there was no capacity for it: that says nothing yet about our conditions. */
const isContended = (error: unknown): boolean => {
  if (isCalled(error, 'TransactionConflictException')) return true
  const reasons = reasonsOf(error)
  if (reasons === null) return false
  return reasons.some((reason) => passing.has(reason)) && !reasons.includes('ConditionalCheckFailed')
}

/** What a put that is in no transaction fails with. */
const isOnItsOwn = (error: unknown): boolean =>
  isCalled(error, 'ConditionalCheckFailedException') || isCalled(error, 'TransactionConflictException')

/** What a failed condition, or the cancellation of a transaction, means to whoever asked for it. */
const committedOf = (error: unknown, writes: readonly TableWrite[]): Committed => {
  const [first] = writes
  if (isOnItsOwn(error) && first !== undefined) return { conflict: first.of }
  const reasons = reasonsOf(error)
  if (reasons === null) throw error
  const failed = reasons.indexOf('ConditionalCheckFailed')
  const write = writes[failed === -1 ? reasons.indexOf('TransactionConflict') : failed]
  if (write === undefined) throw error
  return { conflict: write.of }
}

const one = z.object({ Item: attributes.optional() })
const page = z.object({ Items: z.array(attributes), LastEvaluatedKey: attributes.optional() })
const batch = z.object({
  Responses: z.record(z.string(), z.array(attributes)),
  UnprocessedKeys: z.record(z.string(), z.object({ Keys: z.array(attributes) })).optional(),
})

type Stored = z.infer<typeof attributes>

export const tableClient = (name: string, access: AwsAccess): TableClient => {
  const call = jsonCall('dynamodb', access)

  /** One page of a query, in which `more` says where it begins and how it is read. */
  const query = async (more: object): Promise<{ readonly rows: readonly Row[]; readonly next?: Stored }> => {
    const { Items, LastEvaluatedKey } = page.parse(await call('Query', { TableName: name, ...more }))
    const rows = Items.map((item) => unmarshall(item))
    return LastEvaluatedKey === undefined ? { rows } : { rows, next: LastEvaluatedKey }
  }

  return {
    get: async (key) => {
      const asked = { TableName: name, Key: marshall(key), ConsistentRead: true }
      const { Item } = one.parse(await call('GetItem', asked))
      return Item === undefined ? null : unmarshall(Item)
    },
    getAll: async (keys) => {
      const rows: Row[] = []
      let wanted: readonly Stored[] = keys.map(({ pk, sk }) => marshall({ pk, sk }))
      for (let round = 0; wanted.length > 0; round += 1) {
        if (round > most) throw new Error('the table did not answer for every key')
        if (round > 0) await pause(25 * 2 ** round * (0.5 + Math.random()))
        const asked = { RequestItems: { [name]: { Keys: wanted, ConsistentRead: true } } }
        const { Responses, UnprocessedKeys } = batch.parse(await call('BatchGetItem', asked))
        rows.push(...(Responses[name] ?? []).map((item) => unmarshall(item)))
        // What the table had no capacity for at this moment.
        wanted = UnprocessedKeys?.[name]?.Keys ?? []
      }
      return keys.map(({ pk, sk }) => rows.find((row) => row.pk === pk && row.sk === sk) ?? null)
    },
    partition: async function* (pk, begins = '', from = begins) {
      let start: Stored | undefined
      do {
        const { rows, next } = await query({
          ConsistentRead: true,
          ...within(pk, begins, from),
          ExclusiveStartKey: start,
        })
        yield* rows
        start = next
      } while (start !== undefined)
    },
    last: async (pk, begins) => {
      const backwards = { ScanIndexForward: false, Limit: 1 }
      const { rows } = await query({ ConsistentRead: true, ...within(pk, begins, begins), ...backwards })
      return rows[0] ?? null
    },
    index: async (asked) => {
      const order = `${asked.index}sk`
      const found: Row[] = []
      let start: Stored | undefined
      // A page ends at a megabyte, too: fewer rows than asked for are not the end of the list.
      do {
        const { rows, next } = await query({
          IndexName: asked.index,
          ...bounds(asked),
          Limit: asked.limit - found.length + (asked.after === null ? 0 : 1),
          ExclusiveStartKey: start,
        })
        found.push(...rows.filter((row) => row[order] !== asked.after && row[order] !== asked.before))
        start = next
      } while (start !== undefined && found.length < asked.limit)
      return found.slice(0, asked.limit)
    },
    transact: async (writes) => {
      const send = senderOf(name, writes)
      for (let round = 0; ; round += 1) {
        try {
          await send(call)
          return 'committed'
        } catch (error) {
          if (round === most || !isContended(error)) return committedOf(error, writes)
          await pause(25 * 2 ** round * (0.5 + Math.random()))
        }
      }
    },
    set: async (key, values, version) => {
      const names = Object.keys(values)
      const said = names.map((attribute, n) => [`:n${n}`, values[attribute]] as const)
      try {
        await call('UpdateItem', {
          TableName: name,
          Key: marshall(key),
          UpdateExpression: `SET ${names.map((_, n) => `#n${n} = :n${n}`).join(', ')}`,
          ConditionExpression: '#v = :v',
          ExpressionAttributeNames: {
            '#v': 'version',
            ...Object.fromEntries(names.map((attribute, n) => [`#n${n}`, attribute])),
          },
          ExpressionAttributeValues: marshall({ ':v': version, ...Object.fromEntries(said) }),
        })
      } catch (error) {
        if (!isCalled(error, 'ConditionalCheckFailedException')) throw error
      }
    },
  }
}
