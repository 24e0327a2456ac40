import * as z from 'zod'
import type { Event, EventType } from './event.ts'
import { secondsBetween } from './time.ts'

/** What precedes an event's id in the user agent of a request to KMS. */
export const useMark = 'countersign'

const name = z.string().nullish()

/**
 * What CloudTrail tells of one call to `kms:Sign`, as EventBridge hands it on.
 * Never the digest: KMS does not log what it signs.
 */
export const signRecord = z.looseObject({
  eventName: z.literal('Sign'),
  eventTime: z.iso.datetime(),
  requestID: z.string().min(1).max(128),
  errorCode: name,
  userAgent: name,
  userIdentity: z.looseObject({
    arn: name,
    sessionContext: z.looseObject({ sessionIssuer: z.looseObject({ arn: name }).nullish() }).nullish(),
  }),
  resources: z.array(z.looseObject({ ARN: name })).nullish(),
})

/** One use of a CA key, or one attempt that KMS turned away. */
export type KeyUse = {
  readonly request_id: string
  readonly time: string
  readonly key_arn: string | null
  /** The role, whatever its session; else who it was. */
  readonly by: string | null
  /** The event that the caller says it is for. */
  readonly event_id: string | null
  readonly error: string | null
}

const marked = new RegExp(`(?:^| )${useMark}/(ev-[a-z0-9-]{1,200})(?: |$)`)

export const keyUseOf = (record: z.output<typeof signRecord>): KeyUse => ({
  request_id: record.requestID,
  time: new Date(record.eventTime).toISOString(),
  key_arn: record.resources?.[0]?.ARN ?? null,
  by: record.userIdentity.sessionContext?.sessionIssuer?.arn ?? record.userIdentity.arn ?? null,
  event_id: marked.exec(record.userAgent ?? '')?.[1] ?? null,
  error: record.errorCode ?? null,
})

/** The events after which a CA key is used, and how often for each: an attempt has an event of its own. */
const uses: Partial<Record<EventType, number>> = {
  issuance_planned: 1,
  crl_planned: 1,
  responder_planned: 1,
  // A request for a parent outside certifies nothing; a second delivery signs it anew.
  issuer_change_requested: 5,
}

/** What a use is held against: what is on record, and which keys and roles this deployment has. */
export type UseEvidence = {
  readonly event: Event | null
  /** Of the key that the event's issuer signs with; null where that cannot be told. */
  readonly key_arn: string | null
  readonly signers: readonly string[]
  /** Uses on record for the same event, this one with them. */
  readonly count: number
}

/** A signature follows its event at once; clocks differ by less than this. */
const skewSeconds = 60

/** As long as a function of ours may run after it put its plan on record. */
const patienceSeconds = 15 * 60

/** Everything about a use of a CA key that the record does not account for. Nothing for one that it does. */
export function* useComplaints(
  use: KeyUse,
  { event, key_arn, signers, count }: UseEvidence,
): Generator<string> {
  if (use.by === null || !signers.includes(use.by)) yield 'it was used by somebody who is no signer'
  if (use.event_id === null) return yield 'it does not say which event it is for'
  if (event === null) return yield 'there is no such event'
  const most = uses[event.type]
  if (most === undefined) return yield `no key is used after ${event.type}`
  if (count > most) yield `it was used ${count} times for one event`
  if (key_arn === null || use.key_arn !== key_arn) yield 'it is not the key of that issuer'
  const after = secondsBetween(event.time, use.time)
  if (after < -skewSeconds) yield 'it was used before its event'
  if (after > patienceSeconds) yield 'it was used long after its event'
}

/** Calls that KMS turned away for being too many used no key, and were made again. */
export const isWorthALook = ({ error }: KeyUse): boolean => error === null || error.startsWith('AccessDenied')
