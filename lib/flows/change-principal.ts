import { actorOf } from '../model/decide.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import type { Clock } from '../model/time.ts'
import type { Principals } from '../ports.ts'
import { fileOf, stepOf } from './administer.ts'

export type PrincipalEdit = Pick<Principal, 'name' | 'email' | 'roles' | 'teams' | 'status'> & {
  readonly id: string
  /** The versions that the edit was made against; null where the caller does not say. */
  readonly if_match: readonly number[] | null
}

/**
 * Name, roles, whether somebody may act at all. Nobody changes themselves
 * (`forbidden`), so an admin cannot become an approver of their own requests,
 * and the last admin cannot lock everybody out.
 */
export const changePrincipal = async (
  deps: { readonly principals: Principals; readonly now: Clock },
  by: Principal,
  { id, if_match, ...edit }: PrincipalEdit,
) => {
  const { principal: before, last } = await fileOf(deps, id)
  if (id === by.id) throw new Refusal('forbidden', 'nobody changes their own roles or status')
  if (if_match !== null && !if_match.includes(before.version))
    throw new Refusal('precondition_failed', `version ${before.version} is in force`)
  const roles = [...new Set(edit.roles)]
  const teams = [...new Set(edit.teams)]
  const principal: Principal = { ...before, ...edit, roles, teams, version: before.version + 1 }
  const granted = roles.filter((role) => !before.roles.includes(role))
  const details = {
    name: principal.name,
    email: principal.email,
    status: principal.status,
    roles,
    granted,
    withdrawn: before.roles.filter((role) => !roles.includes(role)),
    teams,
    joined: teams.filter((team) => !before.teams.includes(team)),
    left: before.teams.filter((team) => !teams.includes(team)),
    sensitive_roles: [...sensitiveRoles(granted)],
  }
  const change = stepOf(
    { id, last, actor: actorOf(by) },
    [{ type: 'principal_changed', details }],
    [{ write: 'principal', principal }],
    deps.now(),
  )
  return { principal, change }
}
