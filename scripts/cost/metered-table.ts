import { indexes } from '../../infra/grants.ts'
import type { Key } from '../../lib/aws/table.ts'
import type { Row, TableClient } from '../../lib/aws/table-client.ts'
import { checkUnits, itemSize, readsOf, storedSize, writeUnits } from './capacity.ts'
import type { Meter } from './meter.ts'

type Stored = { readonly rows: ReadonlyMap<string, Row> }

const kindOf = (row: Row): string => `${row.pk}`.replace(/#.*$/, '') + ` ${row.sk}`.replace(/#.*$/, '')

/**
 * The same table, each operation counted with the units that DynamoDB would
 * take for it; `committed` is told the rows of every transaction, as the
 * table's stream would.
 */
export const meteredTable = (
  { ...table }: TableClient & Stored,
  meter: Meter,
  committed: (rows: readonly Row[]) => void,
): TableClient => {
  const stored = ({ pk, sk }: Key): Row | null => table.rows.get(`${pk}\u0000${sk}`) ?? null
  const sizeOf = (row: Row | null): number => (row === null ? 0 : itemSize(row))
  const consistent = (rows: readonly (Row | null)[]): void =>
    meter.readFrom('table', readsOf(rows.reduce((sum, row) => sum + sizeOf(row), 0)))
  const write = (before: Row | null, after: Row, transaction: boolean): void => {
    const units = writeUnits(before, after, transaction)
    meter.writeTo('table', kindOf(after), units.table)
    for (const index of indexes) meter.writeTo(index, `${kindOf(after)} (indexes)`, units.by_index[index])
    const was = before === null ? { with_indexes: 0, items: 0 } : kept(before)
    const is = kept(after)
    meter.keep({ with_indexes: is.with_indexes - was.with_indexes, items: is.items - was.items })
  }
  const kept = (row: Row) => ({ with_indexes: storedSize(row), items: itemSize(row) })

  return {
    get: async (key) => {
      const row = await table.get(key)
      meter.call('dynamodb:GetItem')
      consistent([row])
      return row
    },
    getAll: async (keys) => {
      const rows = await table.getAll(keys)
      meter.call('dynamodb:BatchGetItem')
      for (const row of rows) consistent([row])
      return rows
    },
    partition: async function* (...asked) {
      const rows: Row[] = []
      for await (const row of table.partition(...asked)) rows.push(row)
      meter.call('dynamodb:Query')
      consistent(rows)
      yield* rows
    },
    last: async (...asked) => {
      const row = await table.last(...asked)
      meter.call('dynamodb:Query')
      consistent([row])
      return row
    },
    index: async (query) => {
      const rows = await table.index(query)
      meter.call('dynamodb:Query')
      meter.readFrom(query.index, readsOf(rows.reduce((sum, row) => sum + sizeOf(row), 0)) / 2)
      return rows
    },
    transact: async (writes) => {
      const before = writes.map((one) => stored('put' in one ? one.put : one.check))
      const outcome = await table.transact(writes)
      const alone = writes.length === 1
      meter.call(alone ? 'dynamodb:PutItem' : 'dynamodb:TransactWriteItems')
      if (outcome !== 'committed') throw new Error('the metered run met a conflict')
      for (const [n, one] of writes.entries()) {
        if ('put' in one) write(before[n] ?? null, one.put, !alone)
        else meter.writeTo('table', 'conditions', checkUnits(before[n] ?? null))
      }
      committed(writes.flatMap((one) => ('put' in one ? [one.put] : [])))
      return outcome
    },
    set: async (key, values, version) => {
      const before = stored(key)
      await table.set(key, values, version)
      meter.call('dynamodb:PutItem')
      write(before, { ...before, ...values }, false)
    },
  }
}
