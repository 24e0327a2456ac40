import type { Approval } from './approval.ts'
import type { ApprovalPolicy, Eligible } from './approval-policy.ts'
import { instantOf, later, secondsOf } from './time.ts'

/** When what is asked for at an instant wants people reminded, and more of them. */

const after = (created_at: string, duration: string): string =>
  instantOf(later(new Date(created_at), secondsOf(duration)))

export const remindersOf = ({ remind_after }: ApprovalPolicy, created_at: string): Approval['remind_at'] =>
  remind_after.map((duration) => after(created_at, duration))

/** Null where the policy names nobody to escalate to. */
export const escalationOf = (
  { escalate_after, escalate_to }: Pick<ApprovalPolicy, 'escalate_after' | 'escalate_to'>,
  created_at: string,
): Approval['escalation'] =>
  escalate_after === undefined || escalate_to === undefined
    ? null
    : {
        after: escalate_after,
        due_at: after(created_at, escalate_after),
        to: escalate_to,
        escalated_at: null,
      }

/** Whether an approval waits to be escalated, and the time has come. */
export const isEscalationDue = ({ escalation }: Approval, now: string): boolean =>
  escalation !== null && escalation.escalated_at === null && escalation.due_at <= now

/** Who may approve besides those whom the stages name, since it was escalated; null before. */
export const escalatedTo = ({ escalation }: Pick<Approval, 'escalation'>): Eligible | null =>
  escalation === null || escalation.escalated_at === null ? null : escalation.to

/** The next instant at which somebody must look at a waiting approval: a reminder, the escalation, the deadline. */
export const nextDue = ({ remind_at, escalation, expires_at }: Approval): string => {
  const escalates = escalation !== null && escalation.escalated_at === null ? [escalation.due_at] : []
  return [...remind_at, ...escalates, expires_at].reduce((first, one) => (one < first ? one : first))
}
