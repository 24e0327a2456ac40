import { event } from '../model/event.ts'
import type { Notifications } from '../ports/notifications.ts'
import { items, keys, partitionOf, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'
import type { TableWrite } from './table-writes.ts'

export const notifications = (table: TableClient): Notifications => ({
  event: async ({ chain, sequence }) => {
    const row = await table.get(keys.event(partitionOf(chain), sequence))
    return row === null ? null : event.parse(recordOf(row))
  },
  recorded: async (chain) => {
    const found = []
    for await (const row of table.partition(partitionOf(chain), 'EVENT#'))
      found.push(event.parse(recordOf(row)))
    return found
  },
  record: async (events) => {
    const writes = events.map((entry): TableWrite => {
      return { of: 'event', put: items.event(partitionOf(entry.chain), entry), condition: 'absent' }
    })
    return (await table.transact(writes)) === 'committed'
  },
})
