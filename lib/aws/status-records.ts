import * as z from 'zod'
import { event } from '../model/event.ts'
import { crlHead, revocationEntry, serialStatus } from '../model/revocation.ts'
import type { ResponderRecord, Responders } from '../ports/ocsp.ts'
import type { RevocationLists, SerialStatuses } from '../ports/revocation.ts'
import { items, keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'
import type { Condition } from './table-writes.ts'

const after = (version: number): Condition =>
  version === 1 ? 'absent' : { attribute: 'version', equals: version - 1 }

export const serialStatuses = (table: TableClient): SerialStatuses => ({
  get: async (issuer_id, serial) => {
    const row = await table.get(keys.serial(issuer_id, serial))
    return row === null ? null : serialStatus.parse(recordOf(row))
  },
})

export const revocationLists = (table: TableClient): RevocationLists => ({
  head: async (issuer_id, shard) => {
    const row = await table.get(keys.crlHead(issuer_id, shard))
    return row === null ? null : crlHead.parse(recordOf(row))
  },
  advance: async (head, recorded) => {
    const condition: Condition =
      head.number === 1 ? 'absent' : { attribute: 'number', equals: head.number - 1 }
    const { pk } = keys.crlHead(head.issuer_id, head.shard)
    const stored = await table.transact([
      { of: 'crl_head', put: items.crlHead(head), condition },
      { of: 'event', put: items.event(pk, recorded), condition: 'absent' },
    ])
    return stored === 'committed'
  },
  record: async (issuer_id, shard, recorded) => {
    const { pk } = keys.crlHead(issuer_id, shard)
    const stored = await table.transact([
      { of: 'event', put: items.event(pk, recorded), condition: 'absent' },
    ])
    return stored === 'committed'
  },
  entries: async function* (issuer_id, shard, from) {
    const { pk } = keys.crlHead(issuer_id, shard)
    const start = from === null ? 'ENTRY#' : `ENTRY#${from}`
    for await (const row of table.partition(pk, 'ENTRY#', start)) yield revocationEntry.parse(recordOf(row))
  },
  lastEvent: async (issuer_id, shard) => {
    const row = await table.last(keys.crlHead(issuer_id, shard).pk, 'EVENT#')
    return row === null ? null : event.parse(recordOf(row))
  },
})

const responderRecord = z.strictObject({
  issuer_id: z.string(),
  version: z.int().min(1),
  certificate: z.string(),
  sealed_key: z.string(),
  issuer_subject: z.string(),
  issuer_spki: z.string(),
  not_after: z.iso.datetime(),
  renew_at: z.iso.datetime(),
})

export const responders = (table: TableClient): Responders => ({
  get: async (issuer_id) => {
    const row = await table.get(keys.responder(issuer_id))
    return row === null ? null : responderRecord.parse(recordOf(row))
  },
  put: async (record: ResponderRecord) => {
    const put = { ...keys.responder(record.issuer_id), ...record }
    const stored = await table.transact([{ of: 'responder', put, condition: after(record.version) }])
    return stored === 'committed'
  },
})
