import { cancelJob, decideApproval, withdrawApproval } from '../flows/decide-job.ts'
import { type DecideOnceDeps, decideOnce } from '../flows/decide-once.ts'
import type { Answer } from '../flows/once.ts'
import { endGrant, type WithdrawGrantDeps } from '../flows/withdraw-grant.ts'
import type { Answers } from '../http/call.ts'
import { viewApproval, viewJob } from '../http/views.ts'
import type { Job } from '../model/job.ts'
import { askedBy } from './asked.ts'

const approvalOf = (job: Job): Answer => ({ status: 200, body: viewApproval(job) })
const jobOf = (job: Job): Answer => ({ status: 200, body: viewJob(job) })

export type DecideApiDeps = DecideOnceDeps & WithdrawGrantDeps

/** Every operation that decides on a job, or ends one before it begins. */
export const decideApi = (deps: Omit<DecideApiDeps, 'credential'>): Answers<'decide'> => ({
  approve: (call) => {
    const { note = null, stage = null, for: stoodFor = null } = call.body
    const word = { verdict: 'approve', note, stage, for: stoodFor } as const
    return decideOnce(
      { ...deps, credential: call.credential },
      askedBy('approve', call),
      approvalOf,
      (within) => decideApproval(within, call.principal, call.params.id, word),
    )
  },
  reject: (call) => {
    const word = { verdict: 'reject', note: call.body.note } as const
    return decideOnce(
      { ...deps, credential: call.credential },
      askedBy('reject', call),
      approvalOf,
      (within) => decideApproval(within, call.principal, call.params.id, word),
    )
  },
  withdraw: (call) =>
    decideOnce({ ...deps, credential: call.credential }, askedBy('withdraw', call), approvalOf, (within) =>
      withdrawApproval(within, call.principal, call.params.id, call.body.note ?? null),
    ),
  withdrawGrant: (call) => {
    const { id } = call.params
    const note = call.body.note ?? null
    const own = { ...deps, credential: call.credential }
    return decideOnce(own, askedBy('withdrawGrant', call), jobOf, (within) =>
      endGrant({ ...own, ...within }, call.principal, { id, note }),
    )
  },
  cancelJob: (call) =>
    decideOnce({ ...deps, credential: call.credential }, askedBy('cancelJob', call), jobOf, (within) =>
      cancelJob(within, call.principal, call.params.id),
    ),
})
