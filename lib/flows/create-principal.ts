import type { Actor } from '../model/event.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import type { PrincipalChange } from '../model/principal-change.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports.ts'
import { stepOf } from './administer.ts'

export type PrincipalRequest = Pick<Principal, 'kind' | 'name' | 'email' | 'roles'> & {
  readonly teams?: Principal['teams'] | undefined
  /** `pr-…`; made up where it is left out. */
  readonly id?: string | undefined
}

type World = { readonly now: Clock; readonly random: Random }

export const newPrincipal = (
  { now, random }: World,
  actor: Actor,
  request: PrincipalRequest,
): { readonly principal: Principal; readonly change: PrincipalChange } => {
  const time = now()
  const id = request.id ?? `pr-${newSuffix(random)}`
  const { kind, name, email } = request
  const roles = [...new Set(request.roles)]
  const created_at = instantOf(time)
  const teams = [...new Set(request.teams)]
  const principal: Principal = {
    id,
    version: 1,
    kind,
    name,
    email,
    roles,
    teams,
    status: 'active',
    created_at,
  }
  const details = { kind, name, email, roles, teams, sensitive_roles: [...sensitiveRoles(roles)] }
  const change = stepOf(
    { id, last: null, actor },
    [{ type: 'principal_created', details }],
    [{ write: 'principal', principal }],
    time,
  )
  return { principal, change }
}

/** Makes a principal. It has no credential yet. Refuses (`already_exists`) an id that is taken. */
export const createPrincipal = async (
  deps: World & { readonly principals: Pick<Principals, 'commit'> },
  actor: Actor,
  request: PrincipalRequest,
): Promise<Principal> => {
  const { principal, change } = newPrincipal(deps, actor, request)
  if ((await deps.principals.commit(change)) === 'committed') return principal
  throw new Refusal('already_exists', `principal ${principal.id} exists already`)
}
