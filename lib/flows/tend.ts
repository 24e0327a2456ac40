import type { Approval } from '../model/approval.ts'
import type { Change } from '../model/change.ts'
import { expire } from '../model/close.ts'
import type { Sealable } from '../model/decide.ts'
import { isPostponed, patienceSeconds, waitSeconds } from '../model/due.ts'
import { isEscalationDue, nextDue } from '../model/escalation.ts'
import type { Job, JobFile } from '../model/job.ts'
import { escalate, remind } from '../model/press.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Page } from '../ports/page.ts'
import { inTurns } from './in-turns.ts'
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

/** What a sweep did with one job. */
type Outcome = { readonly [as in 'expired' | 'reminded' | 'escalated' | 'touched' | 'reclaimed']?: Job }

type Step = { readonly as: 'expired' | 'reminded' | 'escalated'; readonly step: Change | Sealable }

/** How many jobs are asked for at once. */
const pageJobs = 100

/** For how long a sweep asks for more, in seconds: its function has a minute. */
const budgetSeconds = 40

/**
 * How many jobs one sweep looks after; the next has the rest. The signers work off 16,000 in
 * a minute (docs/decisions/0083): with more, jobs would be told again before their turn came.
 */
const most = 10_000

/** By both status and state: a row where they disagree was written by hand, and must not stop the sweep. */
const waitingOf = ({ status, approval }: Job): Approval | null =>
  status === 'AwaitingApproval' && approval?.state === 'pending' ? approval : null

const nextLook = (job: Job, now: Date): string => {
  const waiting = waitingOf(job)
  if (waiting === null)
    return instantOf(later(now, job.status === 'AwaitingApproval' ? waitSeconds : patienceSeconds))
  const next = instantOf(later(now, waitSeconds))
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

/** One job: what time does to it, or one more telling of where it stands. */
const lookAfter = async (deps: Deps, id: string): Promise<Outcome> => {
  const file = await deps.jobs.load(id)
  if (file === null || 'unreadable' in file) return {}
  const { job } = file
  const now = deps.now()
  const due = stepOf(file, now)
  if (due === null) {
    await deps.jobs.touch(job, instantOf(now), nextLook(job, now))
    return job.lease !== null && !isPostponed(file) ? { touched: job, reclaimed: job } : { touched: job }
  }
  const { as, step } = due
  const change = 'receipt' in step ? step.change(await sealReceipt(deps, step.receipt)) : step
  // A decision or another sweep at the same instant wins or loses the same condition; then nothing of this is left to do.
  const stored = (await deps.jobs.commit(change)) === 'committed'
  return stored && change.job !== null ? { [as]: change.job } : {}
}

/**
 * One sweep over what is due: overdue approvals expire, people are reminded,
 * more people are asked; whatever else stands still (a dead worker's lease, a
 * message that was lost, a key that was away) is touched, so that its
 * consequences follow once more. It goes on until nothing is due, its time is
 * over, or the signers have enough to do until the next.
 */
export const tend = async (deps: Deps): Promise<Tended> => {
  const began = deps.now()
  const outcomes: Outcome[] = []
  let after: string | null = null
  do {
    const page: Page<string> = await deps.jobs.due(instantOf(began), { after, limit: pageJobs })
    outcomes.push(...(await inTurns(page.rows, (id) => lookAfter(deps, id))))
    after = page.next
  } while (after !== null && outcomes.length < most && deps.now() < later(began, budgetSeconds))
  const all = (as: keyof Outcome): readonly Job[] => outcomes.flatMap((outcome) => outcome[as] ?? [])
  return {
    expired: all('expired'),
    reminded: all('reminded'),
    escalated: all('escalated'),
    touched: all('touched').length,
    reclaimed: all('reclaimed').length,
    longest_wait_seconds: longestWait(await deps.jobs.waitingSince(), deps.now()),
  }
}
