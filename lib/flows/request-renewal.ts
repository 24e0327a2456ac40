import type { CertificateVersion } from '../model/certificate.ts'
import { sha256 } from '../model/digest.ts'
import { requirementFor } from '../model/gate.ts'
import { newSuffix } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import { openJob } from '../model/open-job.ts'
import type { CertificatePlan } from '../model/plan.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import type { Certificates } from '../ports.ts'
import { type PlaceDeps, placeRenewal } from './place-renewal.ts'
import { type PlanDeps, planRequest, profileInForce } from './request-certificate.ts'
import type { Proposal } from './submit.ts'

export type RenewalRequest = {
  readonly certificate_id: string
  readonly csr?: string | undefined
  readonly reason?: string | undefined
}

type Renewal = Extract<JobContent, { type: 'Renewal' }>

const hasKey = ({ der }: CertificateVersion, { public_key }: CertificatePlan): boolean =>
  sha256(readCertificate(Buffer.from(der, 'base64')).spki) === public_key.spki_sha256

export type RenewalDeps = PlanDeps & PlaceDeps & { readonly certificates: Pick<Certificates, 'load'> }

/**
 * A new version of a certificate, under the profile that is in force now. It
 * takes a new CSR, or the last one; a key it had
 * before only where the profile allows that. Where it would take an approval and
 * a standing grant allows exactly this, it takes a place of that instead.
 * Refuses (`certificate_not_renewable`) what was never issued or is revoked.
 */
export const requestRenewal = async (
  deps: RenewalDeps,
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
  if (!profile.document.allow_key_reuse && versions.some((version) => hasKey(version, planned.plan)))
    throw new Refusal(
      'certificate_not_renewable',
      'the profile requires a new key, and this CSR has an old one',
    )
  const renewal: Renewal = {
    type: 'Renewal',
    certificate_id: certificate.id,
    replaces: newest.number,
    ...planned,
  }
  const id = `job-${newSuffix(deps.random)}`
  const requirement = requirementFor(renewal, { pinned: profile, current: profile })
  const placed =
    requirement === null
      ? null
      : await placeRenewal(deps, { job_id: id, renewal, requester, current: profile })
  const opening = { id, requester, owner: certificate.owner, reason: request.reason ?? null }
  const { job, ...change } =
    placed === null || placed.place === null
      ? openJob({ ...opening, content: renewal, requirement, outside_grants: placed?.outside }, requires, now)
      : openJob(
          { ...opening, content: { ...renewal, grant: placed.place }, requirement: null },
          [...placed.writes, ...requires],
          now,
        )
  return { change: { ...change, job }, job, certificate }
}
