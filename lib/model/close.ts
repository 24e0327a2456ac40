import { type Change, type Draft, step } from './change.ts'
import { actorOf, draftReceipt, type Sealable } from './decide.ts'
import type { JobFile } from './job.ts'
import type { Principal } from './principal.ts'
import { Refusal } from './refusal.ts'
import { instantOf } from './time.ts'

/** Ways in which a job ends before it was carried out. Each leaves its certificate as it was. */

const waiting = (file: JobFile) => {
  const { approval } = file.job
  if (approval === null) throw new Refusal('not_found', 'this job needs no approval')
  if (approval.state !== 'pending') throw new Refusal('approval_decided', `the approval is ${approval.state}`)
  return approval
}

/** The requester takes the request back. Refuses anybody else (`forbidden`). Null where it is withdrawn already. */
export const withdraw = (file: JobFile, by: Principal, note: string | null, now: Date): Sealable | null => {
  const { job } = file
  if (by.id !== job.requested_by) throw new Refusal('forbidden', 'only its requester withdraws a request')
  if (job.approval?.state === 'withdrawn') return null
  const approval = { ...waiting(file), state: 'withdrawn' as const }
  const moved = { status: 'Cancelled', approval, error_message: 'withdrawn by requester' } as const
  const change = (receipt: string): Change =>
    step(file, moved, [{ type: 'approval_withdrawn', actor: actorOf(by), details: { note, receipt } }], now)
  return { receipt: draftReceipt(file, by, 'withdraw', now), change }
}

/** Nobody decided in time. Refuses (`conflict`) before the deadline. */
export const expire = (file: JobFile, now: Date): Sealable => {
  const approval = waiting(file)
  const { expires_at } = approval
  if (instantOf(now) <= expires_at) throw new Refusal('conflict', 'the deadline has not passed')
  const actor = { id: 'system-reaper', type: 'System' } as const
  const expired = { ...approval, state: 'expired' as const }
  const moved = { status: 'Cancelled', approval: expired, error_message: 'approval expired' } as const
  const change = (receipt: string): Change =>
    step(file, moved, [{ type: 'approval_expired', actor, details: { expires_at, receipt } }], now)
  return { receipt: draftReceipt(file, null, 'expire', now), change }
}

/**
 * Stops what has not begun. Refuses (`job_not_cancellable`) what runs or is
 * over, and a revocation or a batch that was begun: half of what was planned is
 * nothing that anybody asked for. Null where it is cancelled already.
 */
export const cancel = (file: JobFile, by: Principal, now: Date): Change | null => {
  const { job } = file
  if (job.status === 'Cancelled') return null
  if (job.status !== 'AwaitingApproval' && job.status !== 'Pending')
    throw new Refusal('job_not_cancellable', `the job is ${job.status}`)
  if (job.progress !== null)
    throw new Refusal(
      'job_not_cancellable',
      `it has begun: ${job.progress.done} of ${job.progress.matched} certificates are done`,
    )
  const approval =
    job.approval?.state === 'pending' ? { ...job.approval, state: 'withdrawn' as const } : job.approval
  const error_message = `cancelled by ${by.id}`
  const draft: Draft = { type: 'job_cancelled', actor: actorOf(by), details: {} }
  return step(file, { status: 'Cancelled', approval, error_message }, [draft], now)
}

/** A signer or a workflow was offered a job that has no mandate. What waits goes on waiting; all else fails. */
export const refuseMandate = (file: JobFile, offered_to: string, reason: string, now: Date): Change => {
  const draft: Draft = {
    type: 'signing_refused',
    actor: { id: offered_to, type: 'System' },
    details: { reason, digest: file.job.digest },
  }
  if (file.job.status !== 'Pending' && file.job.status !== 'Running') return step(file, {}, [draft], now)
  const error_message = `signing refused: ${reason}`.slice(0, 2000)
  return step(file, { status: 'Failed', error_message }, [draft], now)
}
