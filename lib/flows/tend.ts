import { expire } from '../model/close.ts'
import type { Job } from '../model/job.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Jobs } from '../ports.ts'
import { type SealDeps, sealReceipt } from './receipts.ts'

type Deps = SealDeps & {
  readonly jobs: Pick<Jobs, 'due' | 'waitingSince' | 'load' | 'commit' | 'touch'>
  readonly now: Clock
}

export type Tended = {
  readonly expired: readonly Job[]
  readonly touched: number
  /** Jobs whose worker died with them in its hands. */
  readonly reclaimed: number
  /** How long the approval that waits longest has waited; 0 where none does. */
  readonly longest_wait_seconds: number
}

/** How long what was touched may stand still before it is touched again. */
const patienceSeconds = 300

/** How many jobs one sweep looks after; the next sweep has the rest. */
const most = 200

const nextLook = ({ status, approval }: Job, now: Date): string => {
  const next = instantOf(later(now, status === 'AwaitingApproval' ? 12 * 3600 : patienceSeconds))
  const deadline = status === 'AwaitingApproval' ? approval?.expires_at : undefined
  return deadline !== undefined && deadline >= instantOf(now) && deadline < next ? deadline : next
}

/** By both status and state: a row where they disagree was written by hand, and must not stop the sweep. */
const isOverdue = ({ status, approval }: Job, now: Date): boolean =>
  status === 'AwaitingApproval' && approval?.state === 'pending' && approval.expires_at < instantOf(now)

const longestWait = (since: string | null, now: Date): number =>
  since === null ? 0 : Math.max(0, (now.getTime() - Date.parse(since)) / 1000)

/**
 * One sweep over what is due: overdue approvals expire; whatever else stands
 * still (a dead worker's lease, a message that was lost) is touched, so that
 * its consequences follow once more.
 */
export const tend = async (deps: Deps): Promise<Tended> => {
  const expired: Job[] = []
  let touched = 0
  let reclaimed = 0
  for (const id of await deps.jobs.due(instantOf(deps.now()), most)) {
    const file = await deps.jobs.load(id)
    if (file === null || 'unreadable' in file) continue
    const { job } = file
    const now = deps.now()
    if (isOverdue(job, now)) {
      const sealable = expire(file, now)
      const change = sealable.change(await sealReceipt(deps, sealable.receipt))
      // A decision at the same instant wins or loses the same condition; then there is nothing left to expire.
      if ((await deps.jobs.commit(change)) === 'committed' && change.job !== null) expired.push(change.job)
      continue
    }
    await deps.jobs.touch(job, instantOf(now), nextLook(job, now))
    touched += 1
    if (job.lease !== null) reclaimed += 1
  }
  return {
    expired,
    touched,
    reclaimed,
    longest_wait_seconds: longestWait(await deps.jobs.waitingSince(), deps.now()),
  }
}
