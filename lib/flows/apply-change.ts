import { type Draft, step, type Write } from '../model/change.ts'
import type { Mandate } from '../model/gate.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { instantOf } from '../model/time.ts'
import type { Issuers } from '../ports.ts'
import { applyIssuer } from './apply-issuer.ts'
import { type CarryOutDeps, carryOut, failJob, type Result } from './carry-out.ts'
import { carryOutRevocation, type RevokeDeps } from './revoke.ts'

export type ApplyDeps = CarryOutDeps & RevokeDeps & { readonly issuers: Pick<Issuers, 'get'> }

type ProfileChange = Extract<JobContent, { type: 'ProfileChange' }>
type IssuerChange = Extract<JobContent, { type: 'IssuerChange' }>
type Applied = { readonly writes: readonly Write[]; readonly draft: Draft }

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
    draft: { type: 'profile_changed', actor, details },
  }
}

const applied = (
  deps: ApplyDeps,
  file: JobFile,
  content: ProfileChange | IssuerChange,
  now: Date,
): Applied | Promise<Applied> =>
  content.type === 'ProfileChange'
    ? changeProfile(deps, file, content, now)
    : applyIssuer(deps, file, content, now)

const apply = async (deps: ApplyDeps, { file }: Mandate): Promise<Result> => {
  const { content } = file
  if (content.type === 'Revocation') return carryOutRevocation(deps, file, content)
  if (content.type !== 'ProfileChange' && content.type !== 'IssuerChange')
    throw new Refusal('mandate_refused', `${deps.worker} does not carry out a ${content.type}`)
  const now = deps.now()
  const { writes, draft } = await applied(deps, file, content, now)
  const stored = await deps.jobs.commit(
    step(file, { status: 'Completed', attempts: 1 }, [draft], now, writes),
  )
  if (stored === 'committed') return 'done'
  if (stored.conflict === 'profile')
    return failJob(deps, file, 'the profile was changed since this edit was made')
  if (stored.conflict === 'issuer') return failJob(deps, file, 'the issuer was changed since this was asked')
  if (stored.conflict === 'require_issuer')
    return failJob(deps, file, 'the issuer of the profile is not active')
  return 'in_other_hands'
}

/** Carries out what takes no key: revocations and changes of profiles, each in as few transactions as it fits in. */
export const applyChange = (deps: ApplyDeps, job_id: string): Promise<Result> =>
  carryOut(deps, job_id, (mandate) => apply(deps, mandate))
