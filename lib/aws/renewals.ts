import * as z from 'zod'
import { certificate, certificateVersion } from '../model/certificate.ts'
import { event } from '../model/event.ts'
import { certificateId } from '../model/ids.ts'
import { nextCsr, renewal } from '../model/renewal.ts'
import { instant } from '../model/time.ts'
import type { DueRenewal, Renewals } from '../ports/renewals.ts'
import { lists, renewalDue, renewalShards } from './lists.ts'
import { items, keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

const optional = <T>(shape: z.ZodType<T>, row: Row | null | undefined): T | null =>
  row === null || row === undefined ? null : shape.parse(recordOf(row))

const dueOrder = z.tuple([instant, instant, certificateId])

/** What the index says of a renewal that is due, in its keys alone. */
const dueOf = ({ gsi5sk }: Row): DueRenewal => {
  const [next_at, not_after, certificate_id] = dueOrder.parse(String(gsi5sk).split('#'))
  return { certificate_id, next_at, not_after }
}

const pointer = z.strictObject({ hour: z.string() })

export const renewals = (table: TableClient): Renewals => ({
  load: async (id) => {
    const [rows, newest] = await Promise.all([
      table.getAll([keys.certificate(id), keys.renewal(id), keys.nextCsr(id)]),
      table.last(keys.certificate(id).pk, 'VERSION#'),
    ])
    const head = optional(certificate, rows[0])
    if (head === null) return null
    return {
      certificate: head,
      renewal: optional(renewal, rows[1]),
      next_csr: optional(nextCsr, rows[2]),
      newest: optional(certificateVersion, newest),
    }
  },
  shards: renewalShards,
  due: async ({ hour, shard }, now, limit) => {
    const pk = lists.renewalsDue(hour, shard)
    const rows = await table.index({ index: 'gsi5', pk, after: null, before: `${now}~`, limit })
    return rows.map(dueOf)
  },
  put: (row) =>
    table.transact([
      {
        of: 'next_renewal',
        put: items.renewal(row),
        condition: { attribute: 'version', equals: row.version - 1 },
      },
    ]),
  lastEvent: async (id) => {
    const row = await table.last(keys.certificate(id).pk, 'EVENT#')
    return row === null ? null : event.parse(recordOf(row))
  },
  postpone: async ({ certificate_id, not_after }, until) => {
    const row = await table.get(keys.renewal(certificate_id))
    const { version } = z.looseObject({ version: z.int() }).parse(row)
    const moved = renewalDue({ certificate_id, not_after, next_at: until })
    await table.set(keys.renewal(certificate_id), moved, version)
  },
  pointer: async () => {
    const row = await table.get(keys.renewalPointer)
    return row === null ? null : pointer.parse(recordOf(row)).hour
  },
  movePointer: async (from, to) => {
    const condition = from === null ? 'absent' : { attribute: 'hour', equals: from }
    await table.transact([{ of: 'renewal_pointer', put: { ...keys.renewalPointer, hour: to }, condition }])
  },
})
