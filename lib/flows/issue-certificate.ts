import { randomUUID } from 'node:crypto'
import { type Draft, step, type Write } from '../model/change.ts'
import { digestOf } from '../model/digest.ts'
import { isAbandoned } from '../model/due.ts'
import { batchPlaceOf, type Mandate, placeOf } from '../model/gate.ts'
import type { Issuer } from '../model/issuer.ts'
import type { Issuance, JobFile } from '../model/job.ts'
import { isAwaited, pauseBefore } from '../model/patience.ts'
import { Refusal } from '../model/refusal.ts'
import type { Rules } from '../model/requirement.ts'
import { instantOf, later } from '../model/time.ts'
import { periodFor, tbsCertificate } from '../pki/certificate.ts'
import { issuerSince } from '../pki/check-issuer.ts'
import { type LintedCertificate, lintCertificate } from '../pki/lint.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Signer } from '../ports/keys.ts'
import type { SerialStatuses } from '../ports/revocation.ts'
import type { Issuers } from '../ports/rules.ts'
import { type CarryOutDeps, carryOut, type Result } from './carry-out.ts'
import { checkPlan } from './rebuild-plan.ts'
import { type Issuing, issuedWrites, type Signed } from './record-issuance.ts'
import { signMandated } from './sign-certificate.ts'
import { signRequest } from './sign-request.ts'

export type IssueDeps = CarryOutDeps & {
  readonly issuers: Pick<Issuers, 'get'>
  readonly certificates: Pick<Certificates, 'get'>
  readonly serials: SerialStatuses
  readonly signer: Signer
  /** Whether the signer failed for a reason that has nothing to do with the job. */
  readonly isUnavailable: (error: unknown) => boolean
  /** Where relying parties were told to look: part of what every plan says. */
  readonly status_url: string
}

/** What it takes to issue, but for a key. */
export type KeylessDeps = Omit<IssueDeps, 'signer' | 'isUnavailable'>

type Leaf = Exclude<Issuing, { type: 'IssuerChange' }>

/** How long a worker may hold a job, in seconds: longer than its function may run. */
export const leaseSeconds = 60

/** How often a job is begun before it fails for good. */
export const maximumAttempts = 5

/** Who signs: the issuer that was approved, still active, with the very certificate that was approved; null for a root. */
export const signingIssuer = async (
  deps: Pick<IssueDeps, 'issuers'>,
  content: Issuing,
): Promise<Issuer | null> => {
  if (content.type === 'IssuerChange' && content.parent_id === null) return null
  const issuer = await deps.issuers.get(content.plan.issuer.id)
  if (issuer === null || issuer.status !== 'active')
    throw new Refusal('issuer_inactive', `issuer ${content.plan.issuer.id} does not issue`)
  if (digestOf(issuer.facts) !== digestOf(content.plan.issuer))
    throw new Refusal('plan_mismatch', 'the issuer is not the one that was approved')
  await checkAbove(deps, issuer)
  return issuer
}

/** No longer than any chain that an issuer can have. */
const mostAbove = 8

/** Below a CA whose certificate was revoked nothing is believed: what would be signed there is worth nothing. */
const checkAbove = async (deps: Pick<IssueDeps, 'issuers'>, { id, parent_id }: Issuer): Promise<void> => {
  let above = parent_id
  for (let depth = 0; above !== null && depth < mostAbove; depth += 1) {
    const parent = await deps.issuers.get(above)
    if (parent === null || parent.revoked_at !== null)
      throw new Refusal('issuer_inactive', `issuer ${above} above ${id} is revoked or missing`)
    above = parent.parent_id
  }
}

/**
 * A certificate that was revoked meanwhile gets no new version, and neither does
 * one that was bound to another profile: what was asked for under the old one is
 * not what people bound it to. What was renewed since a batch was planned is not
 * renewed once more; but what is on record as about to be signed is finished.
 */
export const checkRenewable = async (
  deps: Pick<IssueDeps, 'certificates'>,
  content: Leaf,
  issuance: Issuance | null,
): Promise<void> => {
  const { certificate_id: id, profile_id } = content
  const certificate = await deps.certificates.get(id)
  if (certificate !== null && certificate.profile_id !== profile_id)
    throw new Refusal(
      'certificate_not_renewable',
      `certificate ${id} is bound to ${certificate.profile_id} now`,
    )
  if (certificate === null || certificate.status === 'Revoked')
    throw new Refusal('certificate_not_renewable', `certificate ${id} is missing or revoked`)
  const fresh = issuance === null && content.type === 'Renewal' && content.batch !== undefined
  if (fresh && content.replaces !== certificate.current_version)
    throw new Refusal('certificate_not_renewable', `certificate ${id} was renewed since this was planned`)
}

/** Two people may have asked for an issuer of one name: the second gets none, and no key is used for it. */
const checkNewIssuer = async (deps: IssueDeps, id: string): Promise<void> => {
  if ((await deps.issuers.get(id)) !== null)
    throw new Refusal('issuer_invalid', `issuer ${id} exists already`)
}

/** What was put on record before, or what will be: serial, period and the hash of all that is signed. */
export const prepare = (
  file: JobFile,
  content: Issuing,
  { issuer, now }: { readonly issuer: Issuer | null; readonly now: Date },
): { issuance: Issuance; linted: LintedCertificate } => {
  const { plan } = content
  const period = file.issuance?.period ?? periodFor(plan, now, issuerSince(issuer))
  const linted = lintCertificate(tbsCertificate(plan, period), plan, period)
  const { tbs_sha256 } = linted
  if (file.issuance !== null && file.issuance.tbs_sha256 !== tbs_sha256)
    throw new Refusal('plan_mismatch', 'a retry would sign something else than was put on record')
  const issuance = file.issuance ?? {
    job_id: file.job.id,
    serial: plan.serial,
    period,
    tbs_sha256,
    planned_at: instantOf(now),
  }
  return { issuance, linted }
}

type Claiming = {
  readonly issuance: Issuance
  readonly issuer_id: string
  /** The CA key or the authority that will sign. */
  readonly key: string
}

/**
 * Under a standing grant, a place is spent in the step that puts on record what
 * will be signed there, in rows that signers alone can write: whoever else
 * forges jobs gets no more renewals of it than people approved. In the same step
 * the grant must still stand.
 */
const placeWrites = (file: JobFile, time: string): readonly Write[] => {
  const { job, content, issuance } = file
  const place = placeOf(file)
  if (place === null || content.type !== 'Renewal') return []
  const spent = { ...place, job_id: job.id, digest: job.digest, time }
  if (issuance !== null) return [{ write: 'require_spent_place', place: spent }]
  return [
    { write: 'require_grant', id: place.id, certificate_id: content.certificate_id },
    { write: 'require_profile', id: content.profile_id, version: content.profile_version },
    { write: 'spent_place', place: spent },
  ]
}

/** Each line of a batch is spent in the same way: once, for the very content that was approved there. */
const lineWrites = (file: JobFile, time: string): readonly Write[] => {
  const place = batchPlaceOf(file)
  if (place === null) return []
  const { job, issuance } = file
  const line = { ...place, spent_by: job.id, digest: job.digest, time }
  return [{ write: issuance === null ? 'spent_line' : 'require_spent_line', line }]
}

/** What a claim may find that no retry changes. */
const unclaimable: Readonly<Record<string, string>> = {
  require_grant: 'the standing grant was withdrawn',
  require_profile: 'the profile that the grant was given under was changed',
  spent_place: 'another job was signed in this place of the grant',
  spent_line: 'another job was signed for this line of the batch',
  require_spent_line: 'another job was signed for this line of the batch',
  require_spent_place: 'another job was signed in this place of the grant',
}

/**
 * Takes the job and puts on record what will be signed, in one transaction;
 * null where another worker was faster. A serial that has been issued already
 * is refused: nobody brings a job back to sign it a second time. It is looked up
 * just before: whatever is under way at the same moment shows in no row yet,
 * and the one that comes second to its end finds the serial there.
 */
export const claim = async (
  deps: KeylessDeps,
  file: JobFile,
  { issuance, issuer_id, key }: Claiming,
): Promise<JobFile | null> => {
  const now = deps.now()
  const { serial, period, tbs_sha256 } = issuance
  if ((await deps.serials.get(issuer_id, serial)) !== null)
    throw new Refusal('mandate_refused', 'the serial was issued before')
  const attempts = file.job.attempts + 1
  const change = step(
    file,
    {
      status: 'Running',
      attempts,
      lease: { holder: `${deps.worker}/${randomUUID()}`, until: instantOf(later(now, leaseSeconds)) },
    },
    [
      {
        type: 'issuance_planned',
        actor: { id: deps.worker, type: 'System' },
        details: {
          digest: file.job.digest,
          serial,
          ...period,
          tbs_sha256,
          attempt: attempts,
          key,
          ...(isAbandoned(file, now) ? { reclaimed: true } : {}),
        },
      },
    ],
    now,
    [...placeWrites(file, instantOf(now)), ...lineWrites(file, instantOf(now))],
  )
  const stored = await deps.jobs.commit(change)
  const refusal = stored === 'committed' ? undefined : unclaimable[stored.conflict]
  if (refusal !== undefined) throw new Refusal('mandate_refused', refusal)
  if (stored !== 'committed' || change.job === null) return null
  return { ...file, job: change.job, issuance, events: [...file.events, ...change.events] }
}

/** Ends a job that can never succeed. Its certificate stays as usable and renewable as before. */
export const fail = async (
  deps: KeylessDeps,
  file: JobFile,
  reason: string,
  more: Draft['details'] = {},
): Promise<Result> => {
  const actor = { id: deps.worker, type: 'System' } as const
  const change = step(
    file,
    { status: 'Failed', error_message: reason.slice(0, 2000) },
    [{ type: 'issuance_failed', actor, details: { reason, ...more } }],
    deps.now(),
  )
  return (await deps.jobs.commit(change)) === 'committed' ? 'done' : 'in_other_hands'
}

/** Stores the certificate with the step that completes its job; again where the certificate moved meanwhile. */
export const complete = async (deps: KeylessDeps, file: JobFile, signed: Signed): Promise<Result> => {
  for (let round = 0; round < 5; round += 1) {
    const now = deps.now()
    const { writes, drafts } = await issuedWrites(deps, file, signed, now)
    const stored = await deps.jobs.commit(step(file, { status: 'Completed' }, drafts, now, writes))
    if (stored === 'committed') return 'done'
    if (stored.conflict !== 'next_certificate') return 'in_other_hands'
  }
  throw new Error(`the certificate of ${file.job.id} is too contended`)
}

/**
 * What is throttled, disabled or out of reach costs a job none of its attempts
 * for as long as it is waited for: nobody has to ask, and nobody to approve, once
 * more because KMS was away. Its message is delivered again all the same.
 */
export const postpone = async (deps: KeylessDeps, file: JobFile, error: unknown): Promise<void> => {
  const { job, issuance } = file
  const now = deps.now()
  if (job.lease === null || issuance === null || !isAwaited(issuance, now)) return
  const until = instantOf(later(now, pauseBefore(issuance, now)))
  const reason = error instanceof Error ? error.name : 'unknown'
  const actor = { id: deps.worker, type: 'System' } as const
  const draft = { type: 'issuance_postponed', actor, details: { reason, until } } as const
  const moved = { attempts: job.attempts - 1, lease: { ...job.lease, until } }
  await deps.jobs.commit(step(file, moved, [draft], now))
}

const signed = async (
  deps: IssueDeps,
  claimed: JobFile,
  sign: () => Promise<Uint8Array>,
): Promise<Uint8Array> => {
  try {
    return await sign()
  } catch (error) {
    if (deps.isUnavailable(error)) await postpone(deps, claimed, error)
    throw error
  }
}

const issue = async (deps: IssueDeps, mandate: Mandate, rules: Rules): Promise<Result> => {
  const { file } = mandate
  const { content } = file
  if (content.type === 'IssuerChange' && content.operation === 'request')
    return signRequest(deps, mandate, content)
  if (!('plan' in content)) throw new Refusal('mandate_refused', `no key signs for a ${content.type}`)
  if (file.job.attempts >= maximumAttempts)
    return fail(deps, file, `given up after ${maximumAttempts} attempts`)
  if (content.plan.issuer.type !== 'kms')
    throw new Refusal('mandate_refused', 'no key of ours signs for this issuer')
  if ('csr' in content) checkPlan(content, rules.pinned, deps.status_url)
  const parent = await signingIssuer(deps, content)
  if ('certificate_id' in content) await checkRenewable(deps, content, file.issuance)
  if ('issuer_id' in content) await checkNewIssuer(deps, content.issuer_id)
  const { issuance, linted } = prepare(file, content, { issuer: parent, now: deps.now() })
  const key = parent?.key ?? (content.type === 'IssuerChange' ? content.key : '')
  const claimed = await claim(deps, file, { issuance, issuer_id: content.plan.issuer.id, key })
  if (claimed === null) return 'in_other_hands'
  const issuer_spki = Buffer.from(parent?.spki ?? content.plan.public_key.spki, 'base64')
  const event_id = claimed.events.at(-1)?.id ?? ''
  const signing = { signer: deps.signer, key, issuer_spki, event_id }
  const der = await signed(deps, claimed, () => signMandated(mandate, linted, signing))
  return complete(deps, claimed, { der, parent, document: rules.current?.document ?? null })
}

const final: ReadonlySet<string> = new Set([
  'issuer_inactive',
  'issuer_invalid',
  'certificate_not_renewable',
  'profile_violation',
  'lint_failed',
  'plan_mismatch',
])

/** Carries out; what a rule refuses for good fails the job, and is not tried again. */
export const failFinal = async (
  deps: KeylessDeps,
  job_id: string,
  work: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refusal) || !final.has(error.code)) throw error
    const file = await deps.jobs.load(job_id)
    if (file === null || 'unreadable' in file) throw error
    return fail(deps, file, error.message)
  }
}

/**
 * Issues the certificate of a job: mandate, plan on record, signature,
 * certificate on record. A retry finds the plan and signs the same, so there
 * are never two certificates for a job.
 */
export const issueCertificate = (deps: IssueDeps, job_id: string): Promise<Result> =>
  carryOut(deps, job_id, (mandate, rules) => failFinal(deps, job_id, () => issue(deps, mandate, rules)))
