import type { Approval, Decision } from './approval.ts'
import { type Change, type Draft, step } from './change.ts'
import { broughtBy, type JobFile } from './job.ts'
import { demand } from './permissions.ts'
import { isOwner, type Principal } from './principal.ts'
import type { ReceiptDraft } from './receipt.ts'
import { Refusal } from './refusal.ts'
import { missingOf, stageFor } from './staging.ts'
import { instantOf } from './time.ts'

export type Verdict = { readonly verdict: Decision['verdict']; readonly note: string | null }

/** A step that takes a receipt of what it says: first what to seal, then the step that holds it. */
export type Sealable = {
  readonly receipt: ReceiptDraft
  readonly change: (receipt: string) => Change
}

/** A step to commit; an answer that was given before; or a rule that says no, with what to put on record of it. */
export type Outcome =
  | ({ readonly outcome: 'step' } & Sealable)
  | { readonly outcome: 'replay' }
  | { readonly outcome: 'refused'; readonly change: Change; readonly refusal: Refusal }

export const actorOf = (principal: Principal): Draft['actor'] => ({
  id: principal.id,
  type: principal.kind === 'person' ? 'Person' : 'Service',
})

/** Who that is now, as far as rules ask. */
const vouchedFor = ({ id, name, email, roles, teams, granted_by }: Principal): ReceiptDraft['decider'] => ({
  id,
  name,
  email,
  roles: [...roles],
  teams: [...teams],
  granted_by,
})

/** What there is to say of a word given now; nobody gave it where a deadline passed. */
export const draftReceipt = (
  { job }: JobFile,
  by: Principal | null,
  verdict: ReceiptDraft['verdict'],
  now: Date,
): ReceiptDraft => ({
  job_id: job.id,
  digest: job.digest,
  policy_sha256: job.approval?.policy_sha256 ?? '',
  requester: job.requested_by,
  owner: job.owner,
  decider: by === null ? null : vouchedFor(by),
  verdict,
  stage: null,
  time: instantOf(now),
})

const complaint = (file: JobFile, by: Principal, { verdict }: Verdict): string | null => {
  const { job } = file
  if (by.id === job.requested_by)
    return verdict === 'reject'
      ? 'two-person integrity: nobody decides their own request; withdraw it with POST /api/v1/approvals/{id}/withdraw'
      : 'two-person integrity: nobody decides their own request'
  if (isOwner(by, job.owner))
    return 'two-person integrity: the owner of what is requested does not decide on it'
  if (broughtBy(file.content) === by.id)
    return 'two-person integrity: whoever brought the CSR does not decide on it'
  return null
}

/** The approvals among the decisions, each with its stage. */
export const approvalsOf = (
  decisions: readonly Decision[],
): readonly { readonly by: string; readonly stage: string }[] =>
  decisions.flatMap(({ by, verdict, stage }) =>
    verdict === 'approve' && stage !== null ? [{ by, stage }] : [],
  )

const decided = (approval: Approval, decision: Decision): Approval => {
  const decisions = [...approval.decisions, decision]
  if (decision.verdict === 'reject') return { ...approval, decisions, state: 'rejected' }
  const complete = missingOf(approval, approvalsOf(decisions)).every(({ missing }) => missing === 0)
  return { ...approval, decisions, state: complete ? 'approved' : 'pending' }
}

/** What a person's approval counts for. Refuses (`forbidden`) whom no open stage names. */
const stageOf = (approval: Approval, by: Principal): string => {
  const stage = stageFor(approval, approvalsOf(approval.decisions), by)
  if (stage !== null) return stage.name
  const open = missingOf(approval, approvalsOf(approval.decisions)).filter(({ missing }) => missing > 0)
  const names = open.map(({ stage: { name } }) => `"${name}"`).join(', ')
  throw new Refusal('forbidden', `you are not among those who approve now; what is open: ${names}`)
}

const results = {
  approved: { status: 'Pending', type: 'approval_approved' },
  rejected: { status: 'Cancelled', type: 'approval_rejected' },
  pending: { status: 'AwaitingApproval', type: 'decision_recorded' },
} as const

/**
 * One principal's word on an approval. Refuses whose own request it is
 * (`two_person_integrity`, recorded, whatever their roles), who is no approver
 * (`forbidden`), what is decided (`approval_decided`) and what is past its
 * deadline (`approval_expired`).
 */
export const decide = (file: JobFile, by: Principal, word: Verdict, now: Date): Outcome => {
  const { job } = file
  const { approval } = job
  if (approval === null) throw new Refusal('not_found', 'this job needs no approval')
  const objection = complaint(file, by, word)
  if (objection !== null) {
    const details = { reason: objection, verdict: word.verdict }
    const draft: Draft = { type: 'approval_refused', actor: actorOf(by), details }
    return {
      outcome: 'refused',
      change: step(file, {}, [draft], now),
      refusal: new Refusal('two_person_integrity', objection),
    }
  }
  demand(by, 'decide')
  const earlier = approval.decisions.find((decision) => decision.by === by.id)
  if (earlier?.verdict === word.verdict) return { outcome: 'replay' }
  if (earlier !== undefined) throw new Refusal('approval_decided', `you decided already: ${earlier.verdict}`)
  if (approval.state !== 'pending') throw new Refusal('approval_decided', `the approval is ${approval.state}`)
  const time = instantOf(now)
  if (time > approval.expires_at)
    throw new Refusal('approval_expired', `the deadline was ${approval.expires_at}`)
  const { verdict, note } = word
  const stage = verdict === 'approve' ? stageOf(approval, by) : null
  const decision: Decision = {
    by: by.id,
    name: by.name,
    email: by.email,
    verdict,
    stage,
    note,
    digest: job.digest,
    time,
  }
  const after = decided(approval, decision)
  const result =
    after.state === 'approved' || after.state === 'rejected' ? results[after.state] : results.pending
  const details = {
    verdict,
    stage,
    note,
    digest: job.digest,
    name: by.name,
    email: by.email,
    quorum: approval.quorum,
  }
  const error_message = after.state === 'rejected' ? `rejected: ${note ?? ''}` : job.error_message
  const change = (receipt: string): Change => {
    const draft: Draft = { type: result.type, actor: actorOf(by), details: { ...details, receipt } }
    return step(file, { status: result.status, approval: after, error_message }, [draft], now)
  }
  return { outcome: 'step', receipt: { ...draftReceipt(file, by, verdict, now), stage }, change }
}
