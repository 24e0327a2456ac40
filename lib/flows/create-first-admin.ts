import type { Actor } from '../model/event.ts'
import type { Random } from '../model/ids.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import type { Clock } from '../model/time.ts'
import type { Page } from '../ports/page.ts'
import type { Principals } from '../ports/principals.ts'
import { foundedPerson } from './found.ts'
import { whole } from './whole.ts'

type Deps = { readonly principals: Principals; readonly now: Clock; readonly random: Random }

export type Person = Pick<Principal, 'name' | 'email'>

export type Founded = { readonly principal: Principal; readonly token: string }

const adminAmong = async (deps: Deps): Promise<Principal | null> => {
  let after: string | null = null
  do {
    const { rows, next }: Page<Principal> = whole(await deps.principals.list({ limit: 200, after }))
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
export const createFirstAdmin = async (deps: Deps, actor: Actor, person: Person): Promise<Founded> => {
  const there = await adminAmong(deps)
  if (there !== null) throw new Refusal('already_exists', `there is an admin already: ${there.id}`)
  const { step, ...founded } = foundedPerson(deps, actor, { ...person, roles: ['admin'] })
  const mark = { write: 'first_admin', principal_id: founded.principal.id } as const
  const stored = await deps.principals.commit({ ...step, writes: [...step.writes, mark] })
  if (stored !== 'committed') throw new Refusal('already_exists', 'a first admin was made at the same moment')
  return founded
}

/**
 * Approvers that nobody approves: on day 0 there is no one who could, and
 * later there may be nobody left who can. It takes the credentials of the
 * deployment, and is on record as theirs.
 */
export const createFirstApprover = async (deps: Deps, actor: Actor, person: Person): Promise<Founded> => {
  const { step, ...founded } = foundedPerson(deps, actor, { ...person, roles: ['approver'] })
  if ((await deps.principals.commit(step)) !== 'committed')
    throw new Refusal('already_exists', `principal ${founded.principal.id} exists already`)
  return founded
}
