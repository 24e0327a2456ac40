import type { KeyAlgorithm } from '../model/algorithms.ts'
import { canonicalJson } from '../model/digest.ts'
import type { JobContent } from '../model/job.ts'
import type { GeneralName } from '../model/names.ts'
import type { Principal } from '../model/principal.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal, type Violation } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import { instantOf, secondsOf } from '../model/time.ts'
import type { Certificates } from '../ports/certificates.ts'
import { propose } from './propose.ts'
import { type PlanDeps, planRequest, profileInForce } from './request-certificate.ts'
import { demandApprovers, teamFor } from './route-by-team.ts'
import type { Proposal } from './submit.ts'

export type GrantRequest = {
  readonly certificate_id: string
  /** Of those that the certificate has; all of them otherwise. */
  readonly subject_alternative_names?: readonly GeneralName[] | undefined
  /** The kind of key that it has, otherwise. */
  readonly key_algorithms?: readonly KeyAlgorithm[] | undefined
  readonly same_key: boolean
  readonly issuances: number
  readonly period: string
  readonly until: string
  readonly reason?: string | undefined
  readonly ticket?: string | undefined
}

type Content = Extract<JobContent, { type: 'GrantChange' }>

/** A permission is looked at again after a year. */
const longest = secondsOf('P366D')

function* complaints(content: Content, names: readonly GeneralName[], profile: ProfileVersion) {
  const { valid_from, valid_until, key_algorithms } = content
  const seconds = (Date.parse(valid_until) - Date.parse(valid_from)) / 1000
  if (seconds <= 0 || seconds > longest)
    yield { pointer: '/until', detail: 'must be in the future, and within 366 days' }
  const had = new Set(names.map(canonicalJson))
  for (const [index, name] of content.subject_alternative_names.entries())
    if (!had.has(canonicalJson(name))) {
      const detail = `the certificate has no name ${name.type}:${name.value}`
      yield { pointer: `/subject_alternative_names/${index}`, detail }
    }
  for (const [index, algorithm] of key_algorithms.entries())
    if (!profile.document.key_algorithms.includes(algorithm)) {
      const detail = `profile ${profile.id} allows no key ${algorithm}`
      yield { pointer: `/key_algorithms/${index}`, detail }
    }
}

/** The newest version, as it would be renewed today: what a grant for it can say at most. */
const presentOf = async (deps: GrantDeps, id: string) => {
  const found = await deps.certificates.load(id)
  if (found === null) throw new Refusal('not_found', `no certificate ${id}`)
  const { certificate, versions } = found
  const newest = versions.at(-1)
  if (newest === undefined || certificate.status !== 'Active')
    throw new Refusal('certificate_not_renewable', `the certificate is ${certificate.status}`)
  const profile = await profileInForce(deps.profiles, certificate.profile_id)
  if (!profile.document.requires_approval)
    throw new Refusal('conflict', `profile ${profile.id} asks for no approval: nothing is to be granted`)
  return { certificate, profile, ...planRequest(deps, profile, Buffer.from(newest.csr, 'base64'), undefined) }
}

export type GrantDeps = PlanDeps & { readonly certificates: Pick<Certificates, 'load'> }

/**
 * Asks for a standing grant: renewals of one certificate without an approval
 * each, within bounds that are approved as the profile asks for, and by one
 * other person at least. Refuses (`invalid_body`) what is more than the
 * certificate has now, and a profile that asks for nobody (`conflict`).
 */
export const requestGrant = async (
  deps: GrantDeps,
  requester: Principal,
  request: GrantRequest,
): Promise<Proposal> => {
  const now = deps.now()
  const { certificate, profile, plan, requires } = await presentOf(deps, request.certificate_id)
  const content: Content = {
    type: 'GrantChange',
    operation: 'grant',
    certificate_id: certificate.id,
    team: certificate.team ?? teamFor(requester, profile, null),
    profile_id: profile.id,
    profile_version: profile.version,
    subject: plan.subject,
    subject_alternative_names: [...(request.subject_alternative_names ?? plan.subject_alternative_names)],
    key_algorithms: [...(request.key_algorithms ?? [plan.public_key.algorithm])],
    spki_sha256: request.same_key ? plan.public_key.spki_sha256 : null,
    lifetime_seconds: plan.validity.lifetime_seconds,
    issuances: request.issuances,
    period: request.period,
    valid_from: instantOf(now),
    valid_until: request.until,
  }
  const violations: readonly Violation[] = [...complaints(content, plan.subject_alternative_names, profile)]
  if (violations.length > 0)
    throw new Refusal('invalid_body', violations.map(({ detail }) => detail).join('; '), violations)
  const { owner } = certificate
  const requirement = requirementFor(content, { pinned: profile, current: profile })
  await demandApprovers(deps.principals, { requirement, profile, requester, owner })
  return propose(deps.random, now, {
    content,
    requester,
    owner,
    reason: request.reason ?? null,
    ticket: request.ticket,
    requirement,
    writes: requires,
    certificate,
  })
}
