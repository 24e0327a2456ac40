import type { Certificate } from '../model/certificate.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import { type Clock, instantOf, secondsOf } from '../model/time.ts'
import { readCsr } from '../pki/csr.ts'
import { newSerial } from '../pki/serial.ts'
import type { Principals } from '../ports/principals.ts'
import type { Profiles } from '../ports/rules.ts'
import { checkRequest } from './check-request.ts'
import { planLeaf } from './plan-certificate.ts'
import { propose } from './propose.ts'
import { demandApprovers, teamFor } from './route-by-team.ts'
import type { Proposal } from './submit.ts'

export type PlanDeps = {
  readonly profiles: Pick<Profiles, 'current'>
  readonly principals: Pick<Principals, 'list'>
  readonly status_url: string
  readonly now: Clock
  readonly random: Random
}

export type CertificateRequest = {
  readonly profile_id: string
  /** PKCS#10, PEM or base64 of DER. */
  readonly csr: string
  readonly name?: string | undefined
  readonly owner?: string | undefined
  /** One that the requester is in. */
  readonly team?: string | undefined
  readonly lifetime?: string | undefined
  readonly reason?: string | undefined
  readonly ticket?: string | undefined
}

/** The profile in force. Refuses (`not_found`) one that is missing or deleted. */
export const profileInForce = async (
  profiles: Pick<Profiles, 'current'>,
  id: string,
): Promise<ProfileVersion> => {
  const profile = await profiles.current(id)
  if (profile === null || profile.status !== 'active') throw new Refusal('not_found', `no profile ${id}`)
  return profile
}

/** What a CSR becomes under a profile: checked, planned, and what the commit must still find true. */
export const planRequest = (
  deps: Pick<PlanDeps, 'status_url' | 'random'>,
  profile: ProfileVersion,
  csr: string | Uint8Array,
  lifetime_asked: string | undefined,
) => {
  const { document, issuer } = profile
  const lifetime = secondsOf(lifetime_asked ?? document.validity.default)
  const read = readCsr(csr)
  const plan = planLeaf({ csr: read, document, issuer, lifetime }, deps.status_url, newSerial(deps.random))
  checkRequest({ csr: read, plan, document })
  const requires = [
    { write: 'require_profile', id: profile.id, version: profile.version },
    { write: 'require_no_end', id: issuer.id },
  ] as const
  return {
    plan,
    profile_id: profile.id,
    profile_version: profile.version,
    csr: Buffer.from(read.der).toString('base64'),
    requires,
  }
}

/** A new certificate, requested: one read here, one transaction to follow. */
export const requestCertificate = async (
  deps: PlanDeps,
  requester: Principal,
  request: CertificateRequest,
): Promise<Proposal> => {
  const now = deps.now()
  const profile = await profileInForce(deps.profiles, request.profile_id)
  const { requires, ...planned } = planRequest(deps, profile, request.csr, request.lifetime)
  const certificate_id = `mc-${newSuffix(deps.random)}`
  const team = teamFor(requester, profile, request.team)
  const content: JobContent = { type: 'Issuance', certificate_id, team, ...planned }
  const owner = request.owner ?? requester.id
  const requirement = requirementFor(content, { pinned: profile, current: profile })
  await demandApprovers(deps.principals, { requirement, profile, requester, owner })
  const certificate: Certificate = {
    id: certificate_id,
    version: 1,
    name: request.name ?? planned.plan.subject_alternative_names[0]?.value.slice(0, 128) ?? certificate_id,
    owner,
    team,
    profile_id: profile.id,
    issuer_id: profile.issuer.id,
    status: 'Requested',
    current_version: 0,
    not_after: null,
    created_at: instantOf(now),
  }
  return propose(deps.random, now, {
    content,
    requester,
    owner,
    reason: request.reason ?? null,
    ticket: request.ticket,
    requirement,
    writes: [{ write: 'new_certificate', certificate }, ...requires],
    certificate,
  })
}
