import type { Random } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import type { Clock } from '../model/time.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Profiles } from '../ports/rules.ts'
import { propose } from './propose.ts'
import { profileInForce } from './request-certificate.ts'
import type { Proposal } from './submit.ts'

type Deps = {
  readonly certificates: Pick<Certificates, 'load'>
  readonly profiles: Pick<Profiles, 'current'>
  readonly now: Clock
  readonly random: Random
}

export type RebindingRequest = {
  readonly certificate_id: string
  readonly profile_id: string
  /** The profile that the caller saw the certificate bound to; undefined where they do not say. */
  readonly base_profile_id?: string | undefined
  readonly reason?: string | undefined
  readonly ticket?: string | undefined
}

/**
 * Another profile for a certificate: its next renewal is made under it. Nothing
 * is signed. It takes whoever the stricter of the two profiles asks for, so
 * that no certificate leaves a gated profile by one person's word. Refuses
 * (`version_conflict`) what was asked of another binding.
 */
export const requestRebinding = async (
  deps: Deps,
  requester: Principal,
  { certificate_id, profile_id, base_profile_id, reason, ticket }: RebindingRequest,
): Promise<Proposal> => {
  const found = await deps.certificates.load(certificate_id)
  if (found === null) throw new Refusal('not_found', `no certificate ${certificate_id}`)
  const { certificate } = found
  if (certificate.status !== 'Active')
    throw new Refusal('certificate_not_rebindable', `the certificate is ${certificate.status}`)
  if (base_profile_id !== undefined && base_profile_id !== certificate.profile_id)
    throw new Refusal('version_conflict', `the certificate is bound to ${certificate.profile_id}`)
  if (profile_id === certificate.profile_id)
    throw new Refusal('certificate_not_rebindable', `the certificate is bound to ${profile_id} already`)
  const [from, to] = await Promise.all([
    deps.profiles.current(certificate.profile_id),
    profileInForce(deps.profiles, profile_id),
  ])
  if (from === null) throw new Refusal('not_found', `no profile ${certificate.profile_id}`)
  const content: JobContent = {
    type: 'Rebinding',
    certificate_id,
    team: certificate.team,
    from: { profile_id: from.id, profile_version: from.version },
    to: { profile_id: to.id, profile_version: to.version },
  }
  const requires = [from, to].map(({ id, version }) => ({ write: 'require_profile', id, version }) as const)
  return propose(deps.random, deps.now(), {
    content,
    requester,
    owner: certificate.owner,
    reason: reason ?? null,
    ticket,
    requirement: requirementFor(content, { pinned: null, current: null, affected: [from, to] }),
    writes: requires,
    certificate,
  })
}
