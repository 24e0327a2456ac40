import type { Change } from '../model/change.ts'
import { actorOf } from '../model/decide.ts'
import { append } from '../model/event.ts'
import type { Principal } from '../model/principal.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { type NextCsr, planned, type Renewal } from '../model/renewal.ts'
import { instantOf } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Renewals } from '../ports/renewals.ts'
import { demandNewKey } from './renewal-csr.ts'
import { planRequest, profileInForce } from './request-certificate.ts'
import type { RenewalDeps } from './request-renewal.ts'

export type NextCsrDeps = RenewalDeps & {
  readonly renewals: Pick<Renewals, 'load' | 'lastEvent'>
  readonly jobs: Pick<Jobs, 'load' | 'commit'>
}

/** What waits for a CSR, or was given up without one, is due at once; else it is used when its time comes. */
const woken = (row: Renewal, document: ProfileDocument, now: Date): Renewal | null => {
  if (row.state !== 'needs_csr' && row.state !== 'exhausted') return null
  const fresh: Renewal = {
    ...row,
    version: row.version + 1,
    state: 'scheduled',
    attempts: 0,
    expired_approvals: 0,
    retry_at: instantOf(now),
  }
  return planned(fresh, document, { now: instantOf(now), look_at: instantOf(now) })
}

/**
 * Brings the CSR of the next renewal ahead of it. It is held against the
 * profile now, and again when it is used; it replaces one that was brought
 * before and not used. Refuses (`certificate_not_renewable`) what was never
 * issued or is revoked, and a key that the profile lets nobody certify again.
 */
export const uploadNextCsr = async (
  deps: NextCsrDeps,
  by: Principal,
  { certificate_id, csr: text }: { readonly certificate_id: string; readonly csr: string },
): Promise<NextCsr> => {
  const now = deps.now()
  const found = await deps.renewals.load(certificate_id)
  if (found === null) throw new Refusal('not_found', `no certificate ${certificate_id}`)
  const { certificate, renewal, next_csr, newest } = found
  if (newest === null || certificate.status !== 'Active')
    throw new Refusal('certificate_not_renewable', `the certificate is ${certificate.status}`)
  const profile = await profileInForce(deps.profiles, certificate.profile_id)
  const { csr, plan } = planRequest(deps, profile, text, undefined)
  const { spki_sha256 } = plan.public_key
  await demandNewKey(deps.certificates, { certificate_id, spki_sha256 }, profile.document)
  const next: NextCsr = {
    certificate_id,
    version: (next_csr?.version ?? 0) + 1,
    csr,
    spki_sha256,
    uploaded_by: by.id,
    uploaded_at: instantOf(now),
    used_by: null,
  }
  const last = await deps.renewals.lastEvent(certificate_id)
  const [event] = append(
    certificate_id,
    last === null ? [] : [last],
    [
      {
        type: 'next_csr_uploaded',
        actor: actorOf(by),
        resource: certificate_id,
        job: null,
        details: { spki_sha256, replaces_unused: next_csr !== null && next_csr.used_by === null },
      },
    ],
    now,
  )
  if (event === undefined) throw new TypeError('an upload without an event')
  const row = renewal === null ? null : woken(renewal, profile.document, now)
  const change: Change = {
    job: null,
    events: [event],
    writes: [
      { write: 'next_csr', csr: next },
      ...(row === null ? [] : [{ write: 'next_renewal', renewal: row } as const]),
    ],
  }
  if ((await deps.jobs.commit(change)) === 'committed') return next
  throw new Refusal('conflict', 'the certificate was changed at the same moment; try again')
}
