import type { Event } from '../model/event.ts'
import type { EventPlace } from '../model/notification.ts'
import type { WebhookSecret } from '../model/webhook.ts'

/** What was told of events, and to whom. */
export type Notifications = {
  readonly event: (place: EventPlace) => Promise<Event | null>
  /** Everything recorded in the chain of one notification, strongly consistent. */
  readonly recorded: (chain: string) => Promise<readonly Event[]>
  /** False where somebody else recorded something in that place: nothing was stored. */
  readonly record: (events: readonly Event[]) => Promise<boolean>
}

/** Whether a notification arrived; if not, why, in words that hold no secret. */
export type Delivery = { readonly delivered: true } | { readonly delivered: false; readonly reason: string }

export type WebhookCall = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends to a place outside. Whatever goes wrong is an answer, not a fault. */
export type Post = (call: WebhookCall) => Promise<Delivery>

export type TopicMessage = {
  readonly subject: string
  /** For people. */
  readonly text: string
  /** For programs: JSON. */
  readonly json: string
  /** What subscriptions filter by. */
  readonly attributes: Readonly<Record<string, string>>
}

/** Whoever subscribed is told; an answer, as above. */
export type Topic = { readonly publish: (message: TopicMessage) => Promise<Delivery> }

/** The secret of a webhook by its name; `missing` where nobody has put it there yet. */
export type WebhookSecrets = {
  readonly get: (
    name: string,
  ) => Promise<{ readonly secret: WebhookSecret } | { readonly missing: true } | { readonly failed: string }>
}
