import { requirementFor } from '../model/gate.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import { openJob } from '../model/open-job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import type { RevocationReason } from '../model/revocation.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Certificates } from '../ports.ts'
import type { Proposal } from './submit.ts'

export type RevocationRequest = {
  readonly certificate_id: string
  readonly reason: RevocationReason
  readonly note?: string | undefined
}

type Deps = {
  readonly certificates: Pick<Certificates, 'load'>
  readonly now: Clock
  readonly random: Random
}

/** Ends every version of a certificate that is still valid. Refuses (`certificate_not_revocable`) where none is. */
export const requestRevocation = async (
  deps: Deps,
  requester: Principal,
  request: RevocationRequest,
): Promise<Proposal> => {
  const now = deps.now()
  const found = await deps.certificates.load(request.certificate_id)
  if (found === null) throw new Refusal('not_found', `no certificate ${request.certificate_id}`)
  const { certificate } = found
  const valid = found.versions.filter(
    ({ revoked_at, not_after }) => revoked_at === null && not_after > instantOf(now),
  )
  if (valid.length === 0)
    throw new Refusal('certificate_not_revocable', 'no version of this certificate is still valid')
  const content: JobContent = {
    type: 'Revocation',
    certificate_id: certificate.id,
    profile_id: certificate.profile_id,
    issuer_id: certificate.issuer_id,
    versions: valid.map(({ number, serial }) => ({ number, serial })),
    reason: request.reason,
  }
  const opening = {
    id: `job-${newSuffix(deps.random)}`,
    content,
    requester,
    owner: certificate.owner,
    reason: request.note ?? null,
    requirement: requirementFor(content, { pinned: null, current: null }),
  }
  const { job, ...change } = openJob(opening, [], now)
  return { change: { ...change, job }, job, certificate }
}
