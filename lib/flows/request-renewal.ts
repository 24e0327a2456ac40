import { requirementFor } from '../model/gate.ts'
import { newSuffix } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import { openJob } from '../model/open-job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import type { Certificates } from '../ports.ts'
import { type PlanDeps, planRequest, profileInForce } from './request-certificate.ts'
import type { Proposal } from './submit.ts'

export type RenewalRequest = {
  readonly certificate_id: string
  readonly csr?: string | undefined
  readonly reason?: string | undefined
}

/**
 * A new version of a certificate, under the profile that is in force now. It
 * takes a new CSR, or the last one where the profile allows its key again.
 * Refuses (`certificate_not_renewable`) what was never issued or is revoked.
 */
export const requestRenewal = async (
  deps: PlanDeps & { readonly certificates: Pick<Certificates, 'load'> },
  requester: Principal,
  request: RenewalRequest,
): Promise<Proposal> => {
  const now = deps.now()
  const found = await deps.certificates.load(request.certificate_id)
  if (found === null) throw new Refusal('not_found', `no certificate ${request.certificate_id}`)
  const { certificate, versions } = found
  const newest = versions.at(-1)
  if (newest === undefined || certificate.status !== 'Active')
    throw new Refusal('certificate_not_renewable', `the certificate is ${certificate.status}`)
  const profile = await profileInForce(deps.profiles, certificate.profile_id)
  if (request.csr === undefined && !profile.document.allow_key_reuse)
    throw new Refusal('certificate_not_renewable', 'the profile requires a new key: send a new CSR')
  const csr = request.csr ?? Buffer.from(newest.csr, 'base64')
  const { requires, ...planned } = planRequest(deps, profile, csr, undefined)
  const content: JobContent = {
    type: 'Renewal',
    certificate_id: certificate.id,
    replaces: newest.number,
    ...planned,
  }
  const opening = {
    id: `job-${newSuffix(deps.random)}`,
    content,
    requester,
    owner: certificate.owner,
    reason: request.reason ?? null,
    requirement: requirementFor(content, { pinned: profile, current: profile }),
  }
  const { job, ...change } = openJob(opening, requires, now)
  return { change: { ...change, job }, job, certificate }
}
