import { setTimeout as pause } from 'node:timers/promises'
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb'
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb'
import type { Committed } from '../ports/page.ts'
import type { IndexName } from './lists.ts'
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
        ExpressionAttributeValues: { ':v': condition.equals },
      }

const bounds = ({ index, pk, after, before }: IndexQuery) => {
  const names = { '#p': `${index}pk`, '#s': `${index}sk` }
  // A range of its own bounds: BETWEEN is inclusive, and the cursor row is dropped by its caller.
  if (after !== null && before !== null)
    return {
      KeyConditionExpression: '#p = :p AND #s BETWEEN :a AND :b',
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ':p': pk, ':a': after, ':b': before },
    }
  if (after !== null || before !== null)
    return {
      KeyConditionExpression: `#p = :p AND #s ${after === null ? '<' : '>'} :a`,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: { ':p': pk, ':a': after ?? before },
    }
  return {
    KeyConditionExpression: '#p = :p',
    ExpressionAttributeNames: { '#p': names['#p'] },
    ExpressionAttributeValues: { ':p': pk },
  }
}

const within = (pk: string, begins: string, from: string) => {
  if (begins === '') return { KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': pk } }
  if (from === begins)
    return {
      KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)',
      ExpressionAttributeValues: { ':p': pk, ':s': begins },
    }
  return {
    KeyConditionExpression: 'pk = :p AND sk BETWEEN :f AND :l',
    ExpressionAttributeValues: { ':p': pk, ':f': from, ':l': `${begins}\uffff` },
  }
}

/** How often a transaction that merely met another one is tried again, or what a batch left out asked for. */
const most = 4

const putOf = (name: string, { put, condition }: Extract<TableWrite, { put: Item }>) => ({
  TableName: name,
  Item: put as Item,
  ...(condition === 'any' ? {} : expressionOf(condition)),
})

/** One put needs no transaction, and takes half the units without. */
const sendable = (name: string, writes: readonly TableWrite[]) => {
  const [only, ...others] = writes
  if (only !== undefined && others.length === 0 && 'put' in only) {
    const single = new PutCommand(putOf(name, only))
    return (table: DynamoDBDocumentClient): Promise<unknown> => table.send(single)
  }
  const TransactItems = writes.map((write) =>
    'put' in write
      ? { Put: putOf(name, write) }
      : { ConditionCheck: { TableName: name, Key: write.check, ...expressionOf(write.condition) } },
  )
  const together = new TransactWriteCommand({ TransactItems })
  return (table: DynamoDBDocumentClient): Promise<unknown> => table.send(together)
}

/** Another transaction held one of the items: that says nothing yet about our conditions. */
const isContended = (error: unknown): boolean => {
  if (error instanceof TransactionConflictException) return true
  if (!(error instanceof TransactionCanceledException)) return false
  const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code)
  return codes.includes('TransactionConflict') && !codes.includes('ConditionalCheckFailed')
}

/** What a put that is in no transaction fails with. */
const isOnItsOwn = (error: unknown): boolean =>
  error instanceof ConditionalCheckFailedException || error instanceof TransactionConflictException

/** What a failed condition, or the cancellation of a transaction, means to whoever asked for it. */
const committedOf = (error: unknown, writes: readonly TableWrite[]): Committed => {
  const [first] = writes
  if (isOnItsOwn(error) && first !== undefined) return { conflict: first.of }
  if (!(error instanceof TransactionCanceledException)) throw error
  const reasons = error.CancellationReasons ?? []
  const failed = reasons.findIndex(({ Code }) => Code === 'ConditionalCheckFailed')
  const contended = reasons.findIndex(({ Code }) => Code === 'TransactionConflict')
  const write = writes[failed === -1 ? contended : failed]
  if (write === undefined) throw error
  return { conflict: write.of }
}

export const tableClient = (name: string, client = new DynamoDBClient({})): TableClient => {
  const table = DynamoDBDocumentClient.from(client)
  return {
    get: async (Key) => {
      const { Item } = await table.send(new GetCommand({ TableName: name, Key, ConsistentRead: true }))
      return Item ?? null
    },
    getAll: async (keys) => {
      const rows: Row[] = []
      let wanted = keys.map(({ pk, sk }): Record<string, unknown> => ({ pk, sk }))
      for (let round = 0; wanted.length > 0; round += 1) {
        if (round > most) throw new Error('the table did not answer for every key')
        if (round > 0) await pause(25 * 2 ** round * (0.5 + Math.random()))
        const { Responses, UnprocessedKeys } = await table.send(
          new BatchGetCommand({ RequestItems: { [name]: { Keys: wanted, ConsistentRead: true } } }),
        )
        rows.push(...(Responses?.[name] ?? []))
        // What the table had no capacity for at this moment.
        wanted = UnprocessedKeys?.[name]?.Keys ?? []
      }
      return keys.map(({ pk, sk }) => rows.find((row) => row.pk === pk && row.sk === sk) ?? null)
    },
    partition: async function* (pk, begins = '', from = begins) {
      let start: Record<string, unknown> | undefined
      do {
        const page = await table.send(
          new QueryCommand({
            TableName: name,
            ConsistentRead: true,
            ...within(pk, begins, from),
            ExclusiveStartKey: start,
          }),
        )
        yield* page.Items ?? []
        start = page.LastEvaluatedKey
      } while (start !== undefined)
    },
    last: async (pk, begins) => {
      const { Items } = await table.send(
        new QueryCommand({
          TableName: name,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)',
          ExpressionAttributeValues: { ':p': pk, ':s': begins },
          ScanIndexForward: false,
          Limit: 1,
        }),
      )
      return Items?.[0] ?? null
    },
    index: async (query) => {
      const order = `${query.index}sk`
      const found: Row[] = []
      let start: Record<string, unknown> | undefined
      // A page ends at a megabyte, too: fewer rows than asked for are not the end of the list.
      do {
        const { Items = [], LastEvaluatedKey } = await table.send(
          new QueryCommand({
            TableName: name,
            IndexName: query.index,
            ...bounds(query),
            Limit: query.limit - found.length + (query.after === null ? 0 : 1),
            ExclusiveStartKey: start,
          }),
        )
        found.push(...Items.filter((row) => row[order] !== query.after && row[order] !== query.before))
        start = LastEvaluatedKey
      } while (start !== undefined && found.length < query.limit)
      return found.slice(0, query.limit)
    },
    transact: async (writes) => {
      const send = sendable(name, writes)
      for (let round = 0; ; round += 1) {
        try {
          await send(table)
          return 'committed'
        } catch (error) {
          if (round === most || !isContended(error)) return committedOf(error, writes)
          await pause(25 * 2 ** round * (0.5 + Math.random()))
        }
      }
    },
    set: async (Key, values, version) => {
      const names = Object.keys(values)
      const update = new UpdateCommand({
        TableName: name,
        Key,
        UpdateExpression: `SET ${names.map((_, n) => `#n${n} = :n${n}`).join(', ')}`,
        ConditionExpression: '#v = :v',
        ExpressionAttributeNames: {
          '#v': 'version',
          ...Object.fromEntries(names.map((attribute, n) => [`#n${n}`, attribute])),
        },
        ExpressionAttributeValues: {
          ':v': version,
          ...Object.fromEntries(names.map((attribute, n) => [`:n${n}`, values[attribute]])),
        },
      })
      try {
        await table.send(update)
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error
      }
    },
  }
}
