import { type PushRecord, type PushTarget, pushRecord } from '../model/crl-push.ts'
import { event } from '../model/event.ts'
import type { ListPushes } from '../ports/list-consumers.ts'
import { items, keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'
import type { Condition } from './table-writes.ts'

const after = ({ version }: PushRecord): Condition =>
  version === 1 ? 'absent' : { attribute: 'version', equals: version - 1 }

const keyOf = ({ issuer_id, arn }: Pick<PushTarget, 'issuer_id' | 'arn'>) => keys.push(issuer_id, arn)

export const listPushes = (table: TableClient): ListPushes => ({
  get: async (target) => {
    const row = await table.get(keyOf(target))
    return row === null ? null : pushRecord.parse(recordOf(row))
  },
  lastEvent: async (target) => {
    const row = await table.last(keyOf(target).pk, 'EVENT#')
    return row === null ? null : event.parse(recordOf(row))
  },
  put: async (record, recorded) => {
    const key = keyOf(record)
    const stored = await table.transact([
      { of: 'push', put: { ...key, ...record }, condition: after(record) },
      { of: 'event', put: items.event(key.pk, recorded), condition: 'absent' },
    ])
    return stored === 'committed'
  },
})
