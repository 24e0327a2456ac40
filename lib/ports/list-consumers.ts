import type { PushRecord, PushTarget } from '../model/crl-push.ts'
import type { Event } from '../model/event.ts'

/** What a consumer of lists calls the one that it was given, or why it will not have it. */
export type Taken = { readonly reference: string } | { readonly refused: string }

type GivenList = {
  readonly issuer_id: string
  /** Of the trust anchor or the trust store. */
  readonly arn: string
  readonly pem: string
}

/** AWS services that have to be given lists. */
export type ListConsumers = {
  /** Replaces the list that is called `reference`, or ours of that trust anchor, or is the first. */
  readonly rolesAnywhere: (given: GivenList & { readonly reference: string | null }) => Promise<Taken>
  /** Adds a list to those that a trust store has. */
  readonly addToTrustStore: (given: GivenList & { readonly number: number }) => Promise<Taken>
  /** Takes lists from a trust store; those that are not there are no matter. */
  readonly removeFromTrustStore: (arn: string, references: readonly string[]) => Promise<void>
}

/** What became of lists that were given to others. */
export type ListPushes = {
  readonly get: (target: PushTarget) => Promise<PushRecord | null>
  readonly lastEvent: (target: PushTarget) => Promise<Event | null>
  /** One transaction; false where somebody else recorded another. */
  readonly put: (record: PushRecord, event: Event) => Promise<boolean>
}
