import type { Certificate, CertificateVersion } from './certificate.ts'
import type { Delegation } from './delegation.ts'
import { append, type Event, type EventDraft } from './event.ts'
import type { Compromise, Grant, GrantUse, SpentPlace } from './grant.ts'
import type { Issuer, IssuerRequest } from './issuer.ts'
import type { Job, JobContent, JobFile } from './job.ts'
import { isTerminal, mayBecome } from './job.ts'
import type { PrincipalStep } from './principal-change.ts'
import type { ProfileVersion } from './profile.ts'
import type { NextCsr, Renewal } from './renewal.ts'
import type { SpentLine } from './renewal-batch.ts'
import type { RevocationEntry, SerialStatus } from './revocation.ts'
import { instantOf } from './time.ts'

/** An answer already given to a POST, to be given again for the same `Idempotency-Key`. */
export type Replay = {
  readonly principal_id: string
  readonly key: string
  readonly request_sha256: string
  readonly status: number
  readonly body: unknown
  readonly expires_at: string
}

/**
 * What is stored together with a step, each with its own condition:
 * `new` must not exist yet (but for the renewal of a new version, which
 * replaces whatever was known of the one before it: the certificate's own
 * condition guards it); `next` replaces the version before its own; a
 * `require` only looks, and fails the whole step if the world has moved on.
 */
export type Write =
  | { readonly write: 'content'; readonly job_id: string; readonly content: JobContent }
  | { readonly write: 'new_certificate' | 'next_certificate'; readonly certificate: Certificate }
  | { readonly write: 'new_certificate_version'; readonly version: CertificateVersion }
  | {
      readonly write: 'revoked_certificate_version'
      readonly version: CertificateVersion
      /** What must still be stored as its `revoked_at`. */
      readonly before: string | null
    }
  | { readonly write: 'new_renewal' | 'next_renewal'; readonly renewal: Renewal }
  | { readonly write: 'next_csr'; readonly csr: NextCsr }
  | { readonly write: 'new_serial' | 'next_serial'; readonly serial: SerialStatus }
  | { readonly write: 'revocation_entry'; readonly entry: RevocationEntry }
  | { readonly write: 'profile'; readonly profile: ProfileVersion }
  | { readonly write: 'issuer'; readonly issuer: Issuer }
  | { readonly write: 'issuer_request'; readonly request: IssuerRequest }
  | { readonly write: 'grant'; readonly grant: Grant }
  | { readonly write: 'grant_use'; readonly use: GrantUse }
  /** A place is spent once, or looked up by whoever signs the same once more. */
  | { readonly write: 'spent_place' | 'require_spent_place'; readonly place: SpentPlace }
  /** And so is a line of a batch. */
  | { readonly write: 'spent_line' | 'require_spent_line'; readonly line: SpentLine }
  | { readonly write: 'compromise'; readonly compromise: Compromise }
  | { readonly write: 'replay'; readonly replay: Replay }
  /** What happens to a principal by a job: with the event on the principal's own chain. */
  | { readonly write: 'principal_step'; readonly step: PrincipalStep }
  | { readonly write: 'require_principal'; readonly id: string; readonly version: number }
  | { readonly write: 'require_profile'; readonly id: string; readonly version: number }
  | { readonly write: 'require_issuer'; readonly id: string }
  /** That an issuer which is known to exist was neither retired nor revoked: a row of its own, cheaper to look at. */
  | { readonly write: 'require_no_end'; readonly id: string }
  /** That nobody withdrew it. */
  | { readonly write: 'require_grant'; readonly id: string; readonly certificate_id: string }
  /** Whoever gives their word must be who they were when they were let in. */
  | { readonly write: 'require_principal'; readonly id: string; readonly version: number }
  | { readonly write: 'require_delegation'; readonly delegation: Delegation }

/**
 * A step as a value: the job as it will be, what happened, and what is stored
 * with it. All of it is committed in one transaction, or none.
 */
export type Change = {
  /**
   * Its version is one above what must be stored now; 1 means that nothing may
   * be. Null where there is only something to put on record.
   */
  readonly job: Job | null
  readonly events: readonly [Event, ...Event[]]
  readonly writes: readonly Write[]
}

export const snapshotOf = (job: Job): NonNullable<Event['job']> => ({
  id: job.id,
  type: job.type,
  status: job.status,
  queue: job.queue,
  approval_state: job.approval?.state ?? null,
  profile_id: job.profile_id,
  created_at: job.created_at,
})

export type Draft = Omit<EventDraft, 'job' | 'resource'>

const linked = (job: Job, earlier: readonly Event[], drafts: readonly [Draft, ...Draft[]], now: Date) => {
  const [first, ...rest] = append(
    job.id,
    earlier,
    drafts.map((draft) => ({ ...draft, job: snapshotOf(job), resource: job.certificate_id ?? job.id })),
    now,
  )
  if (first === undefined) throw new TypeError('a step without an event')
  return [first, ...rest] as const
}

/** The first step of a job. */
export const begin = (
  job: Job,
  drafts: readonly [Draft, ...Draft[]],
  writes: readonly Write[],
  now: Date,
): Change => ({ job, events: linked(job, [], drafts, now), writes })

type Moved = Partial<
  Pick<Job, 'status' | 'queue' | 'approval' | 'lease' | 'attempts' | 'progress' | 'error_message'>
>

/** A further step of a job. A step that the state machine does not have is a fault of ours, not a rule. */
export const step = (
  file: JobFile,
  moved: Moved,
  drafts: readonly [Draft, ...Draft[]],
  now: Date,
  writes: readonly Write[] = [],
): Change => {
  const to = moved.status ?? file.job.status
  if (to !== file.job.status && !mayBecome(file.job.status, to))
    throw new TypeError(`a job never goes from ${file.job.status} to ${to}`)
  const lease = isTerminal(to) ? null : (moved.lease ?? file.job.lease)
  const job: Job = {
    ...file.job,
    ...moved,
    lease,
    version: file.job.version + 1,
    updated_at: instantOf(now),
  }
  return { job, events: linked(job, file.events, drafts, now), writes }
}
