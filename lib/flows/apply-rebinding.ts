import type { Draft, Write } from '../model/change.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import type { Rules } from '../model/requirement.ts'
import type { Certificates } from '../ports/certificates.ts'

type Deps = { readonly certificates: Pick<Certificates, 'get'>; readonly worker: string }
type Rebinding = Extract<JobContent, { type: 'Rebinding' }>

const moved = (what: string) => new Refusal('version_conflict', `${what} since this was asked`)

/**
 * What is stored of a rebinding. It hangs on both profiles being as they were
 * when its mandate was earned, and on the certificate being bound as it was
 * when it was asked for. Refuses (`version_conflict`) what has moved on.
 */
export const applyRebinding = async (
  deps: Deps,
  { job }: JobFile,
  content: Rebinding,
  rules: Rules,
): Promise<{ readonly writes: readonly Write[]; readonly drafts: readonly [Draft] }> => {
  const { certificate_id, from, to } = content
  const certificate = await deps.certificates.get(certificate_id)
  if (certificate === null || certificate.status === 'Revoked') throw moved('the certificate was revoked')
  if (certificate.profile_id !== from.profile_id) throw moved('the certificate was bound to another profile')
  const next = { ...certificate, version: certificate.version + 1, profile_id: to.profile_id }
  const affected = (rules.affected ?? []).map(
    ({ id, version }) => ({ write: 'require_profile', id, version }) as const,
  )
  return {
    writes: [{ write: 'next_certificate', certificate: next }, ...affected],
    drafts: [
      {
        type: 'certificate_rebound',
        actor: { id: deps.worker, type: 'System' },
        details: { from: { ...from }, to: { ...to }, requested_by: job.requested_by },
      },
    ],
  }
}
