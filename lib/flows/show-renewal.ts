import { sha256 } from '../model/digest.ts'
import { Refusal } from '../model/refusal.ts'
import { renewalPolicyOf } from '../model/renewal.ts'
import {
  type Choosable,
  isChosen,
  pastWindow,
  renewalCertId,
  retryAfterSeconds,
  type SuggestedWindow,
} from '../model/renewal-info.ts'
import { csrDeadline } from '../model/renewal-look.ts'
import { defaultRenewalPolicy, type RenewalPolicy } from '../model/renewal-policy.ts'
import { type RenewalWindow, windowOf } from '../model/renewal-window.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { RenewalFile, Renewals } from '../ports/renewals.ts'
import type { Profiles } from '../ports/rules.ts'

export type ShowRenewalDeps = {
  readonly renewals: Pick<Renewals, 'load'>
  readonly profiles: Pick<Profiles, 'current'>
  readonly jobs: Pick<Jobs, 'load' | 'openBulkRevocations'>
}

const load = async ({ renewals }: ShowRenewalDeps, id: string): Promise<RenewalFile> => {
  const found = await renewals.load(id)
  if (found === null) throw new Refusal('not_found', `no certificate ${id}`)
  return found
}

const profileOf = async ({ profiles }: ShowRenewalDeps, { certificate }: RenewalFile) => {
  const profile = await profiles.current(certificate.profile_id)
  return profile?.status === 'active' ? profile : null
}

/**
 * Where the renewal of a certificate stands. Refuses (`not_found`) what was
 * never issued, or was issued before there were scheduled renewals.
 */
export const showRenewal = async (deps: ShowRenewalDeps, id: string) => {
  const found = await load(deps, id)
  const { renewal: row, next_csr } = found
  if (row === null) throw new Refusal('not_found', `no renewal of certificate ${id} is scheduled`)
  const profile = await profileOf(deps, found)
  const policy = profile === null ? defaultRenewalPolicy : renewalPolicyOf(profile.document)
  return {
    certificate_id: id,
    certificate_version: row.certificate_version,
    state: row.state,
    next_at: row.next_at,
    window: windowOf(row, policy),
    not_after: row.not_after,
    job_id: row.job_id,
    attempts: row.attempts,
    max_attempts: policy.max_attempts,
    csr_deadline: row.state === 'needs_csr' && profile !== null ? csrDeadline(row, profile) : null,
    alerts: row.alerts,
    last_error: row.last_error,
    next_csr:
      next_csr === null
        ? null
        : {
            spki_sha256: next_csr.spki_sha256,
            uploaded_by: next_csr.uploaded_by,
            uploaded_at: next_csr.uploaded_at,
            used_by: next_csr.used_by,
          },
  }
}

/** When a revocation in bulk that is not over was asked for, if it is about this certificate. */
const plannedRevocation = async (
  { jobs }: ShowRenewalDeps,
  certificate: Choosable,
): Promise<string | null> => {
  const files = await Promise.all((await jobs.openBulkRevocations()).map((id) => jobs.load(id)))
  const about = files.flatMap((file) => {
    if (file === null || 'unreadable' in file) return []
    const { content, job } = file
    if (content.type !== 'Revocation' || content.operation !== 'bulk') return []
    return isChosen(content.chosen.selection, certificate) ? [job.created_at] : []
  })
  return about.sort()[0] ?? null
}

type Suggestion = {
  readonly suggested_window: SuggestedWindow
  readonly because: 'policy' | 'revoked' | 'revocation_planned'
}

const windowFor = (found: RenewalFile, policy: RenewalPolicy): RenewalWindow => {
  const { renewal, newest } = found
  if (renewal !== null) return windowOf(renewal, policy)
  if (newest === null) throw new Refusal('not_found', 'no version was issued')
  return windowOf({ ...newest, issued_at: newest.not_before }, policy)
}

const suggest = async (
  deps: ShowRenewalDeps,
  found: RenewalFile,
  certificate: Choosable,
): Promise<Suggestion> => {
  const revoked_at = found.newest?.revoked_at ?? null
  if (revoked_at !== null) return { suggested_window: pastWindow(revoked_at), because: 'revoked' }
  const planned_at = await plannedRevocation(deps, certificate)
  if (planned_at !== null) return { suggested_window: pastWindow(planned_at), because: 'revocation_planned' }
  const profile = await profileOf(deps, found)
  const policy = profile === null ? defaultRenewalPolicy : renewalPolicyOf(profile.document)
  const { start, end } = windowFor(found, policy)
  return { suggested_window: { start, end }, because: 'policy' }
}

/**
 * When its holder should renew the newest version (RFC 9773): the window that
 * the schedule keeps to itself; one that has passed for what is revoked, or
 * about to be.
 */
export const renewalInfo = async (deps: ShowRenewalDeps, id: string) => {
  const found = await load(deps, id)
  const { certificate, newest } = found
  if (newest === null) throw new Refusal('not_found', `no version of certificate ${id} was issued`)
  const { authority_key_id, spki } = readCertificate(Buffer.from(newest.der, 'base64'))
  const { serial, issuer_id, profile_id } = newest
  const choosable = { serial, issuer_id, profile_id, owner: certificate.owner, spki_sha256: sha256(spki) }
  return {
    certificate_id: id,
    certificate_version: newest.number,
    cert_id: authority_key_id === null ? null : renewalCertId(authority_key_id, serial),
    ...(await suggest(deps, found, choosable)),
    retry_after_seconds: retryAfterSeconds,
  }
}
