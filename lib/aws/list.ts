import type { Page, Paging } from '../ports/page.ts'
import { type Place, wholeRows } from './lists.ts'
import type { Key } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

/** How many rows one request may look at; a longer search continues at `next`. */
const most = 1000

/** A `BatchGetItem` takes a hundred keys. */
const together = 100

type Listing<T, Instead = never> = {
  /** Partitions of the indexes; together they hold what is asked for, each row once. */
  readonly places: readonly Place[]
  readonly parse: (row: Row) => T
  /** What stands in the place of a row that cannot be read, where a list may not just leave it out. */
  readonly instead?: (place: string) => Instead
  readonly keep: (row: T) => boolean
  readonly before?: string | null
  readonly from?: string | null
}

/** Without a key: listed there, and none of what is asked for. */
type Listed = { readonly key: Key | null; readonly order: string; readonly row: Row | null }

type Range = { readonly after: string | null; readonly before: string | null; readonly limit: number }

/** What comes next in these partitions together, in the one order that all of them are in. */
const nextIn = async (
  table: TableClient,
  places: readonly Place[],
  range: Range,
): Promise<readonly Listed[]> => {
  const found = await Promise.all(
    places.map(async ({ index, pk, meant = (listed) => listed }) =>
      (await table.index({ index, pk, ...range })).map((row) => ({
        key: meant(keyOf(row)),
        order: String(row[`${index}sk`]),
        row: index === wholeRows ? row : null,
      })),
    ),
  )
  return found
    .flat()
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .slice(0, range.limit)
}

/** Of a row in an index: where it is in the table. */
export const keyOf = ({ pk, sk }: Row): Key => ({ pk: String(pk), sk: String(sk) })

/** The rows under these keys, as they are now, in their order. */
export const rowsUnder = async (
  table: TableClient,
  keys: readonly Key[],
): Promise<readonly (Row | null)[]> => {
  const starts = Array.from({ length: Math.ceil(keys.length / together) }, (_, n) => n * together)
  const read = await Promise.all(starts.map((start) => table.getAll(keys.slice(start, start + together))))
  return read.flat()
}

/** The rows that are meant, null for none, in the order in which they are listed. */
const rowsOf = async (table: TableClient, found: readonly Listed[]): Promise<readonly (Row | null)[]> => {
  if (found.every(({ row }) => row !== null)) return found.map(({ row }) => row)
  const wanted = found.flatMap(({ key }) => (key === null ? [] : [key]))
  const rows = (await rowsUnder(table, wanted)).values()
  return found.map(({ key }) => (key === null ? null : (rows.next().value ?? null)))
}

type Read<T> = { readonly kept: T | null; readonly unreadable: readonly string[] }

const nothing = { kept: null, unreadable: [] } as const

/** A row that is worth keeping; null for one that is not, or that cannot be read, whose place is noted. */
const read = <T, Instead>({ parse, keep, instead }: Listing<T, Instead>, row: Row): Read<T | Instead> => {
  try {
    const parsed = parse(row)
    return { kept: keep(parsed) ? parsed : null, unreadable: [] }
  } catch {
    const place = `${row.pk} ${row.sk}`
    return { kept: instead?.(place) ?? null, unreadable: [place] }
  }
}

/**
 * One page of a list, oldest first, of the rows worth keeping. Whatever it is
 * asked for, it looks at no more than a fixed number of rows; `next` then
 * continues the search, even on a page with few rows or none. One row that
 * cannot be read does not take the others away; its place is told.
 */
export const list = async <T, Instead = never>(
  table: TableClient,
  listing: Listing<T, Instead>,
  paging: Paging,
): Promise<Page<T | Instead>> => {
  const rows: (T | Instead)[] = []
  const unreadable: string[] = []
  let after = paging.after ?? listing.from ?? null
  for (let seen = 0; seen < most; ) {
    const limit = Math.min(most - seen, paging.limit + 1)
    const found = await nextIn(table, listing.places, { after, before: listing.before ?? null, limit })
    const stored = await rowsOf(table, found)
    seen += found.length
    for (const [n, { order }] of found.entries()) {
      const row = stored[n] ?? null
      const { kept, unreadable: places } = row === null ? nothing : read(listing, row)
      if (kept !== null && rows.length === paging.limit) return { rows, next: after, unreadable }
      if (kept !== null) rows.push(kept)
      unreadable.push(...places)
      after = order
    }
    if (found.length < limit) return { rows, next: null, unreadable }
  }
  return { rows, next: after, unreadable }
}
