import { actorOf } from '../model/decide.ts'
import { endingsOf } from '../model/ending.ts'
import { sensitiveRoles, takesSecondPerson } from '../model/permissions.ts'
import { documentOf, type Principal } from '../model/principal.ts'
import type { PrincipalStep } from '../model/principal-change.ts'
import type { PrincipalContent } from '../model/principal-content.ts'
import { Refusal } from '../model/refusal.ts'
import type { Clock } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import { fileOf, stepOf } from './administer.ts'
import type { Gated } from './request-principal-change.ts'

export type PrincipalEdit = Pick<Principal, 'name' | 'email' | 'roles' | 'teams' | 'status'> & {
  readonly id: string
  /** The versions that the edit was made against; null where the caller does not say. */
  readonly if_match: readonly number[] | null
  readonly reason: string | null
}

/**
 * Name, roles, whether somebody may act at all: at once, or as a job that takes a second person. Nobody changes themselves
 * (`forbidden`), so an admin cannot become an approver of their own requests,
 * and the last admin cannot lock everybody out.
 */
export const changePrincipal = async (
  deps: { readonly principals: Principals; readonly now: Clock },
  by: Principal,
  { id, if_match, reason, ...edit }: PrincipalEdit,
): Promise<Gated | { readonly principal: Principal; readonly change: PrincipalStep }> => {
  const { principal: before, last } = await fileOf(deps, id)
  if (id === by.id) throw new Refusal('forbidden', 'nobody changes their own roles or status')
  if (if_match !== null && !if_match.includes(before.version))
    throw new Refusal('precondition_failed', `version ${before.version} is in force`)
  const roles = [...new Set(edit.roles)]
  const teams = [...new Set(edit.teams)]
  const after: Principal = { ...before, ...edit, roles, teams, version: before.version + 1 }
  if (takesSecondPerson(documentOf(before), documentOf(after))) {
    const gated: PrincipalContent = {
      type: 'PrincipalChange',
      operation: 'change',
      principal_id: id,
      base_version: before.version,
      before: documentOf(before),
      document: documentOf(after),
    }
    return { gated, reason }
  }
  // What is left of sensitive roles is what was granted; without any, nothing is.
  const granted_by = sensitiveRoles(roles).length > 0 ? before.granted_by : null
  const principal: Principal = { ...after, granted_by }
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
  const now = deps.now()
  const change = stepOf(
    { id, last, actor: actorOf(by) },
    [{ type: 'principal_changed', details }],
    [
      { write: 'principal', principal },
      ...endingsOf(before, principal, now).map((ending) => ({ write: 'ending', ending }) as const),
    ],
    now,
  )
  return { principal, change }
}
