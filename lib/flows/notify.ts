import { append, type Event } from '../model/event.ts'
import type { Notice } from '../model/notice.ts'
import {
  draftOutcomes,
  type EventPlace,
  isSettled,
  type NotificationOutcome,
  notificationChain,
} from '../model/notification.ts'
import { deliveries } from '../model/queue.ts'
import { tellingOf } from '../model/telling.ts'
import type { Clock } from '../model/time.ts'
import type { Delivery, Notifications } from '../ports/notifications.ts'
import { type Channel, type ChannelDeps, channelsFor, type NotConfigured } from './channels.ts'
import { type NoticeDeps, noticeFor } from './notice-for.ts'

export type NotifyDeps = NoticeDeps &
  ChannelDeps & {
    readonly notifications: Notifications
    readonly now: Clock
  }

/** `again`: some channel failed, and another delivery may help. `given_up`: this was the last. */
export type Notified = 'nobody_is_told' | 'done' | 'again' | 'given_up'

/** What became of one channel; null for one that is to be tried again. */
const outcomeOf = (
  channel: string,
  delivery: Delivery | NotConfigured,
  last: boolean,
): NotificationOutcome | null => {
  if ('not_configured' in delivery) return { channel, outcome: 'not_sent', reason: delivery.not_configured }
  if (delivery.delivered) return { channel, outcome: 'sent', reason: null }
  return last ? { channel, outcome: 'failed', reason: delivery.reason } : null
}

/**
 * Records outcomes on the notification's own chain. Where another delivery of
 * the same message was quicker, what it recorded stands and the rest follows.
 */
const record = async (
  deps: NotifyDeps,
  told: Event,
  outcomes: readonly NotificationOutcome[],
): Promise<void> => {
  const chain = notificationChain(told)
  for (let round = 0; round < 5; round += 1) {
    const earlier = await deps.notifications.recorded(chain)
    const fresh = outcomes.filter(({ channel }) => !isSettled(earlier, channel))
    if (fresh.length === 0) return
    const recorded = append(chain, earlier, [draftOutcomes(told, fresh)], deps.now())
    if (await deps.notifications.record(recorded)) return
  }
  throw new Error(`the chain ${chain} is too contended`)
}

const deliverAll = (channels: readonly Channel[], notice: Notice, last: boolean) =>
  Promise.all(channels.map(async ({ name, deliver }) => outcomeOf(name, await deliver(notice), last)))

/**
 * Tells people of one event, on every channel that has not been told of it
 * yet. At least once: what was sent is on record before the message is done
 * with, so that a message which is delivered again sends nothing twice; only a
 * function that ends between the two does.
 */
export const notify = async (deps: NotifyDeps, place: EventPlace, attempt: number): Promise<Notified> => {
  const told = await deps.notifications.event(place)
  if (told === null) throw new Error(`no event ${place.sequence} in ${place.chain}`)
  const telling = tellingOf(told.type)
  if (telling === null) return 'nobody_is_told'
  const [earlier, notice] = await Promise.all([
    deps.notifications.recorded(notificationChain(told)),
    noticeFor(deps, told, telling),
  ])
  const open = channelsFor(deps, notice).filter(({ name }) => !isSettled(earlier, name))
  const last = attempt >= deliveries
  const outcomes = await deliverAll(open, notice, last)
  const final = outcomes.filter((outcome) => outcome !== null)
  if (final.length > 0) await record(deps, told, final)
  if (outcomes.includes(null)) return 'again'
  return final.some(({ outcome }) => outcome === 'failed') ? 'given_up' : 'done'
}
