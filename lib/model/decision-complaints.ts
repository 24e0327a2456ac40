import type { Decision } from './approval.ts'
import type { Eligible } from './approval-policy.ts'
import { escalationOf } from './escalation.ts'
import type { Event } from './event.ts'
import { bringersOf, type JobFile, ownersOf } from './job.ts'
import { may } from './permissions.ts'
import { type Identity, isOwner } from './principal.ts'
import type { ReceiptClaims, VerifyReceipt } from './receipt.ts'
import type { Requirement } from './requirement.ts'
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

/** Whether both say that it was given in the place of the same person, by the same delegation, or of nobody. */
const isForTheSame = (claimed: ReceiptClaims['for'], stored: Decision['for']): boolean =>
  claimed?.id === stored?.id &&
  claimed?.name === stored?.name &&
  claimed?.email === stored?.email &&
  claimed?.delegation_id === stored?.delegation_id

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
  claims.ticket === job.ticket &&
  claims.decider?.id === decision.by &&
  claims.decider.name === decision.name &&
  claims.decider.email === decision.email &&
  isForTheSame(claims.for, decision.for) &&
  claims.verdict === decision.verdict &&
  claims.stage === decision.stage &&
  claims.time === decision.time

/** The stage of the rules that a decision counts for must name whose word it is, as they were then. */
const isNamed = (claims: ReceiptClaims, { policy }: Requirement, escalated_to: Eligible | null): boolean => {
  const { decider, for: stoodFor, stage: name } = claims
  const stage = stagesOf(policy).find((one) => one.name === name)
  if (stage === undefined || decider === null || !may(decider, 'decide')) return false
  const who = stoodFor ?? decider
  const lists = [stage.eligible, ...(escalated_to === null ? [] : [escalated_to])]
  return may(who, 'decide') && lists.some((eligible) => isEligible(who, { eligible }))
}

/**
 * Who might approve besides those whom the stages name, when a word was given:
 * whom the rules escalate to, once the clock's receipt says that their time had
 * come. The row says nothing here.
 */
const escalatedBefore = (
  { job, events }: JobFile,
  { policy, sha256 }: Requirement,
  time: string,
  verify: VerifyReceipt,
): Eligible | null => {
  const asked = events.find(({ type }) => type === 'approval_requested')
  const escalation = asked === undefined ? null : escalationOf(policy, asked.time)
  if (escalation === null) return null
  const vouched = events.some(({ type, details: { receipt } }) => {
    const claims = type === 'approval_escalated' && typeof receipt === 'string' ? verify(receipt) : null
    return (
      claims?.verdict === 'escalate' &&
      claims.job_id === job.id &&
      claims.digest === job.digest &&
      claims.policy_sha256 === sha256 &&
      claims.time >= escalation.due_at &&
      claims.time <= time
    )
  })
  return vouched ? escalation.to : null
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
  const { requested_by, digest, approval } = file.job
  const owners = ownersOf(file.job.owner, file.content)
  const bringers = bringersOf(file.content)
  const own = (who: Identity): boolean => owners.some((owner) => isOwner(who, owner))
  if (decision.by === requested_by || own({ ...decision, id: decision.by }))
    yield 'two-person integrity: an approver is the requester or the owner'
  if (bringers.includes(decision.by)) yield 'two-person integrity: an approver brought the CSR'
  const { for: stoodFor } = decision
  if (stoodFor !== null && (stoodFor.id === requested_by || own(stoodFor)))
    yield 'two-person integrity: an approval stands for the requester or the owner'
  if (stoodFor !== null && bringers.includes(stoodFor.id))
    yield 'two-person integrity: an approval stands for whoever brought the CSR'
  if (decision.digest !== digest) yield 'a decision was made on other content'
  if (approval !== null && decision.time > approval.expires_at) yield 'a decision was made after the deadline'
  const recorded = recordOf(decision, file.events)
  if (recorded === undefined) return yield 'a decision is not on record'
  const { receipt } = recorded.details
  const claims = typeof receipt === 'string' ? hearing.verify(receipt) : null
  if (claims === null) return yield 'a decision has no receipt that verifies'
  if (!vouchesFor(claims, decision, file, requirement)) yield 'the receipt of a decision is for another one'
  const escalated_to = escalatedBefore(file, requirement, decision.time, hearing.verify)
  if (!isNamed(claims, requirement, escalated_to))
    yield 'a decision was made by somebody whom its stage does not name'
  yield* vouchingComplaints(claims, hearing, hearing.prove)
}
