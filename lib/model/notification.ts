import type { Event, EventDraft } from './event.ts'

/** Where an event is stored: which chain, and its number in it. */
export type EventPlace = Pick<Event, 'chain' | 'sequence'>

/**
 * How a notification ended on one channel. `not_sent`: there was nowhere to
 * send it to. `failed`: it was tried as often as a message is delivered.
 */
export type NotificationOutcome = {
  readonly channel: string
  readonly outcome: 'sent' | 'not_sent' | 'failed'
  readonly reason: string | null
}

/** What was told of one event, channel by channel, is a chain of its own. */
export const notificationChain = ({ id }: Pick<Event, 'id'>): string => id.replace(/^ev-/, 'nt-')

const actor = { id: 'system-notify', type: 'System' } as const

export const draftOutcome = (told: Event, { channel, outcome, reason }: NotificationOutcome): EventDraft => ({
  type: 'notification_recorded',
  actor,
  resource: told.resource,
  job: null,
  details: { event: told.id, event_type: told.type, channel, outcome, reason },
})

/** Whether a channel is done with. One that failed is tried again when its message is put back on the queue. */
export const isSettled = (recorded: readonly Event[], channel: string): boolean =>
  recorded.some(({ details }) => details.channel === channel && details.outcome !== 'failed')
