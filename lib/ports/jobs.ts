import type { ApprovalState } from '../model/approval.ts'
import type { Change } from '../model/change.ts'
import type { Event } from '../model/event.ts'
import type { Job, JobFile, JobStatus } from '../model/job.ts'
import type { Committed, Page, Paging } from './page.ts'

/** A job whose rows cannot be read as a job: nothing may follow from it but a record that it was found. */
export type UnreadableJob = { readonly unreadable: string; readonly events: readonly Event[] }

export type Jobs = {
  /** Everything of one job, strongly consistent: one call. */
  readonly load: (id: string) => Promise<JobFile | UnreadableJob | null>
  /** Where these jobs stand, in their order, strongly consistent; null for one that is not there, or cannot be read. */
  readonly heads: (ids: readonly string[]) => Promise<readonly (Job | null)[]>
  /** One transaction: all of it or nothing. */
  readonly commit: (change: Change) => Promise<Committed>
  readonly list: (filter: JobFilter, paging: Paging) => Promise<Page<Job>>
  /** Jobs that want looking after by `now`: overdue approvals, dead leases, what stands still; longest due first. */
  readonly due: (now: string, paging: Paging) => Promise<Page<string>>
  /** When the approval that waits longest was asked for; null where none waits. */
  readonly waitingSince: () => Promise<string | null>
  /** Lets what follows from a job's state happen once more, and sets when to look again. Changes no state. */
  readonly touch: (job: Job, now: string, due: string) => Promise<void>
  /** Ids of the revocations in bulk that are not over. */
  readonly openBulkRevocations: () => Promise<readonly string[]>
}

export type JobFilter = {
  readonly certificate_id?: string | undefined
  readonly status?: JobStatus | undefined
  readonly type?: Job['type'] | undefined
  readonly approval_state?: ApprovalState | undefined
  readonly gated?: boolean | undefined
}
