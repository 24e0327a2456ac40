import type { Actor } from '../model/event.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import { sensitiveRoles, takesSecondPerson } from '../model/permissions.ts'
import { documentOf, type Principal } from '../model/principal.ts'
import type { PrincipalStep } from '../model/principal-change.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import { stepOf } from './administer.ts'
import type { Gated } from './request-principal-change.ts'

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
): { readonly principal: Principal; readonly change: PrincipalStep } => {
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
    granted_by: null,
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

/** A new principal: at once, or as a job that takes a second person. Refuses (`already_exists`) an id that is taken. */
export const proposePrincipal = async (
  deps: World & { readonly principals: Pick<Principals, 'get'> },
  actor: Actor,
  { reason = null, ...request }: PrincipalRequest & { readonly reason?: string | null | undefined },
): Promise<Gated | ReturnType<typeof newPrincipal>> => {
  if (request.id !== undefined && (await deps.principals.get(request.id)) !== null)
    throw new Refusal('already_exists', `principal ${request.id} exists already`)
  const made = newPrincipal(deps, actor, request)
  const document = documentOf(made.principal)
  if (!takesSecondPerson(null, document)) return made
  const principal_id = made.principal.id
  return { gated: { type: 'PrincipalChange', operation: 'create', principal_id, document }, reason }
}

/** What is stored of somebody made with the credentials of the deployment. */
export const foundedStep = (
  made: ReturnType<typeof newPrincipal>,
): { readonly principal: Principal; readonly step: PrincipalStep } => {
  const principal: Principal = { ...made.principal, granted_by: 'bootstrap' }
  const { id, name, email, roles, teams } = principal
  const writes = [
    { write: 'principal', principal },
    { write: 'founder', founder: { id, name, email, roles, teams } },
  ] as const
  return { principal, step: { ...made.change, writes } }
}

/**
 * Makes a principal with the credentials of the deployment: nobody is asked,
 * and no function can do it. It has no credential yet. Refuses
 * (`already_exists`) an id that is taken.
 */
export const createPrincipal = async (
  deps: World & { readonly principals: Pick<Principals, 'commit'> },
  actor: Actor,
  request: PrincipalRequest,
): Promise<Principal> => {
  const { principal, step } = foundedStep(newPrincipal(deps, actor, request))
  if ((await deps.principals.commit(step)) === 'committed') return principal
  throw new Refusal('already_exists', `principal ${principal.id} exists already`)
}
