import type { Decision } from './approval.ts'
import { type Event, isUnbroken } from './event.ts'
import { contentDigest, type JobContent, type JobFile } from './job.ts'
import { isOwner } from './principal.ts'
import type { ApprovalPolicy, ProfileVersion } from './profile.ts'
import { Refusal } from './refusal.ts'
import { instantOf } from './time.ts'

declare const earned: unique symbol

/** The proof that a job may be carried out. Only `mandateFor` makes one, and a signer takes nothing else. */
export type Mandate = { readonly [earned]: true; readonly file: JobFile }

/**
 * The rules that bear on a job: the version of the profile it was made under,
 * and the version that is in force now. Null where none is stored.
 */
export type Rules = { readonly pinned: ProfileVersion | null; readonly current: ProfileVersion | null }

/** Changes to the rules themselves take one other person, however the profiles are set. */
export const rulesPolicy: ApprovalPolicy = { quorum: 1, expires_after: 'P7D', reason_required: false }

const strictest = (policies: readonly ApprovalPolicy[]): ApprovalPolicy | null =>
  policies.reduce<ApprovalPolicy | null>(
    (most, policy) => (most === null || policy.quorum > most.quorum ? policy : most),
    null,
  )

const policyOf = (profile: ProfileVersion | null): readonly ApprovalPolicy[] =>
  profile?.document.requires_approval === true ? [profile.document.approval_policy] : []

/**
 * What a job needs before it may be carried out: a policy, or null for
 * nothing. The same function serves when the job is made and, again, at the
 * signer. A job under a profile that cannot be found is refused.
 */
export const requirementFor = (content: JobContent, rules: Rules): ApprovalPolicy | null => {
  switch (content.type) {
    case 'Issuance':
    case 'Renewal': {
      if (rules.pinned === null || rules.current === null || rules.current.status !== 'active')
        throw new Refusal('mandate_refused', `profile ${content.profile_id} is not in force`)
      return strictest([...policyOf(rules.pinned), ...policyOf(rules.current)])
    }
    case 'Revocation':
      return null
    case 'ProfileChange': {
      const before = policyOf(rules.current)
      if (before.length === 0 && !content.document.requires_approval) return null
      return strictest([rulesPolicy, ...before])
    }
    case 'IssuerChange':
      return rulesPolicy
  }
}

const recorded = (decision: Decision, events: readonly Event[]): boolean =>
  events.some(
    (entry) =>
      (entry.type === 'approval_approved' || entry.type === 'decision_recorded') &&
      entry.actor === decision.by &&
      entry.time === decision.time &&
      entry.details.verdict === decision.verdict &&
      entry.details.digest === decision.digest,
  )

/** Two-person integrity of what is on record: enough distinct people, none of them the requester or the owner. */
function* approvalComplaints(file: JobFile, policy: ApprovalPolicy, now: Date): Generator<string> {
  const { approval, owner, requested_by, digest } = file.job
  if (approval === null) return yield 'the job needs approval and has none'
  if (approval.state !== 'approved') yield `the approval is ${approval.state}`
  const asked = file.events.find((entry) => entry.type === 'approval_requested')
  if (asked?.details.expires_at !== approval.expires_at) yield 'the deadline is not the one on record'
  if (file.issuance === null && instantOf(now) > approval.expires_at) yield 'the approval expired'
  const approvals = approval.decisions.filter(({ verdict }) => verdict === 'approve')
  for (const decision of approvals) {
    if (decision.by === requested_by || isOwner({ ...decision, id: decision.by }, owner))
      yield 'two-person integrity: an approver is the requester or the owner'
    if (decision.digest !== digest) yield 'a decision was made on other content'
    if (decision.time > approval.expires_at) yield 'a decision was made after the deadline'
    if (!recorded(decision, file.events)) yield 'a decision is not on record'
  }
  const people = new Set(approvals.map(({ by }) => by)).size
  const needed = Math.max(policy.quorum, approval.quorum)
  if (people < needed) yield `${people} of ${needed} approvals`
}

/** A record of what is about to be signed counts only with the event that was stored beside it. */
const isPlanned = ({ issuance, events }: JobFile): boolean =>
  issuance === null ||
  events.some(
    ({ type, details }) =>
      type === 'issuance_planned' &&
      details.tbs_sha256 === issuance.tbs_sha256 &&
      details.serial === issuance.serial &&
      details.not_before === issuance.period.not_before &&
      details.not_after === issuance.period.not_after,
  )

/** What is stored must be one unbroken account of this very job. */
function* recordComplaints(file: JobFile): Generator<string> {
  const { job, content, events } = file
  const first = events[0]
  if (first === undefined || !isUnbroken(job.id, events)) return yield 'the chain of events is broken'
  if (contentDigest(content) !== job.digest || first.details.digest !== job.digest)
    yield 'the content is not what was requested'
  if (content.type !== job.type) yield 'the content is of another type'
  if (first.actor !== job.requested_by || first.details.owner !== job.owner)
    yield 'the requester or the owner is not the one on record'
  const last = events.at(-1)?.job
  if (last?.status !== job.status || last.approval_state !== (job.approval?.state ?? null))
    yield 'the status is not the one on record'
  if (!isPlanned(file)) yield 'what will be signed is not what is on record'
}

function* complaints(file: JobFile, rules: Rules, now: Date): Generator<string> {
  const { status, approval } = file.job
  if (status !== 'Pending' && !(status === 'Running' && file.issuance !== null))
    yield `a job that is ${status} may not be carried out`
  yield* recordComplaints(file)
  const policy = requirementFor(file.content, rules)
  if (policy !== null) yield* approvalComplaints(file, policy, now)
  else if (approval !== null && approval.state !== 'approved') yield `the approval is ${approval.state}`
}

/**
 * The gate. Re-earned from what is stored, by whoever is about to carry out a
 * job: `Pending`, or `Running` with its issuance already on record.
 * Refuses (`mandate_refused`) whatever it cannot establish, and says all of why.
 */
export const mandateFor = (file: JobFile, rules: Rules, now: Date): Mandate => {
  const found = [...complaints(file, rules, now)]
  if (found.length > 0) throw new Refusal('mandate_refused', found.join('; '))
  return { file } as Mandate
}
