import type { Decision } from './approval.ts'
import type { Event } from './event.ts'
import type { Requirement } from './gate.ts'
import { broughtBy, type JobFile } from './job.ts'
import { may } from './permissions.ts'
import { isOwner } from './principal.ts'
import type { ReceiptClaims, VerifyReceipt } from './receipt.ts'
import { isEligible, stagesOf } from './staging.ts'
import { type Prove, type Vouchers, vouchingComplaints } from './vouching.ts'

/** The event that recorded a decision when it was made. */
const recordOf = (decision: Decision, events: readonly Event[]): Event | undefined =>
  events.find(
    (entry) =>
      (entry.type === 'approval_approved' || entry.type === 'decision_recorded') &&
      entry.actor === decision.by &&
      entry.time === decision.time &&
      entry.details.verdict === decision.verdict &&
      entry.details.digest === decision.digest,
  )

/** Whether a receipt is of exactly this decision on exactly this job, under these rules. */
const vouchesFor = (
  claims: ReceiptClaims,
  decision: Decision,
  { job }: JobFile,
  requirement: Requirement,
): boolean =>
  claims.job_id === job.id &&
  claims.digest === job.digest &&
  claims.policy_sha256 === requirement.sha256 &&
  claims.requester === job.requested_by &&
  claims.owner === job.owner &&
  claims.decider?.id === decision.by &&
  claims.decider.name === decision.name &&
  claims.decider.email === decision.email &&
  claims.verdict === decision.verdict &&
  claims.stage === decision.stage &&
  claims.time === decision.time

/** The stage of the rules that a decision counts for must name whoever made it, as they were then. */
const isNamed = ({ decider, stage: name }: ReceiptClaims, { policy }: Requirement): boolean => {
  const stage = stagesOf(policy).find((one) => one.name === name)
  return stage !== undefined && decider !== null && may(decider, 'decide') && isEligible(decider, stage)
}

/** What a decision is held against: the public keys of receipts, and what made people approvers. */
type Hearing = Vouchers & { readonly verify: VerifyReceipt; readonly prove: Prove }

/** Everything that is wrong with one approval: on this job, under these rules, by whom they name, and vouched for. */
export function* decisionComplaints(
  file: JobFile,
  requirement: Requirement,
  decision: Decision,
  hearing: Hearing,
): Generator<string> {
  const { owner, requested_by, digest, approval } = file.job
  if (decision.by === requested_by || isOwner({ ...decision, id: decision.by }, owner))
    yield 'two-person integrity: an approver is the requester or the owner'
  if (decision.by === broughtBy(file.content)) yield 'two-person integrity: an approver brought the CSR'
  if (decision.digest !== digest) yield 'a decision was made on other content'
  if (approval !== null && decision.time > approval.expires_at) yield 'a decision was made after the deadline'
  const recorded = recordOf(decision, file.events)
  if (recorded === undefined) return yield 'a decision is not on record'
  const { receipt } = recorded.details
  const claims = typeof receipt === 'string' ? hearing.verify(receipt) : null
  if (claims === null) return yield 'a decision has no receipt that verifies'
  if (!vouchesFor(claims, decision, file, requirement)) yield 'the receipt of a decision is for another one'
  if (!isNamed(claims, requirement)) yield 'a decision was made by somebody whom its stage does not name'
  yield* vouchingComplaints(claims, hearing, hearing.prove)
}
