import { newApiKey } from '../model/api-key.ts'
import type { Actor } from '../model/event.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports.ts'
import { stepOf } from './administer.ts'

type Deps = { readonly principals: Principals; readonly now: Clock; readonly random: Random }

const adminAmong = async (deps: Deps): Promise<Principal | null> => {
  let after: string | null = null
  do {
    const { rows, next } = await deps.principals.list({ limit: 200, after })
    const found = rows.find(({ roles }) => roles.includes('admin'))
    if (found !== undefined) return found
    after = next
  } while (after !== null)
  return null
}

/**
 * Day 0: the admin who makes everybody else, with a key, in one transaction:
 * an admin without a key would lock everybody out. Refuses (`already_exists`)
 * once there is one, whoever made it; of two at the same instant one is made.
 */
export const createFirstAdmin = async (
  deps: Deps,
  actor: Actor,
  { name, email }: Pick<Principal, 'name' | 'email'>,
): Promise<{ readonly principal: Principal; readonly token: string }> => {
  const there = await adminAmong(deps)
  if (there !== null) throw new Refusal('already_exists', `there is an admin already: ${there.id}`)
  const now = deps.now()
  const created_at = instantOf(now)
  const id = `pr-${newSuffix(deps.random)}`
  const roles: Principal['roles'] = ['admin']
  const about = { kind: 'person', name, email, roles } as const
  const principal: Principal = { id, version: 1, ...about, teams: [], status: 'active', created_at }
  const { key, token } = newApiKey(principal, deps.random, created_at, null)
  const sensitive_roles = [...sensitiveRoles(roles)]
  const change = stepOf(
    { id, last: null, actor },
    [
      { type: 'principal_created', details: { ...about, sensitive_roles } },
      { type: 'api_key_created', details: { key_id: key.id, expires_at: null, sensitive_roles } },
    ],
    [
      { write: 'principal', principal },
      { write: 'new_api_key', key },
      { write: 'first_admin', principal_id: id },
    ],
    now,
  )
  if ((await deps.principals.commit(change)) !== 'committed')
    throw new Refusal('already_exists', 'a first admin was made at the same moment')
  return { principal, token }
}
