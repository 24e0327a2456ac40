import { type ApiKey, newApiKey } from '../model/api-key.ts'
import { type Actor, append } from '../model/event.ts'
import type { Random } from '../model/ids.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports.ts'

export type ApiKeyRequest = { readonly principal_id: string; readonly expires_at: string | null }

type Deps = { readonly principals: Principals; readonly now: Clock; readonly random: Random }

/** Makes a credential. Its `token` is shown here, once; what is stored cannot bring it back. */
export const createApiKey = async (
  deps: Deps,
  actor: Actor,
  { principal_id, expires_at }: ApiKeyRequest,
): Promise<{ readonly key: ApiKey; readonly token: string }> => {
  const now = deps.now()
  const found = await deps.principals.get(principal_id)
  if (found === null) throw new Refusal('not_found', `no principal ${principal_id}`)
  if (expires_at !== null && expires_at <= instantOf(now))
    throw new Refusal('invalid_body', 'expires_at is in the past')
  const made = newApiKey(found.principal, deps.random, instantOf(now), expires_at)
  const draft = {
    type: 'api_key_created',
    actor,
    resource: principal_id,
    job: null,
    details: { key_id: made.key.id, expires_at },
  } as const
  const [event] = append(principal_id, found.events, [draft], now)
  if (event === undefined || !(await deps.principals.addKey(made.key, event)))
    throw new Refusal(
      'conflict',
      'another credential of this principal was made at the same moment; try again',
    )
  return made
}
