import { type Draft, step } from '../model/change.ts'
import { digestOf, sha256 } from '../model/digest.ts'
import type { Mandate } from '../model/gate.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent, JobFile } from '../model/job.ts'
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
  prepare,
  signingIssuer,
} from './issue-certificate.ts'
import { checkPlan } from './rebuild-plan.ts'
import { type RevokeAtAuthorityDeps, revokeAtAuthority } from './revoke-at-authority.ts'

export type AuthorityDeps = KeylessDeps &
  RevokeAtAuthorityDeps & {
    readonly authority: Authority
    /** Delivers the job again after so many seconds. */
    readonly again: (job_id: string, seconds: number) => Promise<void>
  }

type Leaf = Extract<JobContent, { type: 'Issuance' | 'Renewal' }>

/** AWS forgets an idempotency token after five minutes: past these, an order might be a second one. */
const orderSeconds = 240

/** How long a certificate may take, and how often it is asked for. */
const patienceSeconds = 3600
const pauseSeconds = 3

/** The same for every order of one job, and for no other: AWS takes 36 characters. */
const tokenOf = ({ job }: JobFile): string => digestOf({ job_id: job.id, digest: job.digest }).slice(0, 36)

const orderedArn = ({ events }: JobFile): string | null => {
  const arn = events.findLast(({ type }) => type === 'certificate_ordered')?.details.certificate_arn
  return typeof arn === 'string' ? arn : null
}

const secondsSince = (instant: string, now: Date): number => (now.getTime() - Date.parse(instant)) / 1000

/** Puts the order on record; from then on it is asked for, and never placed again. */
const ordered = async (deps: AuthorityDeps, file: JobFile, arn: string): Promise<JobFile | null> => {
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
  if ((await deps.jobs.commit(change)) !== 'committed' || change.job === null) return null
  return { ...file, job: change.job, events: [...file.events, ...change.events] }
}

/** Claims the job, orders its certificate once, and puts the order on record. */
const order = async (deps: AuthorityDeps, file: JobFile, content: Leaf, issuer: Issuer) => {
  if (file.job.attempts >= maximumAttempts)
    throw new Refusal('plan_mismatch', `given up after ${maximumAttempts} attempts`)
  if (file.issuance !== null && secondsSince(file.issuance.planned_at, deps.now()) > orderSeconds)
    throw new Refusal(
      'plan_mismatch',
      'it is not known whether AWS made the certificate, so it is not ordered twice',
    )
  const { issuance } = prepare(file, content, { issuer, now: deps.now() })
  const claimed = await claim(deps, file, { issuance, issuer_id: issuer.id, key: issuer.key })
  if (claimed === null) return null
  const arn = await deps.authority.issue({
    authority: issuer.key,
    csr: Buffer.from(content.csr, 'base64'),
    plan: content.plan,
    period: issuance.period,
    token: tokenOf(file),
  })
  return ordered(deps, claimed, arn)
}

/** Keeps what was returned apart, has it revoked, and fails the job: nobody approved this certificate. */
const quarantine = async (
  deps: AuthorityDeps,
  file: JobFile,
  {
    issuer,
    der,
    differences,
  }: { issuer: Issuer; der: Uint8Array; differences: readonly { detail: string }[] },
): Promise<Result> => {
  const details = differences.map(({ detail }) => detail)
  const { serial } = readCertificate(der, 'plan_mismatch')
  await deps.authority.revoke({ authority: issuer.key, serial, reason: 'privilegeWithdrawn' })
  const reason = `what came back is not what was approved: ${details.join('; ')}`.slice(0, 2000)
  const actor = { id: deps.worker, type: 'System' } as const
  const kept = { serial, sha256: sha256(der), certificate: Buffer.from(der).toString('base64') }
  const drafts: [Draft, Draft] = [
    {
      type: 'certificate_quarantined',
      actor,
      details: { ...kept, issuer_id: issuer.id, differences: details },
    },
    { type: 'issuance_failed', actor, details: { reason } },
  ]
  const change = step(file, { status: 'Failed', error_message: reason }, drafts, deps.now())
  return (await deps.jobs.commit(change)) === 'committed' ? 'done' : 'in_other_hands'
}

/** Asks once for an ordered certificate. What is not ready is asked for again later, by whoever gets the message. */
const collect = async (
  deps: AuthorityDeps,
  file: JobFile,
  content: Leaf,
  { issuer, document }: { readonly issuer: Issuer; readonly document: ProfileDocument | null },
): Promise<Result> => {
  const arn = orderedArn(file)
  if (arn === null || file.issuance === null) throw new Error(`${file.job.id} has no order on record`)
  const der = await deps.authority.certificate({ authority: issuer.key, certificate_arn: arn })
  if (der === null) {
    if (secondsSince(file.issuance.planned_at, deps.now()) > patienceSeconds)
      return fail(deps, file, `AWS did not make ${arn} within an hour`)
    await deps.again(file.job.id, pauseSeconds)
    return 'in_other_hands'
  }
  const { plan } = content
  const issuer_spki = Buffer.from(issuer.spki, 'base64')
  const differences = differencesOf(der, { plan, period: file.issuance.period, issuer_spki })
  if (differences.length > 0) return quarantine(deps, file, { issuer, der, differences })
  return complete(deps, file, { der, parent: issuer, document })
}

const issue = async (deps: AuthorityDeps, { file }: Mandate, rules: Rules): Promise<Result> => {
  const { content, job } = file
  if (content.type === 'Revocation' && job.queue === 'acm-pca') return revokeAtAuthority(deps, file, content)
  if (!('csr' in content) || content.plan.issuer.type !== 'acm-pca')
    throw new Refusal(
      'mandate_refused',
      'AWS Private CA is asked for end-entity certificates of its own alone, and to revoke them',
    )
  checkPlan(content, rules.pinned, deps.status_url)
  const issuer = await signingIssuer(deps, content)
  if (issuer === null) throw new Refusal('issuer_inactive', 'no issuer')
  await checkRenewable(deps, content, file.issuance)
  const known = orderedArn(file) === null ? await order(deps, file, content, issuer) : file
  const document = rules.current?.document ?? null
  return known === null ? 'in_other_hands' : collect(deps, known, content, { issuer, document })
}

/**
 * Issues by AWS Private CA: mandate, plan on record, one order, and then a
 * look whenever the job is delivered, until the certificate is there. It is
 * compared with the plan before it counts. Revokes there what was revoked here.
 */
export const issueByAuthority = (deps: AuthorityDeps, job_id: string): Promise<Result> =>
  carryOut(deps, job_id, (mandate, rules) => failFinal(deps, job_id, () => issue(deps, mandate, rules)))
