import { apiKey } from '../model/api-key.ts'
import { event } from '../model/event.ts'
import { principal } from '../model/principal.ts'
import type { Principals } from '../ports.ts'
import { items, keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'

export const principals = (table: TableClient): Principals => ({
  findByKey: async ({ id, principal_id }) => {
    const [holder, key] = await table.getAll([keys.principal(principal_id), keys.apiKey(principal_id, id)])
    if (holder === null || holder === undefined || key === null || key === undefined) return null
    return { principal: principal.parse(recordOf(holder)), key: apiKey.parse(recordOf(key)) }
  },
  get: async (id) => {
    const rows = []
    for await (const row of table.partition(keys.principal(id).pk)) rows.push(row)
    const holder = rows.find(({ sk }) => sk === 'PRINCIPAL')
    if (holder === undefined) return null
    const events = rows.filter(({ sk }) => String(sk).startsWith('EVENT#'))
    return {
      principal: principal.parse(recordOf(holder)),
      events: events.map((row) => event.parse(recordOf(row))),
    }
  },
  create: async (created, recorded) => {
    const stored = await table.transact([
      { of: 'principal', put: items.principal(created), condition: 'absent' },
      { of: 'event', put: items.event(keys.principal(created.id).pk, recorded), condition: 'absent' },
    ])
    return stored === 'committed'
  },
  addKey: async (key, recorded) => {
    const stored = await table.transact([
      { of: 'api_key', put: items.apiKey(key), condition: 'absent' },
      { of: 'event', put: items.event(keys.principal(key.principal_id).pk, recorded), condition: 'absent' },
    ])
    return stored === 'committed'
  },
})
