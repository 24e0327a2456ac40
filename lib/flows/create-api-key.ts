import { type ApiKey, isLive, newApiKey } from '../model/api-key.ts'
import type { Actor } from '../model/event.ts'
import type { Random } from '../model/ids.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import type { PrincipalChange } from '../model/principal-change.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports.ts'
import { fileOf, stepOf } from './administer.ts'

export type ApiKeyRequest = { readonly principal_id: string; readonly expires_at: string | null }

type Deps = { readonly principals: Principals; readonly now: Clock; readonly random: Random }

export type NewApiKey = {
  readonly key: ApiKey
  /** What its holder presents: here and now, and never again. */
  readonly token: string
  readonly change: PrincipalChange
}

/** A principal holds so many keys that work at a time; what it takes to rotate, and a few services more. */
const most = 20

export const proposeApiKey = async (
  deps: Deps,
  actor: Actor,
  { principal_id, expires_at }: ApiKeyRequest,
): Promise<NewApiKey> => {
  const now = deps.now()
  const { principal, last } = await fileOf(deps, principal_id)
  if (principal.status !== 'active') throw new Refusal('principal_disabled', `${principal_id} is disabled`)
  if (expires_at !== null && expires_at <= instantOf(now))
    throw new Refusal('invalid_body', '/expires_at: is in the past', [
      { pointer: '/expires_at', detail: 'is in the past' },
    ])
  const live = (await deps.principals.apiKeys(principal_id)).filter((key) => isLive(key, instantOf(now)))
  if (live.length >= most)
    throw new Refusal('too_many_keys', `${principal_id} has ${live.length} keys that work; disable one first`)
  const made = newApiKey(principal, deps.random, instantOf(now), expires_at)
  const details = {
    key_id: made.key.id,
    expires_at,
    sensitive_roles: [...sensitiveRoles(principal.roles)],
  }
  const change = stepOf(
    { id: principal_id, last, actor },
    [{ type: 'api_key_created', details }],
    [
      { write: 'new_api_key', key: made.key },
      { write: 'require_principal', id: principal_id, version: principal.version },
    ],
    now,
  )
  return { ...made, change }
}

/** Makes a credential. Its `token` is shown here, once; what is stored cannot bring it back. */
export const createApiKey = async (deps: Deps, actor: Actor, request: ApiKeyRequest): Promise<NewApiKey> => {
  const made = await proposeApiKey(deps, actor, request)
  if ((await deps.principals.commit(made.change)) !== 'committed')
    throw new Refusal('conflict', 'this principal was changed at the same moment; try again')
  return made
}
