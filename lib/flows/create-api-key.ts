import { type ApiKey, isLive, newApiKey } from '../model/api-key.ts'
import type { Actor } from '../model/event.ts'
import type { Random } from '../model/ids.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import type { PrincipalFile, PrincipalStep } from '../model/principal-change.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import { fileOf, stepOf } from './administer.ts'
import { type Gated, keyChange, type SecretHash } from './request-principal-change.ts'

export type ApiKeyRequest = { readonly principal_id: string; readonly expires_at: string | null }

export type ApiKeyAsked = ApiKeyRequest & SecretHash

type Deps = { readonly principals: Principals; readonly now: Clock; readonly random: Random }

export type NewApiKey = {
  readonly key: ApiKey
  /** What its holder presents: here and now, and never again. */
  readonly token: string
  readonly change: PrincipalStep
}

/** A principal holds so many keys that work at a time; what it takes to rotate, and a few services more. */
const most = 20

/** Who may have another key that works until then. Refuses (`principal_disabled`, `invalid_body`, `too_many_keys`). */
const holderOf = async (deps: Deps, { principal_id, expires_at }: ApiKeyRequest): Promise<PrincipalFile> => {
  const now = deps.now()
  const file = await fileOf(deps, principal_id)
  const { principal } = file
  if (principal.status !== 'active') throw new Refusal('principal_disabled', `${principal_id} is disabled`)
  if (expires_at !== null && expires_at <= instantOf(now))
    throw new Refusal('invalid_body', '/expires_at: is in the past', [
      { pointer: '/expires_at', detail: 'is in the past' },
    ])
  const live = (await deps.principals.apiKeys(principal_id)).filter((key) => isLive(key, instantOf(now)))
  if (live.length >= most)
    throw new Refusal('too_many_keys', `${principal_id} has ${live.length} keys that work; disable one first`)
  return file
}

const newKeyStep = (
  deps: Deps,
  actor: Actor,
  { principal, last }: PrincipalFile,
  expires_at: string | null,
): NewApiKey => {
  const now = deps.now()
  const principal_id = principal.id
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

/** A key, made at once; or a job that takes a second person. */
export const proposeApiKey = async (
  deps: Deps,
  actor: Actor,
  asked: ApiKeyAsked,
): Promise<NewApiKey | Gated> => {
  const file = await holderOf(deps, asked)
  return keyChange(deps, file.principal, asked, null) ?? newKeyStep(deps, actor, file, asked.expires_at)
}

/** What is stored of a key made with the credentials of the deployment. */
export const foundedKey = ({ key, ...rest }: NewApiKey): NewApiKey => {
  const founded: ApiKey = { ...key, granted_by: 'bootstrap' }
  const { id, principal_id, secret_sha256: fingerprint } = founded
  const writes = rest.change.writes.map((write) =>
    write.write === 'new_api_key' ? { ...write, key: founded } : write,
  )
  const record = {
    write: 'founder_credential',
    principal_id,
    credential: { id, fingerprint },
  } as const
  return { ...rest, key: founded, change: { ...rest.change, writes: [...writes, record] } }
}

/**
 * Makes a credential with the credentials of the deployment, as
 * `createPrincipal` makes its holder. Its `token` is shown here, once; what is
 * stored cannot bring it back.
 */
export const createApiKey = async (deps: Deps, actor: Actor, request: ApiKeyRequest): Promise<NewApiKey> => {
  const file = await holderOf(deps, request)
  const made = foundedKey(newKeyStep(deps, actor, file, request.expires_at))
  if ((await deps.principals.commit(made.change)) !== 'committed')
    throw new Refusal('conflict', 'this principal was changed at the same moment; try again')
  return made
}
