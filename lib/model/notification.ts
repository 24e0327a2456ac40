import * as z from 'zod'
import type { Event, EventDraft } from './event.ts'

/** Where an event is stored: which chain, and its number in it. */
export type EventPlace = Pick<Event, 'chain' | 'sequence'>

/**
 * How a notification ended on one channel. `not_sent`: there was nowhere to
 * send it to. `failed`: it was tried as often as a message is delivered.
 */
const notificationOutcome = z.strictObject({
  channel: z.string(),
  outcome: z.enum(['sent', 'not_sent', 'failed']),
  reason: z.string().nullable(),
})

export type NotificationOutcome = Readonly<z.infer<typeof notificationOutcome>>

/** What was told of one event, channel by channel, is a chain of its own. */
export const notificationChain = ({ id }: Pick<Event, 'id'>): string => id.replace(/^ev-/, 'nt-')

const actor = { id: 'system-notify', type: 'System' } as const

/** What became of one delivery, all its channels together: one event. */
export const draftOutcomes = (told: Event, outcomes: readonly NotificationOutcome[]): EventDraft => ({
  type: 'notification_recorded',
  actor,
  resource: told.resource,
  job: null,
  details: { event: told.id, event_type: told.type, outcomes: [...outcomes] },
})

const recordedDetails = z.looseObject({ outcomes: z.array(notificationOutcome) })

/** What a recorded notification says of its channels. */
export const outcomesIn = ({ details }: Pick<Event, 'details'>): readonly NotificationOutcome[] =>
  recordedDetails.parse(details).outcomes

/** Whether a channel is done with. One that failed is tried again when its message is put back on the queue. */
export const isSettled = (recorded: readonly Event[], channel: string): boolean =>
  recorded
    .flatMap(outcomesIn)
    .some((recordedOf) => recordedOf.channel === channel && recordedOf.outcome !== 'failed')
