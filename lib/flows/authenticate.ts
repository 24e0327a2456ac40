import { fits, isLive, readPresentedKey } from '../model/api-key.ts'
import { actorOf } from '../model/decide.ts'
import { type Actor, append } from '../model/event.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import { isSensitive, sensitiveRoles } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import type { Credential } from '../model/receipt.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import type { Accesses, VerifyToken } from '../ports/requests.ts'

export type AccessDeps = {
  readonly principals: Pick<Principals, 'findByKey' | 'findBySubject'>
  readonly accesses: Pick<Accesses, 'record' | 'noteUse'>
  readonly verifyToken: VerifyToken
  readonly now: Clock
  readonly random: Random
}

/** What was asked for: named in the event of a refusal. */
export type Attempt = { readonly operation: string; readonly instance: string }

/** Whoever was let in, and with which of their credentials. */
export type Visitor = {
  readonly principal: Principal
  readonly credential: Credential
  /** Keeps `last_used_at` of the credential; null where this hour is on record already. */
  readonly noteUse: (() => Promise<void>) | null
}

/** A credential that was named, and why it does not open the door; `proven` where its secret was right. */
type Rejected = { readonly credential_id: string; readonly reason: string; readonly proven: boolean }

const unauthenticated = () =>
  new Refusal(
    'unauthenticated',
    'present a valid API key or a token of a configured issuer as "Authorization: Bearer …"',
  )

/** A refused request as the one event of a chain of its own: nothing to read first, and nobody to race with. */
const recordRefusal = async (
  deps: AccessDeps,
  { actor, resource, attempt }: { actor: Actor; resource: string; attempt: Attempt },
  details: Readonly<Record<string, string>>,
): Promise<void> => {
  const draft = {
    type: 'access_refused',
    actor,
    resource,
    job: null,
    details: { ...attempt, ...details },
  } as const
  const chain = `access-${newSuffix(deps.random)}`
  for (const event of append(chain, [], [draft], deps.now())) await deps.accesses.record(event)
}

const reject = async (
  deps: AccessDeps,
  principal: Principal,
  { credential_id, reason, proven }: Rejected,
  attempt: Attempt,
): Promise<never> => {
  // Whoever only knows the id of a key has not shown to be its holder.
  const actor: Actor = proven ? actorOf(principal) : { id: 'system-api', type: 'System' }
  const about = { actor, resource: principal.id, attempt }
  await recordRefusal(deps, about, { code: 'unauthenticated', credential_id, reason })
  throw unauthenticated()
}

/**
 * A sensitive role counts where both it and the credential were given by two
 * people, or at the founding. Whoever is let in otherwise is who they are, and
 * neither decides nor administers.
 */
const trusted = (principal: Principal, { granted_by }: Credential): Principal =>
  principal.granted_by !== null && granted_by !== null
    ? principal
    : { ...principal, roles: principal.roles.filter((role) => !isSensitive(role)) }

const letIn = (
  deps: AccessDeps,
  whose: Principal,
  credential: Credential,
  last_used_at: string | null,
): Visitor => {
  const credential_id = credential.id
  const hour = `${instantOf(deps.now()).slice(0, 13)}:00:00.000Z`
  const noteUse =
    last_used_at === hour ? null : () => deps.accesses.noteUse(credential_id, hour, last_used_at)
  return { principal: trusted(whose, credential), credential, noteUse }
}

const byKey = async (deps: AccessDeps, token: string, attempt: Attempt): Promise<Visitor> => {
  const presented = readPresentedKey(token)
  const found = presented === null ? null : await deps.principals.findByKey(presented)
  if (presented === null || found === null) throw unauthenticated()
  const { principal, credential, last_used_at } = found
  const credential_id = credential.id
  const because = (reason: string, proven: boolean) =>
    reject(deps, principal, { credential_id, reason, proven }, attempt)
  if (!fits(credential, presented)) return because('wrong secret', false)
  if (credential.disabled_at !== null) return because('key disabled', true)
  if (!isLive(credential, instantOf(deps.now()))) return because('key expired', true)
  if (principal.status !== 'active') return because('principal disabled', true)
  const { granted_by, secret_sha256: fingerprint } = credential
  return letIn(deps, principal, { id: credential_id, fingerprint, granted_by }, last_used_at)
}

/**
 * The roles of a token's groups come on top of those the principal holds; both
 * only by an explicit word, and none that takes a second person. Whoever holds
 * such a role has what two people gave, and nothing on top of it.
 */
const withRoles = (principal: Principal, roles: Principal['roles']): Principal =>
  sensitiveRoles(principal.roles).length > 0
    ? principal
    : { ...principal, roles: [...new Set([...principal.roles, ...roles])] }

const byToken = async (deps: AccessDeps, token: string, attempt: Attempt): Promise<Visitor> => {
  const claims = await deps.verifyToken(token)
  if (claims === null) throw unauthenticated()
  const found = await deps.principals.findBySubject(claims.issuer, claims.subject)
  if (found === null) throw unauthenticated()
  const { principal, credential, last_used_at } = found
  const because = (reason: string) =>
    reject(deps, principal, { credential_id: credential.id, reason, proven: true }, attempt)
  if (credential.disabled_at !== null) return because('subject disabled')
  if (principal.status !== 'active') return because('principal disabled')
  const { id, granted_by } = credential
  const roles = claims.roles.filter((role) => !isSensitive(role))
  return letIn(deps, withRoles(principal, roles), { id, fingerprint: id, granted_by }, last_used_at)
}

/**
 * Who asks. Strongly consistent reads, so that a credential which was disabled
 * stops at its next request. Whatever fails says the same (`unauthenticated`);
 * where it is known whose credential it was, it is put on record.
 */
export const authenticate = async (
  deps: AccessDeps,
  authorization: string | undefined,
  attempt: Attempt,
): Promise<Visitor> => {
  const [, token] = /^Bearer +(\S{1,8192})$/i.exec(authorization ?? '') ?? []
  if (token === undefined) throw unauthenticated()
  return token.startsWith('cs_') ? byKey(deps, token, attempt) : byToken(deps, token, attempt)
}

/** Puts on record that somebody known asked for what they may not have. */
export const recordForbidden = (
  deps: AccessDeps,
  { principal, credential }: Visitor,
  attempt: Attempt,
  reason: string,
): Promise<void> =>
  recordRefusal(
    deps,
    { actor: actorOf(principal), resource: principal.id, attempt },
    { code: 'forbidden', credential_id: credential.id, reason },
  )
