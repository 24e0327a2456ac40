import type { Approval } from './approval.ts'
import { type Change, type Draft, step } from './change.ts'
import { approvalsOf, draftReceipt, type Sealable } from './decide.ts'
import type { Json } from './digest.ts'
import type { JobFile } from './job.ts'
import { missingOf } from './staging.ts'
import { instantOf } from './time.ts'

/** What time does to an approval that nobody decided yet, short of ending it. */

const actor = { id: 'system-reaper', type: 'System' } as const

const waitingFor = (approval: Approval): Json =>
  missingOf(approval, approvalsOf(approval.decisions))
    .filter(({ missing }) => missing > 0)
    .map(({ stage: { name }, missing }) => ({ stage: name, missing }))

/** One event for each reminder whose time has come; null where none has. */
export const remind = (file: JobFile, approval: Approval, now: Date): Change | null => {
  const time = instantOf(now)
  const details = { expires_at: approval.expires_at, waiting_for: waitingFor(approval) }
  const [first, ...rest] = approval.remind_at
    .filter((due_at) => due_at <= time)
    .map((due_at): Draft => ({ type: 'approval_reminded', actor, details: { due_at, ...details } }))
  if (first === undefined) return null
  const remind_at = approval.remind_at.filter((due_at) => due_at > time)
  return step(file, { approval: { ...approval, remind_at } }, [first, ...rest], now)
}

/**
 * From now on, more people may approve; as many as before must. The receipt
 * says when that was, so that no word counts which came too early.
 */
export const escalate = (
  file: JobFile,
  approval: Approval,
  escalation: NonNullable<Approval['escalation']>,
  now: Date,
): Sealable => {
  const { due_at, to } = escalation
  const escalated = { ...approval, escalation: { ...escalation, escalated_at: instantOf(now) } }
  const change = (receipt: string): Change => {
    const details = { due_at, to: JSON.parse(JSON.stringify(to)), waiting_for: waitingFor(approval), receipt }
    return step(file, { approval: escalated }, [{ type: 'approval_escalated', actor, details }], now)
  }
  return { receipt: draftReceipt(file, null, 'escalate', now), change }
}
