import type { Certificate } from './certificate.ts'
import type { EventType } from './event.ts'
import { isTerminal, type Job } from './job.ts'
import type { ProfileVersion } from './profile.ts'
import { opensAt, planned, type Renewal, renewalPolicyOf } from './renewal.ts'
import { type Alert, alertsDue, theEnd, type Urgency } from './renewal-alerts.ts'
import { defaultRenewalPolicy, type RenewalPolicy } from './renewal-policy.ts'
import { backoffSeconds, lookSeconds, windowOf } from './renewal-window.ts'
import { instantOf, later } from './time.ts'

/** All that is known when somebody looks at a row whose time has come. */
export type Sight = {
  readonly row: Renewal
  readonly certificate: Certificate
  /** Why the newest version is revoked, where it is. */
  readonly revocation_reason: string | null
  /** The profile in force; null where there is none any more. */
  readonly profile: ProfileVersion | null
  /** Of an open renewal; null where it cannot be found or read. */
  readonly job: Job | null
  /** Whether there is a CSR that the profile lets a renewal use. */
  readonly has_csr: boolean
  readonly now: Date
}

/** Something that the owner is told. */
export type Tiding = {
  readonly type: Extract<EventType, 'renewal_needs_csr' | 'certificate_expiring' | 'renewal_failed'>
  readonly details: Readonly<Record<string, string | number | boolean | null>>
}

/** What follows from a look: a job is to be opened, or the row is put back, changed, with what the owner is told. */
export type Step =
  | { readonly step: 'open'; readonly escalated: boolean }
  | { readonly step: 'put'; readonly row: Renewal; readonly tidings: readonly Tiding[] }

const day = 86_400

const documentOf = ({ profile }: Sight) => (profile?.status === 'active' ? profile.document : null)

const policyOf = (sight: Sight): RenewalPolicy => {
  const document = documentOf(sight)
  return document === null ? defaultRenewalPolicy : renewalPolicyOf(document)
}

const put = (sight: Sight, row: Renewal, tidings: readonly Tiding[] = []): Step => {
  const now = instantOf(sight.now)
  const look_at = row.state === 'open' ? instantOf(later(sight.now, lookSeconds(row, policyOf(sight)))) : null
  return { step: 'put', row: planned(row, documentOf(sight), { now, look_at }), tidings }
}

const failed = (row: Renewal, reason: string): Tiding => ({
  type: 'renewal_failed',
  details: { reason, not_after: row.not_after, attempts: row.attempts, job_id: row.job_id },
})

/** Left to people: they are told so, and the alerts go on. */
const exhausted = (sight: Sight, reason: string): Step => {
  const row: Renewal = { ...sight.row, state: 'exhausted', last_error: reason.slice(0, 2000) }
  return put(sight, row, [failed(row, row.last_error ?? '')])
}

/** An attempt that came to nothing: another one later, or none any more. */
export const afterFailure = (sight: Sight, reason: string): Step => {
  const policy = policyOf(sight)
  const { row, now } = sight
  if (row.attempts >= policy.max_attempts) return exhausted(sight, reason)
  const retry_at = instantOf(later(now, backoffSeconds(row, policy, row.attempts)))
  return put(sight, { ...row, state: 'scheduled', retry_at, last_error: reason.slice(0, 2000) })
}

/** The job of an open renewal is over, and it issued nothing. */
const afterJob = (sight: Sight, job: Job | null): Step => {
  const { row } = sight
  // Somebody's own request: the schedule goes on as if there had been none.
  if (row.back_to !== null) return put(sight, { ...row, state: row.back_to, back_to: null })
  const back: Renewal = { ...row, state: 'scheduled' }
  const reason = job?.error_message ?? 'the job cannot be read'
  // A person said no. The schedule does not ask again.
  if (job?.approval?.state === 'rejected') return exhausted(sight, reason)
  if (job?.approval?.state !== 'expired') return afterFailure(sight, reason)
  const expired_approvals = row.expired_approvals + 1
  const counted = { ...sight, row: { ...row, expired_approvals } }
  return expired_approvals > 1
    ? exhausted(counted, 'nobody decided, twice')
    : put(sight, { ...back, expired_approvals, retry_at: null, last_error: reason })
}

/** An expiry with an approval pending is the loudest there is: one person's word would have prevented it. */
const urgencyOf = ({ threshold, urgency }: Alert, job: Job | null): Urgency =>
  threshold === theEnd && job?.status === 'AwaitingApproval' ? 'emergency' : urgency

const alerted = (sight: Sight, due: readonly Alert[], last: Alert): Step => {
  const { row, job, now } = sight
  const details = {
    threshold: last.threshold,
    not_after: row.not_after,
    seconds_left: Math.round((Date.parse(row.not_after) - now.getTime()) / 1000),
    urgency: urgencyOf(last, job),
    renewal: row.state,
    awaiting_approval: job?.status === 'AwaitingApproval',
    job_id: row.state === 'open' ? row.job_id : null,
  }
  const given = { ...row, alerts: [...row.alerts, ...due.map(({ threshold }) => threshold)] }
  return put(sight, given, [{ type: 'certificate_expiring', details }])
}

/** By when a CSR must be there, if the renewal is to be through before the certificate ends. */
export const csrDeadline = (row: Renewal, { document }: ProfileVersion): string => {
  const policy = renewalPolicyOf(document)
  const { at, opens_at } = windowOf(row, policy)
  const forApproval = document.requires_approval ? Date.parse(at) - Date.parse(opens_at) : 0
  return instantOf(new Date(Date.parse(row.not_after) - forApproval))
}

const needsCsr = (sight: Sight, profile: ProfileVersion): Step => {
  const row: Renewal = { ...sight.row, state: 'needs_csr' }
  const details = { deadline: csrDeadline(row, profile), not_after: row.not_after, profile_id: profile.id }
  return put(sight, row, [{ type: 'renewal_needs_csr', details }])
}

/** No sweep looks at it again. */
const never = (row: Renewal, reason: string): Step => ({
  step: 'put',
  row: { ...row, state: 'off', next_at: null, last_error: reason },
  tidings: [],
})

/** A hold can end: then the certificate renews as before. What is revoked for good never does. */
const revoked = ({ row, now, revocation_reason }: Sight): Step => {
  const again = instantOf(later(now, day))
  if (revocation_reason !== 'certificateHold' || row.not_after <= instantOf(now))
    return never(row, `the certificate is revoked`)
  return { step: 'put', row: { ...row, next_at: again }, tidings: [] }
}

/** Whether the rules let it renew by itself; null where nothing changes by that. */
const switched = (sight: Sight): Step | null => {
  const { row, profile } = sight
  const document = documentOf(sight)
  if (document !== null && renewalPolicyOf(document).enabled)
    return row.state === 'off' ? put(sight, { ...row, state: 'scheduled', last_error: null }) : null
  if (row.state === 'off') return null
  const reason =
    document === null
      ? `profile ${row.profile_id} is gone`
      : `profile ${profile?.id} does not renew by itself`
  const off: Renewal = { ...row, state: 'off', last_error: reason }
  return put(sight, off, document === null ? [failed(off, reason)] : [])
}

/** Only a job that is over without a certificate counts: a completed one has written the row anew. */
const isOver = (job: Job | null): boolean =>
  job === null || (isTerminal(job.status) && job.status !== 'Completed')

/**
 * One step of one certificate's renewal, decided from what is stored: at most
 * one thing at a time, until there is nothing to do before `next_at`.
 */
export const lookAt = (sight: Sight): Step => {
  const { row, certificate, profile, job, has_csr, now } = sight
  if (certificate.status !== 'Active') return revoked(sight)
  if (row.state === 'open' && isOver(job)) return afterJob(sight, job)
  const due = alertsDue(row, policyOf(sight), now)
  const last = due.at(-1)
  if (last !== undefined) return alerted(sight, due, last)
  if (row.state === 'open') return put(sight, row)
  const turned = switched(sight)
  if (turned !== null) return turned
  const document = documentOf(sight)
  if (document === null || profile === null) return put(sight, row)
  const waits = row.state === 'scheduled' && opensAt(row, document) > instantOf(now)
  if (waits || (row.state !== 'scheduled' && row.state !== 'needs_csr')) return put(sight, row)
  if (!has_csr) return row.state === 'needs_csr' ? put(sight, row) : needsCsr(sight, profile)
  return { step: 'open', escalated: row.expired_approvals > 0 }
}
