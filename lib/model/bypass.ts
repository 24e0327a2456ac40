import { type Change, type Draft, snapshotOf } from './change.ts'
import { append } from './event.ts'
import type { Job } from './job.ts'

/** Where approvals are bypassed: the one deployment that may believe it. */
export type Bypass = { readonly environment: string }

const actor = { id: 'system-bypass', type: 'System' } as const satisfies Draft['actor']

/**
 * A job that waits for people, let pass without them: for development alone.
 * That is on record in the same transaction, as nobody's word and without a
 * receipt; only a signer of the same deployment that is told to takes it.
 */
export const bypassed = (change: Change & { job: Job }, bypass: Bypass, now: Date): Change & { job: Job } => {
  const { approval } = change.job
  if (approval?.state !== 'pending') return change
  const job: Job = { ...change.job, status: 'Pending', approval: { ...approval, state: 'approved' } }
  const draft = {
    type: 'approval_bypassed',
    actor,
    resource: job.certificate_id ?? job.id,
    job: snapshotOf(job),
    details: { environment: bypass.environment, digest: job.digest },
  } as const
  const [first, ...rest] = change.events
  return { ...change, job, events: [first, ...rest, ...append(job.id, change.events, [draft], now)] }
}
