import { type Draft, step, type Write } from '../model/change.ts'
import { approvalsOf } from '../model/decide.ts'
import type { Mandate } from '../model/gate.ts'
import type { Grant } from '../model/grant.ts'
import { grantIdOf } from '../model/ids.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import type { PrincipalContent } from '../model/principal-content.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import type { Rules } from '../model/requirement.ts'
import { peopleOf } from '../model/staging.ts'
import { instantOf } from '../model/time.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Stored } from '../ports/page.ts'
import type { Principals } from '../ports/principals.ts'
import type { SerialStatuses } from '../ports/revocation.ts'
import type { Issuers } from '../ports/rules.ts'
import { applyIssuer } from './apply-issuer.ts'
import { applyPrincipal } from './apply-principal.ts'
import { applyRebinding } from './apply-rebinding.ts'
import { type CarryOutDeps, carryOut, failJob, type Result } from './carry-out.ts'
import { type OpenRenewalsDeps, openRenewals } from './open-renewals.ts'
import { carryOutRevocation, type RevokeDeps } from './revoke.ts'

export type ApplyDeps = CarryOutDeps &
  OpenRenewalsDeps &
  RevokeDeps & {
    readonly issuers: Pick<Issuers, 'get'>
    readonly principals: Principals
    readonly serials: SerialStatuses
    readonly certificates: Pick<Certificates, 'get' | 'load'>
  }

type ProfileChange = Extract<JobContent, { type: 'ProfileChange' }>
type IssuerChange = Extract<JobContent, { type: 'IssuerChange' }>
type GrantChange = Extract<JobContent, { type: 'GrantChange' }>
type Rebinding = Extract<JobContent, { type: 'Rebinding' }>
type Applicable = ProfileChange | IssuerChange | GrantChange | PrincipalContent | Rebinding
/** What is applied, and the rules that its mandate was earned from. */
type Task = { readonly file: JobFile; readonly content: Applicable; readonly rules: Rules }
type Applied = { readonly writes: readonly Write[]; readonly drafts: readonly [Draft, ...Draft[]] }

const changeProfile = (deps: ApplyDeps, file: JobFile, content: ProfileChange, now: Date): Applied => {
  const profile: ProfileVersion = {
    id: content.profile_id,
    version: content.base_version + 1,
    status: content.operation === 'delete' ? 'deleted' : 'active',
    document: content.document,
    issuer: content.issuer,
    created_by: file.job.requested_by,
    created_at: instantOf(now),
    job_id: file.job.id,
  }
  const { profile_id, operation } = content
  const details = { profile_id, operation, version: profile.version, requested_by: file.job.requested_by }
  const actor = { id: deps.worker, type: 'System' } as const
  return {
    writes: [
      { write: 'profile', profile },
      { write: 'require_issuer', id: content.issuer.id },
    ],
    drafts: [{ type: 'profile_changed', actor, details }],
  }
}

/** The grant as it was approved, by those who did; void where the profile that it cites was changed meanwhile. */
const giveGrant = (deps: ApplyDeps, file: JobFile, content: GrantChange, now: Date): Applied => {
  const { type: _, operation: __, ...bounds } = content
  const { job } = file
  const grant: Grant = {
    ...bounds,
    id: grantIdOf(job.id),
    version: 1,
    requested_by: job.requested_by,
    owner: job.owner,
    approved_by: approvalsOf(job.approval?.decisions ?? []).flatMap(peopleOf),
    granted_at: instantOf(now),
    withdrawn_at: null,
    withdrawn_by: null,
  }
  const { issuances, period, valid_until } = bounds
  const details = { grant_id: grant.id, issuances, period, valid_until, requested_by: job.requested_by }
  return {
    writes: [
      { write: 'grant', grant },
      { write: 'require_profile', id: content.profile_id, version: content.profile_version },
    ],
    drafts: [{ type: 'grant_granted', actor: { id: deps.worker, type: 'System' }, details }],
  }
}

const applied = (deps: ApplyDeps, { file, content, rules }: Task, now: Date): Applied | Promise<Applied> => {
  switch (content.type) {
    case 'ProfileChange':
      return changeProfile(deps, file, content, now)
    case 'GrantChange':
      return giveGrant(deps, file, content, now)
    case 'IssuerChange':
      return applyIssuer(deps, file, content, now)
    case 'PrincipalChange':
      return applyPrincipal(deps, file, content, now)
    case 'Rebinding':
      return applyRebinding(deps, file, content, rules)
  }
}

/** What the conflict of a write means for the job. */
const outdated: Partial<Record<Stored, string>> = {
  profile: 'the profile was changed since this edit was made',
  require_profile: 'the profile was changed since this grant was asked for',
  issuer: 'the issuer was changed since this was asked',
  require_issuer: 'the issuer of the profile is not active',
  principal: 'the principal was changed since this was asked',
  require_principal: 'the principal was changed since this was asked',
  next_certificate: 'the certificate was changed at the same moment',
  oidc_subject: 'the subject was mapped since this was asked',
}

/** One transaction; again where only the chain of a principal was longer than it was seen. */
const store = async (deps: ApplyDeps, task: Task): Promise<Result> => {
  const { file } = task
  for (let round = 0; round < 3; round += 1) {
    const now = deps.now()
    const { writes, drafts } = await applied(deps, task, now)
    const stored = await deps.jobs.commit(
      step(file, { status: 'Completed', attempts: 1 }, drafts, now, writes),
    )
    if (stored === 'committed') return 'done'
    const reason =
      task.content.type === 'Rebinding' && stored.conflict === 'require_profile'
        ? 'a profile of these was changed at the same moment'
        : outdated[stored.conflict]
    if (reason !== undefined) return failJob(deps, file, reason)
    if (stored.conflict !== 'event') return 'in_other_hands'
  }
  return 'in_other_hands'
}

const apply = async (deps: ApplyDeps, { file }: Mandate, rules: Rules): Promise<Result> => {
  const { content } = file
  if (content.type === 'Revocation') return carryOutRevocation(deps, file, content)
  if (content.type === 'RenewalBatch') return openRenewals(deps, file, content)
  if (content.type === 'Issuance' || content.type === 'Renewal')
    throw new Refusal('mandate_refused', `${deps.worker} does not carry out a ${content.type}`)
  try {
    return await store(deps, { file, content, rules })
  } catch (error) {
    if (error instanceof Refusal && error.code === 'version_conflict')
      return failJob(deps, file, error.message)
    throw error
  }
}

/** Carries out what takes no key: revocations, batches of renewals, changes of profiles and of people, each in as few transactions as it fits in. */
export const applyChange = (deps: ApplyDeps, job_id: string): Promise<Result> =>
  carryOut(deps, job_id, (mandate, rules) => apply(deps, mandate, rules))
