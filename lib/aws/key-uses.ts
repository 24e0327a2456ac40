import { type Event, event } from '../model/event.ts'
import type { KeyUses } from '../ports/keys.ts'
import { items, keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'

/** How long a use is kept beside its event: CloudTrail's own record is the lasting one. */
const keptSeconds = 90 * 86_400

/** The key of an event by its id: `ev-<chain>-<n>`, the chain a job's or a list's. */
const eventKey = (id: string) => {
  const [, chain = '', n = ''] = /^ev-(.+)-(\d{1,8})$/.exec(id) ?? []
  const [, issuer, shard] = /^crl-(.+)-(\d+)$/.exec(chain) ?? []
  if (issuer !== undefined) return keys.event(keys.crlHead(issuer, Number(shard)).pk, Number(n))
  return keys.event(keys.job(chain).pk, Number(n))
}

export const keyUses = (table: TableClient): KeyUses => ({
  event: async (id): Promise<Event | null> => {
    const row = await table.get(eventKey(id))
    if (row === null) return null
    const found = event.parse(recordOf(row))
    return found.id === id ? found : null
  },
  requestKey: async (job_id) => {
    const row = await table.get(keys.content(job_id))
    return row?.operation === 'request' && typeof row.key === 'string' ? row.key : null
  },
  keep: async (use) => {
    const key = keys.keyUse(use.event_id ?? '', use.request_id)
    const ttl = Math.floor(Date.parse(use.time) / 1000) + keptSeconds
    await table.transact([{ of: 'access', put: { ...key, ...use, ttl }, condition: 'absent' }])
    let count = 0
    for await (const _ of table.partition(key.pk, 'USE#')) count += 1
    return count
  },
  report: async (reported) => {
    const request_id = reported.chain.replace(/^use-/, '')
    const put = items.event(`KEYUSE#${request_id}`, reported)
    await table.transact([{ of: 'event', put, condition: 'absent' }])
  },
})
