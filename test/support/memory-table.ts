import { wholeRows } from '../../lib/aws/lists.ts'
import type { Key } from '../../lib/aws/table.ts'
import type { Row, TableClient } from '../../lib/aws/table-client.ts'
import type { Condition, TableWrite } from '../../lib/aws/table-writes.ts'

const nameOf = ({ pk, sk }: Key): string => `${pk}\u0000${sk}`

const holds = (condition: Condition | 'any', stored: Row | undefined): boolean => {
  if (condition === 'any') return true
  return condition === 'absent' ? stored === undefined : stored?.[condition.attribute] === condition.equals
}

/** What an index shows. */
const shownIn = (index: string, row: Row): Row =>
  index === wholeRows
    ? structuredClone(row)
    : Object.fromEntries(['pk', 'sk', `${index}pk`, `${index}sk`].map((name) => [name, row[name]]))

/** A table in memory: the same conditions, the same order, the same all-or-nothing. */
export type MemoryTable = TableClient & {
  /** Every item, to look at. */
  readonly rows: Map<string, Row>
  /** Puts an item there by hand, whatever was there. */
  readonly write: (item: Row & Key) => void
  /** Changes an item by hand; null removes it. */
  readonly tamper: (key: Key, change: (row: Row) => Row | null) => void
  /** How often each operation was called. */
  readonly calls: Record<string, number>
}

/** What DynamoDB refuses of a transaction, whatever its conditions. */
const checkTransaction = (names: readonly string[], writes: readonly TableWrite[]): void => {
  if (writes.length > 100) throw new TypeError('a transaction has at most 100 items')
  if (new Set(names).size !== names.length) throw new TypeError('a transaction names an item twice')
  for (const write of writes) if ('put' in write) checkItem(write.put)
}

const checkItem = (value: unknown): void => {
  if (value === undefined) throw new TypeError('an item holds undefined')
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) checkItem(part)
}

/** All rows, and the same by their partition: also what a test writes into `rows` itself. */
const indexedRows = (begin: ReadonlyMap<string, Row>) => {
  const rows = new Map<string, Row>()
  const partitions = new Map<string, Map<string, Row>>()
  const partitionOf = (name: string): string => name.slice(0, name.indexOf('\u0000'))
  const { set, delete: remove } = Map.prototype
  Object.assign(rows, {
    set: (name: string, row: Row) => {
      const pk = partitionOf(name)
      const partition = partitions.get(pk) ?? new Map<string, Row>()
      partitions.set(pk, partition.set(name, row))
      return set.call(rows, name, row)
    },
    delete: (name: string) => {
      partitions.get(partitionOf(name))?.delete(name)
      return remove.call(rows, name)
    },
  })
  for (const [name, row] of begin) rows.set(name, row)
  return { rows, partitions }
}

export const memoryTable = (begin: ReadonlyMap<string, Row> = new Map()): MemoryTable => {
  const { rows, partitions } = indexedRows(begin)
  const calls: Record<string, number> = {}
  const count = (operation: string): void => {
    calls[operation] = (calls[operation] ?? 0) + 1
  }
  const copy = (row: Row | undefined): Row | null => (row === undefined ? null : structuredClone(row))
  const under = (pk: string, begins: string): readonly Row[] =>
    [...(partitions.get(pk)?.values() ?? [])]
      .filter((row) => String(row.sk).startsWith(begins))
      .sort((a, b) => (String(a.sk) < String(b.sk) ? -1 : 1))

  /** The rows of an index in order, kept for as long as nobody writes: a list of a hundred thousand is paged through. */
  const ordered = new Map<string, readonly Row[]>()
  const listed = (index: string, pk: string): readonly Row[] => {
    const key = `${index} ${pk}`
    const order = (row: Row): string => String(row[`${index}sk`])
    const found =
      ordered.get(key) ??
      [...rows.values()]
        .filter((row) => row[`${index}pk`] === pk)
        .sort((a, b) => (order(a) < order(b) ? -1 : 1))
    // A test may write into `rows` itself: a short list is looked up anew.
    if (found.length > 10_000) ordered.set(key, found)
    return found
  }

  return {
    rows,
    calls,
    write: (item) => void rows.set(nameOf(item), structuredClone(item)),
    tamper: (key, change) => {
      const row = rows.get(nameOf(key))
      if (row === undefined) throw new Error(`nothing at ${key.pk} ${key.sk}`)
      const changed = change(structuredClone(row))
      if (changed === null) rows.delete(nameOf(key))
      else rows.set(nameOf(key), changed)
    },
    get: async (key) => {
      count('get')
      return copy(rows.get(nameOf(key)))
    },
    getAll: async (keys) => {
      count('getAll')
      return keys.map((key) => copy(rows.get(nameOf(key))))
    },
    partition: async function* (pk, begins = '', from = begins) {
      count('partition')
      yield* under(pk, begins)
        .filter(({ sk }) => String(sk) >= from)
        .map((row) => structuredClone(row))
    },
    last: async (pk, begins) => {
      count('last')
      return copy(under(pk, begins).at(-1))
    },
    index: async ({ index, pk, after, before, limit }) => {
      count('index')
      const order = (row: Row): string => String(row[`${index}sk`])
      return listed(index, pk)
        .filter((row) => (after === null || order(row) > after) && (before === null || order(row) < before))
        .slice(0, limit)
        .map((row) => shownIn(index, row))
    },
    transact: async (writes: readonly TableWrite[]) => {
      count('transact')
      ordered.clear()
      // A turn of the event loop, so that racing callers interleave as they would over a network.
      await Promise.resolve()
      const keyOf = (write: TableWrite): Key => ('put' in write ? write.put : write.check)
      checkTransaction(
        writes.map((write) => nameOf(keyOf(write))),
        writes,
      )
      const failed = writes.find((write) => !holds(write.condition, rows.get(nameOf(keyOf(write)))))
      if (failed !== undefined) return { conflict: failed.of }
      for (const write of writes) if ('put' in write) rows.set(nameOf(write.put), structuredClone(write.put))
      return 'committed'
    },
    set: async (key, values, version) => {
      count('set')
      const row = rows.get(nameOf(key))
      if (row !== undefined && row.version === version) rows.set(nameOf(key), { ...row, ...values })
    },
  }
}
