import { opens, readPresentedKey } from '../model/api-key.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports.ts'

type Deps = { readonly principals: Pick<Principals, 'findByKey'>; readonly now: Clock }

const unauthenticated = () =>
  new Refusal('unauthenticated', 'present a valid API key as "Authorization: Bearer cs_…"')

/**
 * Who asks. One strongly consistent read, so that a key which was disabled
 * stops at its next request. Whatever fails says the same (`unauthenticated`).
 */
export const authenticate = async (deps: Deps, authorization: string | undefined): Promise<Principal> => {
  const [, token] = /^Bearer +(\S{1,200})$/i.exec(authorization ?? '') ?? []
  const presented = readPresentedKey(token ?? '')
  if (presented === null) throw unauthenticated()
  const found = await deps.principals.findByKey(presented)
  if (found === null || !opens(found.key, presented, instantOf(deps.now()))) throw unauthenticated()
  if (found.principal.status !== 'active') throw unauthenticated()
  return found.principal
}
