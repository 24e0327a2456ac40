import { type Draft, step } from '../model/change.ts'
import { digestOf, sha256 } from '../model/digest.ts'
import type { Mandate } from '../model/gate.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import { isAwaited } from '../model/patience.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import type { Rules } from '../model/requirement.ts'
import { instantOf, later } from '../model/time.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import { differencesOf } from '../pki/compare.ts'
import type { Authority } from '../ports/authority.ts'
import { carryOut, type Result } from './carry-out.ts'
import {
  checkRenewable,
  claim,
  complete,
  fail,
  failFinal,
  type KeylessDeps,
  maximumAttempts,
  postpone,
  prepare,
  signingIssuer,
} from './issue-certificate.ts'
import { checkPlan } from './rebuild-plan.ts'
import { type RevokeAtAuthorityDeps, revokeAtAuthority } from './revoke-at-authority.ts'

export type AuthorityDeps = KeylessDeps &
  RevokeAtAuthorityDeps & {
    readonly authority: Authority
    /** What became of what AWS answered with an error: it never will be, may be asked for later, or may be done. */
    readonly outcomeOf: (error: unknown) => 'never' | 'not_now' | 'unknown'
    /** Delivers the job again after so many seconds. */
    readonly again: (job_id: string, seconds: number) => Promise<void>
  }

type Leaf = Extract<JobContent, { type: 'Issuance' | 'Renewal' }>

/** AWS forgets an idempotency token after five minutes: past these, an order might be a second one. */
const orderSeconds = 240

/**
 * Since when AWS may have an order of which nobody knows: the first that was about to be
 * placed and of which it is not on record that AWS turned it away. Null for none.
 */
const openSince = ({ events }: JobFile): string | null =>
  events.find(
    ({ type }, index) => type === 'issuance_planned' && events[index + 1]?.type !== 'issuance_postponed',
  )?.time ?? null

/** How long a certificate may take, and how often it is asked for. */
const patienceSeconds = 3600
const pauseSeconds = 3

/** The same for every order of one job, and for no other: AWS takes 36 characters. */
const tokenOf = ({ job }: JobFile): string => digestOf({ job_id: job.id, digest: job.digest }).slice(0, 36)

const orderIn = ({ events }: JobFile): { readonly arn: string; readonly time: string } | null => {
  const event = events.findLast(({ type }) => type === 'certificate_ordered')
  const arn = event?.details.certificate_arn
  return event === undefined || typeof arn !== 'string' ? null : { arn, time: event.time }
}

const secondsSince = (instant: string, now: Date): number => (now.getTime() - Date.parse(instant)) / 1000

/** Puts the order on record; from then on it is asked for, and never placed again. */
const ordered = async (
  deps: AuthorityDeps,
  file: JobFile,
  arn: string,
): Promise<JobFile | 'in_other_hands'> => {
  const now = deps.now()
  const actor = { id: deps.worker, type: 'System' } as const
  const draft: Draft = {
    type: 'certificate_ordered',
    actor,
    details: { certificate_arn: arn, idempotency_token: tokenOf(file) },
  }
  // Nobody is at work while AWS is: the lease only says when to look again.
  const lease = { holder: deps.worker, until: instantOf(later(now, pauseSeconds - 1)) }
  const change = step(file, { lease }, [draft], now)
  if ((await deps.jobs.commit(change)) !== 'committed' || change.job === null) return 'in_other_hands'
  return { ...file, job: change.job, events: [...file.events, ...change.events] }
}

/** Whether to order again would have AWS make a second certificate, had it made one. */
const mayBeSecond = (file: JobFile, now: Date): boolean => {
  const since = openSince(file)
  return since !== null && (secondsSince(since, now) > orderSeconds || file.job.attempts >= maximumAttempts)
}

/** Ends a job whose certificate may be at AWS, and leaves what it takes to find and revoke it there. */
const failUnknown = (deps: AuthorityDeps, file: JobFile): Promise<Result> => {
  const idempotency_token = tokenOf(file)
  const said = 'it is not known whether AWS made the certificate, so it is not ordered twice'
  const where = `CloudTrail has the order, if there is one, as IssueCertificate with ${idempotency_token}`
  return fail(deps, file, `${said}: ${where}`, { idempotency_token, ordered_since: openSince(file) })
}

/**
 * AWS does not begin what it turns away: that is put on record, and the order is made
 * anew later. What it will never take, or has not taken for a day, fails the job.
 */
const notTaken = async (deps: AuthorityDeps, claimed: JobFile, error: unknown): Promise<Result> => {
  const outcome = deps.outcomeOf(error)
  const { issuance, events } = claimed
  if (outcome === 'unknown' || issuance === null || !(error instanceof Error)) throw error
  if (outcome === 'not_now' && isAwaited(issuance, deps.now())) {
    await postpone(deps, claimed, error)
    throw error
  }
  const before = { ...claimed, events: events.slice(0, -1) }
  if (openSince(before) !== null) return failUnknown(deps, claimed)
  return fail(deps, claimed, `AWS Private CA took no order for it: ${error.name}`)
}

/** Claims the job, orders its certificate once, and puts the order on record. */
const order = async (
  deps: AuthorityDeps,
  file: JobFile,
  content: Leaf,
  issuer: Issuer,
): Promise<JobFile | Result> => {
  if (mayBeSecond(file, deps.now())) return failUnknown(deps, file)
  const { issuance } = prepare(file, content, { issuer, now: deps.now() })
  const claimed = await claim(deps, file, { issuance, issuer_id: issuer.id, key: issuer.key })
  if (claimed === null) return 'in_other_hands'
  const taken = await deps.authority
    .issue({
      authority: issuer.key,
      csr: Buffer.from(content.csr, 'base64'),
      plan: content.plan,
      period: issuance.period,
      token: tokenOf(file),
    })
    .then(
      (arn) => ({ arn }),
      (error: unknown) => notTaken(deps, claimed, error),
    )
  return typeof taken === 'string' ? taken : ordered(deps, claimed, taken.arn)
}

type Returned = { readonly issuer: Issuer; readonly der: Uint8Array }

/** Keeps what was returned apart, has it revoked, and fails the job: this certificate is not to be. */
const quarantine = async (
  deps: AuthorityDeps,
  file: JobFile,
  { issuer, der, reason, differences }: Returned & { reason: string; differences: readonly string[] },
): Promise<Result> => {
  const { serial } = readCertificate(der, 'plan_mismatch')
  await deps.authority.revoke({ authority: issuer.key, serial, reason: 'privilegeWithdrawn' })
  const error_message = reason.slice(0, 2000)
  const actor = { id: deps.worker, type: 'System' } as const
  const kept = { serial, sha256: sha256(der), certificate: Buffer.from(der).toString('base64') }
  const details = { ...kept, issuer_id: issuer.id, differences: [...differences] }
  const drafts: [Draft, Draft] = [
    { type: 'certificate_quarantined', actor, details },
    { type: 'issuance_failed', actor, details: { reason: error_message } },
  ]
  const change = step(file, { status: 'Failed', error_message }, drafts, deps.now())
  return (await deps.jobs.commit(change)) === 'committed' ? 'done' : 'in_other_hands'
}

/** AWS says so where it failed at what it took; any other fault says nothing of the certificate. */
const notMade = (deps: AuthorityDeps, file: JobFile, arn: string, error: unknown): Promise<Result> => {
  if (deps.outcomeOf(error) !== 'never' || !(error instanceof Error)) throw error
  return fail(deps, file, `AWS could not make ${arn}: ${error.name}`)
}

/** Asks once for an ordered certificate. What is not ready is asked for again later, by whoever gets the message. */
const fetched = async (deps: AuthorityDeps, file: JobFile, issuer: Issuer): Promise<Returned | Result> => {
  const placed = orderIn(file)
  if (placed === null) throw new Error(`${file.job.id} has no order on record`)
  const { arn, time } = placed
  const made = await deps.authority.certificate({ authority: issuer.key, certificate_arn: arn }).then(
    (der) => ({ der }),
    (error: unknown) => notMade(deps, file, arn, error),
  )
  if (typeof made === 'string') return made
  if (made.der !== null) return { issuer, der: made.der }
  if (secondsSince(time, deps.now()) > patienceSeconds)
    return fail(deps, file, `AWS did not make ${arn} within an hour`)
  await deps.again(file.job.id, pauseSeconds)
  return 'in_other_hands'
}

/** What comes back counts only as far as it is what was approved. */
const collect = async (
  deps: AuthorityDeps,
  file: JobFile,
  content: Leaf,
  { issuer, document }: { readonly issuer: Issuer; readonly document: ProfileDocument | null },
): Promise<Result> => {
  const returned = await fetched(deps, file, issuer)
  if (typeof returned === 'string') return returned
  if (file.issuance === null) throw new Error(`${file.job.id} has no plan on record`)
  const { plan } = content
  const { der } = returned
  const issuer_spki = Buffer.from(issuer.spki, 'base64')
  const differences = differencesOf(der, { plan, period: file.issuance.period, issuer_spki }).map(
    ({ detail }) => detail,
  )
  if (differences.length === 0) return complete(deps, file, { der, parent: issuer, document })
  const reason = `what came back is not what was approved: ${differences.join('; ')}`
  return quarantine(deps, file, { ...returned, reason, differences })
}

/** What a rule refuses after it was ordered is made all the same: it is fetched, and revoked. */
const takeBack = async (
  deps: AuthorityDeps,
  file: JobFile,
  content: Leaf,
  refusal: Refusal,
): Promise<Result> => {
  const issuer = await deps.issuers.get(content.plan.issuer.id)
  if (issuer === null || orderIn(file) === null) throw refusal
  const returned = await fetched(deps, file, issuer)
  if (typeof returned === 'string') return returned
  return quarantine(deps, file, { ...returned, reason: refusal.message, differences: [refusal.message] })
}

const allowed = async (deps: AuthorityDeps, file: JobFile, content: Leaf, rules: Rules): Promise<Issuer> => {
  checkPlan(content, rules.pinned, deps.status_url)
  const issuer = await signingIssuer(deps, content)
  if (issuer === null) throw new Refusal('issuer_inactive', 'no issuer')
  await checkRenewable(deps, content, file.issuance)
  return issuer
}

const issue = async (deps: AuthorityDeps, { file }: Mandate, rules: Rules): Promise<Result> => {
  const { content, job } = file
  if (content.type === 'Revocation' && job.queue === 'acm-pca') return revokeAtAuthority(deps, file, content)
  if (!('csr' in content) || content.plan.issuer.type !== 'acm-pca')
    throw new Refusal(
      'mandate_refused',
      'AWS Private CA is asked for end-entity certificates of its own alone, and to revoke them',
    )
  const issuer = await allowed(deps, file, content, rules).catch((error: unknown) => {
    if (error instanceof Refusal) return error
    throw error
  })
  if (issuer instanceof Refusal) return takeBack(deps, file, content, issuer)
  const known = orderIn(file) === null ? await order(deps, file, content, issuer) : file
  const document = rules.current?.document ?? null
  return typeof known === 'string' ? known : collect(deps, known, content, { issuer, document })
}

/**
 * Issues by AWS Private CA: mandate, plan on record, one order, and then a
 * look whenever the job is delivered, until the certificate is there. It is
 * compared with the plan before it counts. Revokes there what was revoked here.
 */
export const issueByAuthority = (deps: AuthorityDeps, job_id: string): Promise<Result> =>
  carryOut(deps, job_id, (mandate, rules) => failFinal(deps, job_id, () => issue(deps, mandate, rules)))
