import { type Actor, append } from '../model/event.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports.ts'

export type PrincipalRequest = Pick<Principal, 'kind' | 'name' | 'email' | 'roles'> & {
  /** `pr-…`; made up where it is left out. */
  readonly id?: string | undefined
}

type Deps = { readonly principals: Principals; readonly now: Clock; readonly random: Random }

/** Makes a principal. It has no credential yet. Refuses (`already_exists`) an id that is taken. */
export const createPrincipal = async (
  deps: Deps,
  actor: Actor,
  request: PrincipalRequest,
): Promise<Principal> => {
  const now = deps.now()
  const id = request.id ?? `pr-${newSuffix(deps.random)}`
  const { kind, name, email, roles } = request
  const created: Principal = {
    id,
    version: 1,
    kind,
    name,
    email,
    roles,
    status: 'active',
    created_at: instantOf(now),
  }
  const draft = {
    type: 'principal_created',
    actor,
    resource: id,
    job: null,
    details: { kind, name, email, roles: [...roles] },
  } as const
  const [event] = append(id, [], [draft], now)
  if (event === undefined || !(await deps.principals.create(created, event)))
    throw new Refusal('already_exists', `principal ${id} exists already`)
  return created
}
