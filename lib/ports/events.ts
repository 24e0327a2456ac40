import type { Event, EventType, UnreadableEvent } from '../model/event.ts'
import type { Page, Paging } from './page.ts'

export type Events = {
  readonly list: (filter: EventFilter, paging: Paging) => Promise<Page<Event | UnreadableEvent>>
}

export type EventFilter = {
  readonly actor?: string | undefined
  readonly action?: EventType | undefined
  readonly resource?: string | undefined
  /** Instants; `from` inclusive, `to` exclusive. */
  readonly from?: string | undefined
  readonly to?: string | undefined
}
