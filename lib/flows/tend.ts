import type { Approval } from '../model/approval.ts'
import type { Change } from '../model/change.ts'
import { expire } from '../model/close.ts'
import type { Sealable } from '../model/decide.ts'
import { isEscalationDue, nextDue } from '../model/escalation.ts'
import type { Job, JobFile } from '../model/job.ts'
import { escalate, remind } from '../model/press.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import { type SealDeps, sealReceipt } from './receipts.ts'

type Deps = SealDeps & {
  readonly jobs: Pick<Jobs, 'due' | 'waitingSince' | 'load' | 'commit' | 'touch'>
  readonly now: Clock
}

/** What a sweep did: jobs that expired, that people were reminded of, that were escalated, and how many it only touched. */
export type Tended = {
  readonly expired: readonly Job[]
  readonly reminded: readonly Job[]
  readonly escalated: readonly Job[]
  readonly touched: number
  /** Jobs whose worker died with them in its hands. */
  readonly reclaimed: number
  /** How long the approval that waits longest has waited; 0 where none does. */
  readonly longest_wait_seconds: number
}

type Step = { readonly as: 'expired' | 'reminded' | 'escalated'; readonly step: Change | Sealable }

/** How long what was touched may stand still before it is touched again. */
const patienceSeconds = 300

/** How many jobs one sweep looks after; the next sweep has the rest. */
const most = 200

/** By both status and state: a row where they disagree was written by hand, and must not stop the sweep. */
const waitingOf = ({ status, approval }: Job): Approval | null =>
  status === 'AwaitingApproval' && approval?.state === 'pending' ? approval : null

/** A lease that ran out as it was meant to: its worker is alive, and waits for a key. */
const isPostponed = ({ events }: JobFile): boolean => events.at(-1)?.type === 'issuance_postponed'

const nextLook = (job: Job, now: Date): string => {
  const waiting = waitingOf(job)
  if (waiting === null)
    return instantOf(later(now, job.status === 'AwaitingApproval' ? 12 * 3600 : patienceSeconds))
  const next = instantOf(later(now, 12 * 3600))
  const due = nextDue(waiting)
  return due >= instantOf(now) && due < next ? due : next
}

const longestWait = (since: string | null, now: Date): number =>
  since === null ? 0 : Math.max(0, (now.getTime() - Date.parse(since)) / 1000)

/** What time does to a job now: one step of it; what else is due is for the next sweep. Null for nothing. */
const stepOf = (file: JobFile, now: Date): Step | null => {
  const waiting = waitingOf(file.job)
  if (waiting === null) return null
  const time = instantOf(now)
  if (waiting.expires_at < time) return { as: 'expired', step: expire(file, now) }
  const { escalation } = waiting
  if (escalation !== null && isEscalationDue(waiting, time))
    return { as: 'escalated', step: escalate(file, waiting, escalation, now) }
  const reminder = remind(file, waiting, now)
  return reminder === null ? null : { as: 'reminded', step: reminder }
}

/**
 * One sweep over what is due: overdue approvals expire, people are reminded,
 * more people are asked; whatever else stands still (a dead worker's lease, a
 * message that was lost) is touched, so that its consequences follow once more.
 */
export const tend = async (deps: Deps): Promise<Tended> => {
  const done = { expired: [] as Job[], reminded: [] as Job[], escalated: [] as Job[] }
  let touched = 0
  let reclaimed = 0
  for (const id of await deps.jobs.due(instantOf(deps.now()), most)) {
    const file = await deps.jobs.load(id)
    if (file === null || 'unreadable' in file) continue
    const { job } = file
    const now = deps.now()
    const due = stepOf(file, now)
    if (due === null) {
      await deps.jobs.touch(job, instantOf(now), nextLook(job, now))
      touched += 1
      if (job.lease !== null && !isPostponed(file)) reclaimed += 1
      continue
    }
    const { step } = due
    const change = 'receipt' in step ? step.change(await sealReceipt(deps, step.receipt)) : step
    // A decision or another sweep at the same instant wins or loses the same condition; then nothing of this is left to do.
    if ((await deps.jobs.commit(change)) === 'committed' && change.job !== null) done[due.as].push(change.job)
  }
  const longest_wait_seconds = longestWait(await deps.jobs.waitingSince(), deps.now())
  return { ...done, touched, reclaimed, longest_wait_seconds }
}
