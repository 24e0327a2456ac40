import { type Draft, step } from '../model/change.ts'
import { sha256 } from '../model/digest.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobFile } from '../model/job.ts'
import type { ProfileDocument } from '../model/profile.ts'
import type { Refusal } from '../model/refusal.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import { differencesOf } from '../pki/compare.ts'
import type { Result } from './carry-out.ts'
import { complete, fail } from './issue-certificate.ts'
import { type Leaf, type OrderDeps, orderIn, pauseSeconds, secondsSince } from './order-certificate.ts'

/** How long a certificate may take, in seconds. */
const patienceSeconds = 3600

type Returned = { readonly issuer: Issuer; readonly der: Uint8Array }

/** Keeps what was returned apart, has it revoked, and fails the job: this certificate is not to be. */
const quarantine = async (
  deps: OrderDeps,
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
const notMade = (deps: OrderDeps, file: JobFile, arn: string, error: unknown): Promise<Result> => {
  if (deps.outcomeOf(error) !== 'never' || !(error instanceof Error)) throw error
  return fail(deps, file, `AWS could not make ${arn}: ${error.name}`)
}

/** Asks once for an ordered certificate. What is not ready is asked for again later, by whoever gets the message. */
const fetched = async (deps: OrderDeps, file: JobFile, issuer: Issuer): Promise<Returned | Result> => {
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
export const collect = async (
  deps: OrderDeps,
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
export const takeBack = async (
  deps: OrderDeps,
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
