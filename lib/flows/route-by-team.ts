import { isOwner, type Principal } from '../model/principal.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { shortages } from '../model/reachability.ts'
import { Refusal } from '../model/refusal.ts'
import type { Requirement } from '../model/requirement.ts'
import { routesByTeam } from '../model/routing.ts'
import type { Principals } from '../ports/principals.ts'
import { everybody } from './reachable.ts'

const routes = ({ document }: ProfileVersion): boolean =>
  document.requires_approval && routesByTeam(document.approval_policy)

/**
 * The team that a certificate is for. Refuses (`forbidden`) one that its
 * requester is not in, for whoever names the team names who approves; and
 * (`invalid_body`) none where the profile routes by it.
 */
export const teamFor = (
  requester: Principal,
  profile: ProfileVersion,
  asked: string | null | undefined,
): string | null => {
  if (typeof asked === 'string') {
    if (requester.teams.includes(asked)) return asked
    throw new Refusal('forbidden', `you are not in team ${asked}`)
  }
  if (!routes(profile)) return null
  throw new Refusal('invalid_body', 'this profile routes by the team of the owner', [
    { pointer: '/team', detail: 'required by the approval policy' },
  ])
}

type Routed = {
  readonly requirement: Requirement | null
  readonly profile: ProfileVersion
  readonly requester: Principal
  readonly owner: string
}

/**
 * Refuses (`profile_violation`) a request that nobody could approve, because
 * the team it is routed to has too few approvers besides its requester and owner.
 */
export const demandApprovers = async (
  principals: Pick<Principals, 'list'>,
  { requirement, profile, requester, owner }: Routed,
): Promise<void> => {
  if (requirement === null || !routes(profile)) return
  const others = (await everybody(principals)).filter(
    (who) => who.id !== requester.id && !isOwner(who, owner),
  )
  const [short] = shortages(requirement.policy, others)
  if (short !== undefined)
    throw new Refusal('profile_violation', short.detail, [{ pointer: '/team', detail: short.detail }])
}
