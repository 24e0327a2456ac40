import { nextDue } from './escalation.ts'
import { isTerminal, type Job, type JobFile } from './job.ts'
import { instantOf, later } from './time.ts'

/** How long a job may stand still before the sweep touches it, in seconds. */
export const patienceSeconds = 300

/** How long a job that waits for people stands still before the sweep touches it, in seconds. */
export const waitSeconds = 12 * 3600

/** When it could first be carried out: when it was asked for, or the last of those who were asked decided. */
const readySince = ({ created_at, approval }: Job): string =>
  [created_at, ...(approval?.decisions ?? []).map(({ time }) => time)].toSorted().at(-1) ?? created_at

const after = (instant: string, seconds: number): string => instantOf(later(new Date(instant), seconds))

/**
 * A first attempt is looked after when the job would have been without it: its
 * queue delivers what a dead worker left three minutes later, sooner than that.
 */
const dueOfLease = (job: Job, until: string): string => {
  const patience = after(readySince(job), patienceSeconds)
  return job.attempts === 1 && until < patience ? patience : until
}

/** When a job wants looking after next. Null once it is over. */
export const dueOf = (job: Job): string | null => {
  if (isTerminal(job.status)) return null
  if (job.lease !== null) return dueOfLease(job, job.lease.until)
  if (job.status !== 'AwaitingApproval') return after(job.updated_at, patienceSeconds)
  const touch = after(job.updated_at, waitSeconds)
  const [first = touch] = [touch, ...(job.approval === null ? [] : [nextDue(job.approval)])].toSorted()
  return first
}

/** A lease that ran out as it was meant to: its worker is alive, and waits for a key. */
export const isPostponed = ({ events }: Pick<JobFile, 'events'>): boolean =>
  events.at(-1)?.type === 'issuance_postponed'

/** Whether a worker died with the job in its hands, and whoever takes it now comes before the sweep, which would count that. */
export const isAbandoned = ({ job, events }: Pick<JobFile, 'job' | 'events'>, now: Date): boolean =>
  job.lease !== null && !isPostponed({ events }) && instantOf(now) < (dueOf(job) ?? '')
