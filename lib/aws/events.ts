import { event } from '../model/event.ts'
import type { EventFilter, Events } from '../ports/events.ts'
import { list } from './list.ts'
import { allEvents, eventsByActor, lists, type Place } from './lists.ts'
import { recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'

/** The narrowest lists for a filter; what they do not cover is filtered after. */
const placesFor = (filter: EventFilter): readonly Place[] => {
  if (filter.resource !== undefined) return [{ index: 'gsi4', pk: lists.eventsOn(filter.resource) }]
  if (filter.actor !== undefined) return eventsByActor(filter.actor)
  if (filter.action !== undefined) return [{ index: 'gsi1', pk: lists.eventsLike(filter.action) }]
  return allEvents
}

export const events = (table: TableClient): Events => ({
  list: (filter, paging) =>
    list(
      table,
      {
        places: placesFor(filter),
        parse: (row) => event.parse(recordOf(row)),
        // Whether a filter covers it nobody can say: an auditor is shown that there is one.
        instead: (unreadable) => ({ unreadable }),
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
