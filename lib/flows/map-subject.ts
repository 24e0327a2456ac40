import { actorOf } from '../model/decide.ts'
import { endingOfCredential } from '../model/ending.ts'
import { type OidcSubject, oidcSubjectIdOf } from '../model/oidc-subject.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import { documentOf, type Principal } from '../model/principal.ts'
import type { PrincipalStep } from '../model/principal-change.ts'
import type { PrincipalContent } from '../model/principal-content.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import { fileOf, stepOf } from './administer.ts'
import type { Gated } from './request-principal-change.ts'

type Deps = { readonly principals: Principals; readonly now: Clock }

export type SubjectRequest = {
  readonly principal_id: string
  readonly issuer: string
  readonly subject: string
  readonly reason: string | null
}

/** From now on, tokens of this subject are this principal. A subject is one principal's at a time. For an approver or an admin it takes a second person. */
export const addSubject = async (
  deps: Deps,
  by: Principal,
  request: SubjectRequest,
): Promise<Gated | { readonly subject: OidcSubject; readonly change: PrincipalStep }> => {
  const now = deps.now()
  const { principal_id, issuer, subject: name } = request
  const { principal, last } = await fileOf(deps, principal_id)
  if (principal.status !== 'active') throw new Refusal('principal_disabled', `${principal_id} is disabled`)
  const id = oidcSubjectIdOf(issuer, name)
  const before = await deps.principals.oidcSubject(id)
  if (before !== null && before.disabled_at === null)
    throw new Refusal('already_exists', 'this subject is mapped already')
  if (sensitiveRoles(principal.roles).length > 0) {
    const gated: PrincipalContent = {
      type: 'PrincipalChange',
      operation: 'add_oidc_subject',
      principal_id,
      base_version: principal.version,
      holder: documentOf(principal),
      subject: { id, issuer, subject: name },
    }
    return { gated, reason: request.reason }
  }
  const subject: OidcSubject = {
    id,
    version: (before?.version ?? 0) + 1,
    principal_id,
    issuer,
    subject: name,
    created_at: instantOf(now),
    disabled_at: null,
    granted_by: null,
  }
  const sensitive_roles = [...sensitiveRoles(principal.roles)]
  const change = stepOf(
    { id: principal_id, last, actor: actorOf(by) },
    [{ type: 'oidc_subject_added', details: { subject_id: id, issuer, subject: name, sensitive_roles } }],
    [
      { write: 'oidc_subject', subject },
      { write: 'require_principal', id: principal_id, version: principal.version },
    ],
    now,
  )
  return { subject, change }
}

/** Tokens of this subject stop at the next request. Null where it was disabled before. */
export const disableSubject = async (
  deps: Deps,
  by: Principal,
  { principal_id, subject_id }: { readonly principal_id: string; readonly subject_id: string },
) => {
  const now = deps.now()
  const { last } = await fileOf(deps, principal_id)
  const before = await deps.principals.oidcSubject(subject_id)
  if (before === null || before.principal_id !== principal_id)
    throw new Refusal('not_found', `no subject ${subject_id} of ${principal_id}`)
  if (before.disabled_at !== null) return { subject: before, change: null }
  const subject: OidcSubject = { ...before, version: before.version + 1, disabled_at: instantOf(now) }
  const change = stepOf(
    { id: principal_id, last, actor: actorOf(by) },
    [{ type: 'oidc_subject_disabled', details: { subject_id } }],
    [
      { write: 'oidc_subject', subject },
      ...endingOfCredential(before, now).map((ending) => ({ write: 'ending', ending }) as const),
    ],
    now,
  )
  return { subject, change }
}
