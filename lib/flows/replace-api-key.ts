import { type ApiKey, isLive, newApiKey } from '../model/api-key.ts'
import { actorOf } from '../model/decide.ts'
import { endingOfCredential } from '../model/ending.ts'
import type { Random } from '../model/ids.ts'
import { demand, sensitiveRoles } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf, later, secondsOf } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import { fileOf, stepOf } from './administer.ts'
import type { NewApiKey } from './create-api-key.ts'
import { type Gated, keyChange, type SecretHash } from './request-principal-change.ts'

type Deps = { readonly principals: Principals; readonly now: Clock; readonly random: Random }

export type KeyName = { readonly principal_id: string; readonly key_id: string }

const keyOf = async (deps: Deps, { principal_id, key_id }: KeyName): Promise<ApiKey> => {
  const key = await deps.principals.apiKey(principal_id, key_id)
  if (key === null) throw new Refusal('not_found', `no key ${key_id} of ${principal_id}`)
  return key
}

/** A disabled key stops at its next request, for ever. Null where it was disabled before. */
export const disableApiKey = async (deps: Deps, by: Principal, name: KeyName) => {
  const now = deps.now()
  const { last } = await fileOf(deps, name.principal_id)
  const before = await keyOf(deps, name)
  if (before.disabled_at !== null) return { key: before, change: null }
  const key: ApiKey = { ...before, disabled_at: instantOf(now) }
  const change = stepOf(
    { id: name.principal_id, last, actor: actorOf(by) },
    [{ type: 'api_key_disabled', details: { key_id: key.id } }],
    [
      { write: 'next_api_key', key },
      ...endingOfCredential(before, now).map((ending) => ({ write: 'ending', ending }) as const),
    ],
    now,
  )
  return { key, change }
}

export type Rotation = KeyName &
  SecretHash & {
    /** How long the old key goes on beside the new one. */
    readonly overlap: string
    readonly expires_at: string | null
  }

/**
 * A new key for an old one, which goes on for a while, so that whoever uses
 * it can change over without a gap. Everybody may rotate keys of their own;
 * those of others take an admin. The key of an approver or an admin takes a
 * second person, whoever asks: a stolen key must not make one that lasts.
 */
export const rotateApiKey = async (
  deps: Deps,
  by: Principal,
  rotation: Rotation,
): Promise<NewApiKey | Gated> => {
  const { principal_id, overlap, expires_at } = rotation
  if (by.id !== principal_id) demand(by, 'administer')
  const now = deps.now()
  const time = instantOf(now)
  const { principal, last } = await fileOf(deps, principal_id)
  const old = await keyOf(deps, rotation)
  if (!isLive(old, time)) throw new Refusal('conflict', `key ${old.id} does not work any more`)
  if (principal.status !== 'active') throw new Refusal('principal_disabled', `${principal_id} is disabled`)
  if (expires_at !== null && expires_at <= time)
    throw new Refusal('invalid_body', '/expires_at: is in the past', [
      { pointer: '/expires_at', detail: 'is in the past' },
    ])
  const gated = keyChange(deps, principal, rotation, { key_id: old.id, overlap })
  if (gated !== null) return gated
  const end = instantOf(later(now, secondsOf(overlap)))
  const until = old.expires_at !== null && old.expires_at < end ? old.expires_at : end
  const made = newApiKey(principal, deps.random, time, expires_at)
  const details = {
    key_id: made.key.id,
    expires_at,
    replaces: old.id,
    replaced_until: until,
    sensitive_roles: [...sensitiveRoles(principal.roles)],
  }
  const change = stepOf(
    { id: principal_id, last, actor: actorOf(by) },
    [{ type: 'api_key_created', details }],
    [
      { write: 'new_api_key', key: made.key },
      { write: 'next_api_key', key: { ...old, expires_at: until } },
      { write: 'require_principal', id: principal_id, version: principal.version },
    ],
    now,
  )
  return { ...made, change }
}
