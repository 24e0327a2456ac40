import type { Draft, Write } from '../model/change.ts'
import { digestOf } from '../model/digest.ts'
import { type Ending, endingOfCredential, endingsOf } from '../model/ending.ts'
import type { EventDraft } from '../model/event.ts'
import type { JobFile } from '../model/job.ts'
import { sensitiveRoles } from '../model/permissions.ts'
import { documentOf, type Principal, type PrincipalDocument } from '../model/principal.ts'
import type { PrincipalFile, PrincipalWrite } from '../model/principal-change.ts'
import type { PrincipalContent } from '../model/principal-content.ts'
import { Refusal } from '../model/refusal.ts'
import { instantOf, later, secondsOf } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import { stepOf } from './administer.ts'

type Deps = {
  readonly principals: Pick<Principals, 'get' | 'apiKey' | 'oidcSubject'>
  readonly worker: string
}

/** What happens on the principal's own chain, and what is stored with it. */
type Given = {
  readonly type: EventDraft['type']
  readonly details: EventDraft['details']
  readonly writes: readonly PrincipalWrite[]
}

type Carried = { readonly job: JobFile['job']; readonly now: Date }

const moved = (what: string) => new Refusal('version_conflict', `${what} since this was asked`)

/** Who it is about must be whom the approver was shown. */
const seen = (file: PrincipalFile | null, version: number, document: PrincipalDocument): PrincipalFile => {
  if (
    file === null ||
    file.principal.version !== version ||
    digestOf(documentOf(file.principal)) !== digestOf(document)
  )
    throw moved('the principal was changed')
  return file
}

const written = (principal: Principal, type: 'principal_created' | 'principal_changed'): Given => {
  const { kind, name, email, roles, teams, status } = principal
  const details = { kind, name, email, roles, teams, status, sensitive_roles: [...sensitiveRoles(roles)] }
  return { type, details, writes: [{ write: 'principal', principal }] }
}

const ended = (endings: readonly Ending[]): readonly PrincipalWrite[] =>
  endings.map((ending) => ({ write: 'ending', ending }))

const keyGiven = async (
  deps: Deps,
  content: Extract<PrincipalContent, { operation: 'add_api_key' }>,
  { job, now }: Carried,
): Promise<Given> => {
  const { principal_id, base_version: version, key, replaces } = content
  const time = instantOf(now)
  if (content.holder.status !== 'active') throw moved('the principal was disabled')
  if (key.expires_at !== null && key.expires_at <= time) throw moved('the key has expired')
  const added: PrincipalWrite = {
    write: 'new_api_key',
    key: { ...key, principal_id, created_at: time, disabled_at: null, granted_by: job.id },
  }
  const details = {
    key_id: key.id,
    expires_at: key.expires_at,
    sensitive_roles: [...sensitiveRoles(content.holder.roles)],
  }
  const still: PrincipalWrite = { write: 'require_principal', id: principal_id, version }
  if (replaces === null) return { type: 'api_key_created', details, writes: [added, still] }
  const old = await deps.principals.apiKey(principal_id, replaces.key_id)
  // A key that was disabled meanwhile has nothing left to be shortened.
  if (old === null || old.disabled_at !== null)
    return { type: 'api_key_created', details, writes: [added, still] }
  const end = instantOf(later(now, secondsOf(replaces.overlap)))
  const until = old.expires_at !== null && old.expires_at < end ? old.expires_at : end
  return {
    type: 'api_key_created',
    details: { ...details, replaces: old.id, replaced_until: until },
    writes: [
      added,
      { write: 'next_api_key', key: { ...old, expires_at: until } },
      ...ended(endingOfCredential(old, new Date(until))),
      still,
    ],
  }
}

const subjectGiven = async (
  deps: Deps,
  content: Extract<PrincipalContent, { operation: 'add_oidc_subject' }>,
  { job, now }: Carried,
): Promise<Given> => {
  const { principal_id, base_version: version, subject } = content
  if (content.holder.status !== 'active') throw moved('the principal was disabled')
  const before = await deps.principals.oidcSubject(subject.id)
  if (before !== null && before.disabled_at === null) throw moved('the subject was mapped')
  const mapped = {
    ...subject,
    version: (before?.version ?? 0) + 1,
    principal_id,
    created_at: instantOf(now),
    disabled_at: null,
    granted_by: job.id,
  }
  const sensitive_roles = [...sensitiveRoles(content.holder.roles)]
  return {
    type: 'oidc_subject_added',
    details: { subject_id: subject.id, issuer: subject.issuer, subject: subject.subject, sensitive_roles },
    writes: [
      { write: 'oidc_subject', subject: mapped },
      { write: 'require_principal', id: principal_id, version },
    ],
  }
}

const given = async (
  deps: Deps,
  content: PrincipalContent,
  file: PrincipalFile | null,
  carried: Carried,
): Promise<Given> => {
  const { job, now } = carried
  switch (content.operation) {
    case 'create': {
      if (file !== null) throw moved('a principal of this id was made')
      const { principal_id: id, document } = content
      const made = { id, version: 1, ...document, created_at: instantOf(now), granted_by: job.id }
      return written(made, 'principal_created')
    }
    case 'change': {
      const { principal } = seen(file, content.base_version, content.before)
      const version = principal.version + 1
      const after = { ...principal, ...content.document, version, granted_by: job.id }
      const { writes, ...told } = written(after, 'principal_changed')
      return { ...told, writes: [...writes, ...ended(endingsOf(principal, after, now))] }
    }
    case 'add_api_key':
      seen(file, content.base_version, content.holder)
      return keyGiven(deps, content, carried)
    case 'add_oidc_subject':
      seen(file, content.base_version, content.holder)
      return subjectGiven(deps, content, carried)
  }
}

/**
 * What is stored of a change of people: the principal or the credential, which names the
 * job that vouches for it, and the event on the principal's own chain. Refuses
 * (`version_conflict`) what was asked of somebody as they are no more.
 */
export const applyPrincipal = async (
  deps: Deps,
  { job }: JobFile,
  content: PrincipalContent,
  now: Date,
): Promise<{ readonly writes: readonly Write[]; readonly drafts: readonly [Draft] }> => {
  const { principal_id: id, operation } = content
  const file = await deps.principals.get(id)
  const { type, details, writes } = await given(deps, content, file, { job, now })
  const actor = { id: deps.worker, type: 'System' } as const
  const by = { job_id: job.id, requested_by: job.requested_by }
  const step = stepOf(
    { id, last: file?.last ?? null, actor },
    [{ type, details: { ...details, ...by } }],
    writes,
    now,
  )
  return {
    writes: [{ write: 'principal_step', step }],
    drafts: [
      {
        type: 'principal_changed',
        actor,
        details: { principal_id: id, operation, requested_by: job.requested_by },
      },
    ],
  }
}
