import { profileViolations } from '../model/check-profile.ts'
import type { Random } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import type { Clock } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import type { Issuers, Profiles } from '../ports/rules.ts'
import { propose } from './propose.ts'
import { demandReachable } from './reachable.ts'
import type { Proposal } from './submit.ts'

export type ProfileChangeRequest = {
  readonly profile_id: string
  readonly reason?: string | undefined
  readonly ticket?: string | undefined
  /** The versions that the edit may be made against; null where the caller does not say. */
  readonly if_match?: readonly number[] | null | undefined
} & (
  | { readonly operation: 'create'; readonly document: ProfileDocument }
  | {
      readonly operation: 'update'
      readonly document: ProfileDocument
      readonly base_version?: number | undefined
    }
  | { readonly operation: 'delete' }
)

type Deps = {
  readonly profiles: Pick<Profiles, 'current'>
  readonly issuers: Pick<Issuers, 'get'>
  readonly principals: Pick<Principals, 'list'>
  readonly now: Clock
  readonly random: Random
}

/**
 * A change of the rules, made against the version in force (`version_conflict`
 * where the caller saw another). It pins the issuer's facts, so that whoever
 * approves it approves the CA as well. A deleted profile may be created anew.
 */
export const requestProfileChange = async (
  deps: Deps,
  requester: Principal,
  request: ProfileChangeRequest,
): Promise<Proposal> => {
  const { profile_id, operation } = request
  const current = await deps.profiles.current(profile_id)
  const alive = current?.status === 'active' ? current : null
  if (operation === 'create' && alive !== null)
    throw new Refusal('already_exists', `profile ${profile_id} exists`)
  if (operation !== 'create' && alive === null) throw new Refusal('not_found', `no profile ${profile_id}`)
  const base_version = current?.version ?? 0
  const { if_match = null } = request
  if (alive !== null && if_match !== null && !if_match.includes(base_version))
    throw new Refusal('precondition_failed', `version ${base_version} is in force`)
  if (operation === 'update' && request.base_version !== undefined && request.base_version !== base_version)
    throw new Refusal('version_conflict', `version ${base_version} is in force`)
  const document = operation === 'delete' ? alive?.document : request.document
  if (document === undefined) throw new Refusal('not_found', `no profile ${profile_id}`)
  const violations = operation === 'delete' ? [] : profileViolations(document)
  if (violations.length > 0)
    throw new Refusal('profile_invalid', violations.map(({ detail }) => detail).join('; '), violations)
  if (operation !== 'delete' && document.requires_approval)
    await demandReachable(deps.principals, document.approval_policy)
  const issuer = await deps.issuers.get(document.issuer_id)
  if (issuer === null || issuer.status !== 'active')
    throw new Refusal('profile_invalid', `no active issuer ${document.issuer_id}`, [
      { pointer: '/issuer_id', detail: 'names no active issuer' },
    ])
  const content: JobContent = {
    type: 'ProfileChange',
    operation,
    profile_id,
    base_version,
    document,
    issuer: issuer.facts,
  }
  return propose(deps.random, deps.now(), {
    content,
    requester,
    owner: requester.id,
    reason: request.reason ?? null,
    ticket: request.ticket,
    requirement: requirementFor(content, { pinned: null, current }),
  })
}
