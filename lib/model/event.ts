import * as z from 'zod'
import { digestOf, type Json } from './digest.ts'
import { queueNames } from './queue.ts'
import { instant, instantOf } from './time.ts'

export const eventTypes = [
  'certificate_requested',
  'renewal_requested',
  'renewal_batch_requested',
  'revocation_requested',
  'profile_change_requested',
  'issuer_change_requested',
  'grant_requested',
  'principal_change_requested',
  'rebinding_requested',
  'approval_requested',
  'decision_recorded',
  'approval_approved',
  'approval_rejected',
  'approval_reminded',
  'approval_escalated',
  'approval_expired',
  'approval_withdrawn',
  'approval_bypassed',
  'approval_refused',
  'job_cancelled',
  'issuance_planned',
  'issuance_postponed',
  'certificate_ordered',
  'certificate_issued',
  'certificate_quarantined',
  'issuance_failed',
  'next_csr_uploaded',
  'renewals_opened',
  'renewal_needs_csr',
  'renewal_failed',
  'certificate_expiring',
  'certificate_revoked',
  'certificate_revoked_at_authority',
  'certificate_released',
  'certificate_rebound',
  'profile_changed',
  'issuer_changed',
  'grant_granted',
  'grant_consumed',
  'grant_withdrawn',
  'job_failed',
  'signing_refused',
  'principal_created',
  'principal_changed',
  'api_key_created',
  'api_key_disabled',
  'oidc_subject_added',
  'oidc_subject_disabled',
  'delegation_given',
  'delegation_ended',
  'access_refused',
  'crl_planned',
  'responder_planned',
  'notification_recorded',
  'crl_pushed',
  'crl_push_refused',
  'key_use_unmatched',
] as const

export type EventType = (typeof eventTypes)[number]

/** What a job was right after an event: all that its consequences depend on. */
export const jobSnapshot = z.strictObject({
  id: z.string(),
  type: z.string(),
  status: z.string(),
  queue: z.enum(queueNames),
  approval_state: z.string().nullable(),
  profile_id: z.string().nullable(),
  created_at: instant,
})

/**
 * What happened: the audit record and the outbox record in one. Events of one
 * chain (a job, a principal, a list) are numbered from 1 and each holds the hash of the
 * one before it. Nothing ever changes or removes one.
 */
export const event = z.strictObject({
  id: z.string(),
  chain: z.string(),
  sequence: z.int().min(1),
  time: instant,
  type: z.enum(eventTypes),
  actor: z.string().min(1),
  actor_type: z.enum(['Person', 'Service', 'System']),
  resource: z.string(),
  job: jobSnapshot.nullable(),
  details: z.record(z.string(), z.json()),
  previous_hash: z.string(),
  hash: z.string(),
})

/** What stands in the audit for an event that nobody can read: the keys of its row. */
export const unreadableEvent = z.strictObject({ unreadable: z.string() })

export type UnreadableEvent = Readonly<z.infer<typeof unreadableEvent>>

type Details = Readonly<Record<string, Json>>

export type Event = Readonly<Omit<z.infer<typeof event>, 'details'>> & { readonly details: Details }

/** Whoever acts: a principal, or one of our own functions. */
export type Actor = { readonly id: string; readonly type: Event['actor_type'] }

export type EventDraft = Pick<Event, 'type' | 'resource' | 'job'> & {
  readonly actor: Actor
  readonly details: Details
}

const genesis = '0'.repeat(64)

/** The hash covers every field but itself, in canonical form, so no two records share an encoding. */
const hashOf = ({ hash: _, ...rest }: Event): string => digestOf(rest)

/** The events that follow a chain, numbered and linked. */
export const append = (
  chain: string,
  earlier: readonly Event[],
  drafts: readonly EventDraft[],
  now: Date,
): readonly Event[] => {
  const added: Event[] = []
  for (const { actor, details, ...draft } of drafts) {
    const last = added.at(-1) ?? earlier.at(-1)
    const sequence = (last?.sequence ?? 0) + 1
    const unhashed: Event = {
      ...draft,
      id: `ev-${chain}-${sequence}`,
      chain,
      sequence,
      time: instantOf(now),
      actor: actor.id,
      actor_type: actor.type,
      details: { ...details },
      previous_hash: last?.hash ?? genesis,
      hash: '',
    }
    added.push({ ...unhashed, hash: hashOf(unhashed) })
  }
  return added
}

/** Whether these are all the events of one chain from its first, unchanged and in order. */
export const isUnbroken = (chain: string, events: readonly Event[]): boolean =>
  events.every(
    (entry, index) =>
      entry.chain === chain &&
      entry.sequence === index + 1 &&
      entry.previous_hash === (events[index - 1]?.hash ?? genesis) &&
      entry.hash === hashOf(entry),
  )
