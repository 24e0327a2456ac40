import { cancelJob, type DecideJobDeps, decideApproval, withdrawApproval } from '../flows/decide-job.ts'
import type { Answers, Reply } from '../http/call.ts'
import { viewApproval, viewJob } from '../http/views.ts'

const shown = (body: unknown): Reply => ({ status: 200, body })

/** Every operation that decides on a job, or ends one before it begins. */
export const decideApi = (deps: DecideJobDeps): Answers<'decide'> => ({
  approve: async ({ principal, params, body }) => {
    const word = { verdict: 'approve', note: body.note ?? null } as const
    return shown(viewApproval(await decideApproval(deps, principal, params.id, word)))
  },
  reject: async ({ principal, params, body }) => {
    const word = { verdict: 'reject', note: body.note } as const
    return shown(viewApproval(await decideApproval(deps, principal, params.id, word)))
  },
  withdraw: async ({ principal, params, body }) =>
    shown(viewApproval(await withdrawApproval(deps, principal, params.id, body.note ?? null))),
  cancelJob: async ({ principal, params }) => shown(viewJob(await cancelJob(deps, principal, params.id))),
})
