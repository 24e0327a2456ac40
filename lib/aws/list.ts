import type { Page, Paging } from '../ports.ts'
import type { IndexQuery, Row, TableClient } from './table-client.ts'

/** How many rows one request may look at; a longer search continues at `next`. */
const most = 1000

type Listing<T> = {
  readonly index: IndexQuery['index']
  readonly pk: string
  readonly parse: (row: Row) => T
  readonly keep: (row: T) => boolean
  readonly before?: string | null
  readonly from?: string | null
}

/**
 * One page of an index, oldest first, of the rows worth keeping. Whatever it
 * is asked for, it looks at no more than a fixed number of rows; `next` then
 * continues the search, even on a page with few rows or none.
 */
export const list = async <T>(table: TableClient, listing: Listing<T>, paging: Paging): Promise<Page<T>> => {
  const rows: T[] = []
  const order = `${listing.index}sk`
  let after = paging.after ?? listing.from ?? null
  for (let seen = 0; seen < most; ) {
    const limit = Math.min(most - seen, paging.limit + 1)
    const found = await table.index({
      index: listing.index,
      pk: listing.pk,
      after,
      before: listing.before ?? null,
      limit,
    })
    seen += found.length
    for (const row of found) {
      const parsed = listing.parse(row)
      if (listing.keep(parsed)) {
        if (rows.length === paging.limit) return { rows, next: after }
        rows.push(parsed)
      }
      after = String(row[order])
    }
    if (found.length < limit) return { rows, next: null }
  }
  return { rows, next: after }
}
