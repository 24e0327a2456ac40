import type { Accesses } from '../ports/requests.ts'
import { items, keys } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

/** A `BatchGetItem` takes a hundred keys. */
const most = 100

export const lastUseOf = (row: Row | null | undefined): string | null =>
  typeof row?.last_used_at === 'string' ? row.last_used_at : null

export const accesses = (table: TableClient): Accesses => ({
  record: async (event) => {
    const put = items.event(`ACCESS#${event.chain}`, event)
    const stored = await table.transact([{ of: 'event', put, condition: 'absent' }])
    if (stored !== 'committed') throw new Error(`event ${event.id} was there already`)
  },
  noteUse: async (credential_id, hour, earlier) => {
    const put = { ...keys.used(credential_id), last_used_at: hour }
    const condition = earlier === null ? ('absent' as const) : { attribute: 'last_used_at', equals: earlier }
    await table.transact([{ of: 'access', put, condition }])
  },
  lastUses: async (ids) => {
    const uses: (string | null)[] = []
    for (let start = 0; start < ids.length; start += most) {
      const rows = await table.getAll(ids.slice(start, start + most).map(keys.used))
      uses.push(...rows.map(lastUseOf))
    }
    return uses
  },
})
