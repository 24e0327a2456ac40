import { event } from '../model/event.ts'
import type { EventFilter, Events } from '../ports.ts'
import { list } from './list.ts'
import { lists, recordOf } from './table.ts'
import type { IndexQuery, TableClient } from './table-client.ts'

const indexFor = (filter: EventFilter): Pick<IndexQuery, 'index' | 'pk'> => {
  if (filter.resource !== undefined) return { index: 'gsi4', pk: lists.eventsOn(filter.resource) }
  if (filter.actor !== undefined) return { index: 'gsi2', pk: lists.eventsBy(filter.actor) }
  if (filter.action !== undefined) return { index: 'gsi3', pk: lists.eventsOf(filter.action) }
  return { index: 'gsi1', pk: lists.events }
}

export const events = (table: TableClient): Events => ({
  list: (filter, paging) =>
    list(
      table,
      {
        ...indexFor(filter),
        parse: (row) => event.parse(recordOf(row)),
        from: filter.from ?? null,
        before: filter.to ?? null,
        keep: (row) =>
          (filter.actor === undefined || row.actor === filter.actor) &&
          (filter.action === undefined || row.type === filter.action) &&
          (filter.resource === undefined || row.resource === filter.resource),
      },
      paging,
    ),
})
