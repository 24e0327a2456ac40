import type { Event } from '../../lib/model/event.ts'
import type { EventFilter } from '../../lib/ports/events.ts'
import type { Page, Paging } from '../../lib/ports/page.ts'
import type { World } from './world.ts'

/** A page of events, all of which can be read. */
export const eventsIn = async (
  { events }: Pick<World, 'events'>,
  filter: EventFilter,
  paging: Paging = { limit: 200, after: null },
): Promise<Page<Event>> => {
  const { rows, ...page } = await events.list(filter, paging)
  const readable = rows.map((row) => {
    if ('unreadable' in row) throw new Error(`cannot be read: ${row.unreadable}`)
    return row
  })
  return { ...page, rows: readable }
}
