import { refuseMandate } from '../model/close.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Tokens } from '../ports/workflow.ts'

/** Longer than an execution can wait. */
const keptSeconds = 92 * 86_400

/** Parks the token of a waiting execution, to be found by whoever has a decision to tell. */
export const parkToken = (
  deps: { readonly tokens: Tokens; readonly now: Clock },
  waiting: { readonly approval_id: string; readonly task_token: string },
): Promise<void> =>
  deps.tokens.park(waiting.approval_id, waiting.task_token, instantOf(later(deps.now(), keptSeconds)))

/**
 * The execution was woken and found no decision that satisfies the rule:
 * somebody used its token, or wrote to the table. That is put on record
 * (`signing_refused`). `waiting`: the approval is still open, so the execution
 * goes back to waiting for it.
 */
export const refuseWake = async (
  deps: { readonly jobs: Pick<Jobs, 'load' | 'commit'>; readonly now: Clock },
  job_id: string,
): Promise<{ readonly waiting: boolean }> => {
  for (let round = 0; round < 8; round += 1) {
    const file = await deps.jobs.load(job_id)
    if (file === null) throw new Refusal('not_found', `no job ${job_id}`)
    if ('unreadable' in file) return { waiting: false }
    const { status } = file.job
    if (status !== 'AwaitingApproval' && status !== 'Pending') return { waiting: false }
    const reason = 'the execution was woken without a decision of enough people'
    const change = refuseMandate(file, 'workflow-refuse', reason, deps.now())
    if ((await deps.jobs.commit(change)) === 'committed') return { waiting: status === 'AwaitingApproval' }
  }
  throw new Error(`job ${job_id} is too contended`)
}
