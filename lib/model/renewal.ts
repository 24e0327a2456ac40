import * as z from 'zod'
import { certificateId, jobId, profileId, requesterId } from './ids.ts'
import { derBase64, serialNumber } from './plan.ts'
import type { ProfileDocument } from './profile.ts'
import { alertsAhead } from './renewal-alerts.ts'
import { defaultRenewalPolicy, type RenewalPolicy } from './renewal-policy.ts'
import { instantAt, lookSeconds, momentsOf } from './renewal-window.ts'
import { instant, instantOf, later } from './time.ts'

/**
 * `scheduled`: renews by itself. `needs_csr`: waits for somebody to bring a
 * CSR. `open`: a job is under way. `exhausted`: left to people. `off`: its
 * rules are gone or say no, or it is revoked.
 */
export const renewalStates = ['scheduled', 'needs_csr', 'open', 'exhausted', 'off'] as const

/**
 * What the schedule knows of one certificate: of the renewal of its newest
 * version, and of nothing else. Issuing a version writes it anew; all that
 * comes after hangs on its `version`.
 */
export const renewal = z.strictObject({
  certificate_id: certificateId,
  version: z.int().min(1),
  certificate_version: z.int().min(1),
  profile_id: profileId,
  serial: serialNumber,
  issued_at: instant,
  not_after: instant,
  /** Whoever brought the CSR of this version: a renewal with the same CSR is on their behalf. */
  csr_by: requesterId,
  state: z.enum(renewalStates),
  /** When it wants looking after; null for never again. */
  next_at: instant.nullable(),
  /** Not before this, after an attempt that failed. */
  retry_at: instant.nullable(),
  /** The renewal that is open, or the last one that was. */
  job_id: jobId.nullable(),
  /** Where somebody asked for that one: the state that the schedule goes on from if it comes to nothing. */
  back_to: z.enum(renewalStates).nullable(),
  attempts: z.int().min(0),
  expired_approvals: z.int().min(0),
  /** Expiry alerts already given, by how long before the end they are due. */
  alerts: z.array(z.string()),
  last_error: z.string().max(2000).nullable(),
})

export type Renewal = Readonly<z.infer<typeof renewal>>

/** A CSR brought ahead of the renewal that will use it. */
export const nextCsr = z.strictObject({
  certificate_id: certificateId,
  version: z.int().min(1),
  csr: derBase64,
  spki_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  uploaded_by: requesterId,
  uploaded_at: instant,
  /** The renewal that took it; null while it waits. */
  used_by: jobId.nullable(),
})

export type NextCsr = Readonly<z.infer<typeof nextCsr>>

export const renewalPolicyOf = ({ renewal: policy }: ProfileDocument): RenewalPolicy =>
  policy ?? defaultRenewalPolicy

/** Whether a renewal waits for people before it can be carried out. */
export const takesPeople = (document: ProfileDocument): boolean =>
  document.requires_approval || !document.allow_key_reuse

const earliest = (...instants: readonly (string | null)[]): string | null =>
  instants.reduce((least, one) => (least === null || (one !== null && one < least) ? one : least), null)

/** When a scheduled renewal opens: earlier where it waits for people, later after an attempt that failed. */
export const opensAt = (row: Renewal, document: ProfileDocument): string => {
  const { at, opens_at } = momentsOf(row, renewalPolicyOf(document))
  const opens = instantAt(takesPeople(document) ? opens_at : at)
  return row.retry_at !== null && row.retry_at > opens ? row.retry_at : opens
}

/**
 * The row with the next moment at which there is something to do about it:
 * never one in the past, where no sweep looks any more. `look_at` is when an
 * open renewal is looked at.
 */
export const planned = (
  row: Renewal,
  document: ProfileDocument | null,
  { now, look_at = null }: { readonly now: string; readonly look_at?: string | null },
): Renewal => {
  const policy = document === null ? defaultRenewalPolicy : renewalPolicyOf(document)
  const [ahead] = alertsAhead(row, policy)
  const alert = ahead === undefined ? null : instantAt(ahead.at)
  const opens = row.state === 'scheduled' && document !== null ? opensAt(row, document) : null
  const next = earliest(opens, alert, look_at)
  return { ...row, next_at: next !== null && next < now ? now : next }
}

/** The row once a job is under way; whoever asked for it by name leaves the schedule's own count alone. */
export const openedRow = (
  row: Renewal,
  opening: {
    readonly job_id: string
    readonly by_schedule: boolean
    readonly document: ProfileDocument
    readonly now: Date
  },
): Renewal => {
  const { job_id, by_schedule, document, now } = opening
  const before = row.state === 'open' ? (row.back_to ?? 'scheduled') : row.state
  const next: Renewal = {
    ...row,
    version: row.version + 1,
    state: 'open',
    job_id,
    back_to: by_schedule ? null : before,
    attempts: row.attempts + (by_schedule ? 1 : 0),
  }
  const look_at = instantOf(later(now, lookSeconds(row, renewalPolicyOf(document))))
  return planned(next, document, { now: instantOf(now), look_at })
}

/** Numbers of rows begin anew with each version of a certificate, so that issuing one need not read the row before it. */
const rowsOfVersion = 1_000_000

/** What is known of a version the moment it is issued. */
export const scheduleOf = (
  issued: Pick<
    Renewal,
    'certificate_id' | 'certificate_version' | 'profile_id' | 'serial' | 'issued_at' | 'not_after' | 'csr_by'
  >,
  document: ProfileDocument,
): Renewal => {
  const row: Renewal = {
    ...issued,
    version: issued.certificate_version * rowsOfVersion,
    state: renewalPolicyOf(document).enabled ? 'scheduled' : 'off',
    next_at: null,
    retry_at: null,
    job_id: null,
    back_to: null,
    attempts: 0,
    expired_approvals: 0,
    alerts: [],
    last_error: null,
  }
  return planned(row, document, { now: issued.issued_at })
}
