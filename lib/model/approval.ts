import * as z from 'zod'
import { approvalStage, eligible, stageOrders } from './approval-policy.ts'
import { delegationId, principalId } from './ids.ts'
import { duration, instant } from './time.ts'

export const approvalStates = ['pending', 'approved', 'rejected', 'expired', 'withdrawn'] as const

export type ApprovalState = (typeof approvalStates)[number]

/** Somebody in whose place a word was given, as they were at the time. */
const stoodFor = z.strictObject({
  id: principalId,
  name: z.string(),
  email: z.string().nullable(),
  delegation_id: delegationId,
})

/** One approver's word, bound to what they were shown. */
export const decision = z.strictObject({
  by: principalId,
  /** Who that was at the time: the owner rule compares all three. */
  name: z.string(),
  email: z.string().nullable(),
  /** In whose place, by a delegation of theirs; null for a word of one's own. */
  for: stoodFor.nullable().default(null),
  verdict: z.enum(['approve', 'reject']),
  /** The stage that an approval counts for; null for a rejection, which ends all of them. */
  stage: z.string().nullable(),
  note: z.string().max(2000).nullable(),
  digest: z.string(),
  time: instant,
})

export type Decision = Readonly<z.infer<typeof decision>>

/** The part of a job that people decide. */
export const approval = z.strictObject({
  state: z.enum(approvalStates),
  quorum: z.int().min(1).max(16),
  stages: z.array(approvalStage).min(1).max(8),
  order: z.enum(stageOrders),
  /** Of the rules that asked for it. */
  policy_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  decisions: z.array(decision).max(32),
  /** The reminders that are still to come. */
  remind_at: z.array(instant).max(10).default([]),
  /** From when on more people may approve; they may once that is on record. */
  escalation: z
    .strictObject({ after: duration, due_at: instant, to: eligible, escalated_at: instant.nullable() })
    .nullable()
    .default(null),
  created_at: instant,
  expires_at: instant,
})

export type Approval = Readonly<z.infer<typeof approval>>
