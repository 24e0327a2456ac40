import type { Approval, Decision } from './approval.ts'
import { type Change, type Draft, step, type Write } from './change.ts'
import { type Giver, type StoodFor, standingFor } from './delegation.ts'
import { escalatedTo } from './escalation.ts'
import { bringersOf, type JobFile, ownersOf } from './job.ts'
import { demand } from './permissions.ts'
import { isOwner, type Principal } from './principal.ts'
import type { ReceiptDraft } from './receipt.ts'
import { Refusal } from './refusal.ts'
import { missingOf, peopleOf, stageFor } from './staging.ts'
import { instantOf } from './time.ts'

export type Verdict = {
  readonly verdict: Decision['verdict']
  readonly note: string | null
  /** The stage that an approval shall count for; null for whichever fits best. */
  readonly stage?: string | null
  /** The id of whoever it is given for; null for a word of one's own. */
  readonly for?: string | null
}

/** Who gives a word, and what was found of whoever they give it for. */
export type Speaker = { readonly by: Principal; readonly giver: Giver | null }

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
const vouchedFor = ({ id, name, email, roles, teams, granted_by }: Principal) => ({
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
  ticket: job.ticket,
  decider: by === null ? null : vouchedFor(by),
  for: null,
  verdict,
  stage: null,
  time: instantOf(now),
})

const withdrawInstead = '; withdraw it with POST /api/v1/approvals/{id}/withdraw'

const complaint = (file: JobFile, { by, giver }: Speaker, word: Verdict): string | null => {
  const { job, content } = file
  const owners = ownersOf(job.owner, content)
  const bringers = bringersOf(content)
  if (by.id === job.requested_by)
    return `two-person integrity: nobody decides their own request${word.verdict === 'reject' ? withdrawInstead : ''}`
  if (owners.some((owner) => isOwner(by, owner)))
    return 'two-person integrity: the owner of what is requested does not decide on it'
  if (bringers.includes(by.id)) return 'two-person integrity: whoever brought the CSR does not decide on it'
  if (word.for === job.requested_by)
    return 'two-person integrity: nobody decides in the place of whoever requested it'
  if (giver !== null && owners.some((owner) => isOwner(giver.principal, owner)))
    return 'two-person integrity: nobody decides in the place of the owner'
  if (giver !== null && bringers.includes(giver.principal.id))
    return 'two-person integrity: nobody decides in the place of whoever brought the CSR'
  return null
}

/** The approvals among the decisions, each with its stage. */
export const approvalsOf = (
  decisions: readonly Decision[],
): readonly { readonly by: string; readonly for: string | null; readonly stage: string }[] =>
  decisions.flatMap(({ by, for: stoodFor, verdict, stage }) =>
    verdict === 'approve' && stage !== null ? [{ by, for: stoodFor?.id ?? null, stage }] : [],
  )

const decided = (approval: Approval, decision: Decision): Approval => {
  const decisions = [...approval.decisions, decision]
  if (decision.verdict === 'reject') return { ...approval, decisions, state: 'rejected' }
  const complete = missingOf(approval, approvalsOf(decisions)).every(({ missing }) => missing === 0)
  return { ...approval, decisions, state: complete ? 'approved' : 'pending' }
}

/** What a person's approval counts for. Refuses (`forbidden`) whom no open stage names. */
const stageOf = (approval: Approval, who: Principal, wanted: string | null): string => {
  const approvals = approvalsOf(approval.decisions)
  const stage = stageFor(approval, approvals, { who, wanted, escalated_to: escalatedTo(approval) })
  if (stage !== null) return stage.name
  const open = missingOf(approval, approvals).filter(({ missing }) => missing > 0)
  const names = open.map(({ stage: { name } }) => `"${name}"`).join(', ')
  throw new Refusal('forbidden', `${who.id} is not among those who approve now; what is open: ${names}`)
}

/** Whether this very word was given before. Refuses (`approval_decided`) another one of whoever counts already. */
const isReplay = ({ decisions }: Approval, by: Principal, word: Verdict): boolean => {
  const stoodFor = word.for ?? null
  const own = decisions.find((decision) => decision.by === by.id)
  if (own?.verdict === word.verdict && (own.for?.id ?? null) === stoodFor) return true
  if (own !== undefined) throw new Refusal('approval_decided', `you decided already: ${own.verdict}`)
  const people = peopleOf({ by: by.id, for: stoodFor })
  const other = decisions.find((one) =>
    peopleOf({ by: one.by, for: one.for?.id ?? null }).some((who) => people.includes(who)),
  )
  if (other === undefined) return false
  const place = other.for === null ? '' : ` in the place of ${other.for.id}`
  throw new Refusal('approval_decided', `${other.by} decided already${place}: nobody counts twice`)
}

const results = {
  approved: { status: 'Pending', type: 'approval_approved' },
  rejected: { status: 'Cancelled', type: 'approval_rejected' },
  pending: { status: 'AwaitingApproval', type: 'decision_recorded' },
} as const

/** A word that counts, as a step: what to seal, and the job as it will be. */
const given = (file: JobFile, approval: Approval, decision: Decision, spoken: Spoken): Sealable => {
  const { job } = file
  const { by, stoodFor, now } = spoken
  const { verdict, stage, note, digest } = decision
  const after = decided(approval, decision)
  const result =
    after.state === 'approved' || after.state === 'rejected' ? results[after.state] : results.pending
  const details = {
    verdict,
    stage,
    note,
    digest,
    name: by.name,
    email: by.email,
    for: decision.for,
    quorum: approval.quorum,
  }
  const error_message = after.state === 'rejected' ? `rejected: ${note ?? ''}` : job.error_message
  // Whoever gives their word must be, when it is stored, who they were when they were let in.
  const writes: readonly Write[] = [
    { write: 'require_principal', id: by.id, version: by.version },
    ...stillStoodFor(stoodFor),
  ]
  const change = (receipt: string): Change => {
    const draft: Draft = { type: result.type, actor: actorOf(by), details: { ...details, receipt } }
    return step(file, { status: result.status, approval: after, error_message }, [draft], now, writes)
  }
  const vouched =
    stoodFor === null ? null : { ...vouchedFor(stoodFor.principal), delegation_id: stoodFor.delegation.id }
  return { receipt: { ...draftReceipt(file, by, verdict, now), stage, for: vouched }, change }
}

type Spoken = { readonly by: Principal; readonly stoodFor: StoodFor | null; readonly now: Date }

const stillStoodFor = (stoodFor: StoodFor | null): readonly Write[] =>
  stoodFor === null
    ? []
    : [
        { write: 'require_principal', id: stoodFor.principal.id, version: stoodFor.principal.version },
        { write: 'require_delegation', delegation: stoodFor.delegation },
      ]

const refused = (file: JobFile, by: Principal, reason: string, word: Verdict, now: Date): Outcome => {
  const details = { reason, verdict: word.verdict, for: word.for ?? null }
  const draft: Draft = { type: 'approval_refused', actor: actorOf(by), details }
  return {
    outcome: 'refused',
    change: step(file, {}, [draft], now),
    refusal: new Refusal('two_person_integrity', reason),
  }
}

/**
 * One principal's word on an approval, their own or in the place of another.
 * Refuses whose own request it is (`two_person_integrity`, recorded, whatever
 * their roles), who is no approver or stands in for nobody (`forbidden`), what
 * is decided (`approval_decided`) and what is past its deadline (`approval_expired`).
 */
export const decide = (file: JobFile, { by, giver }: Speaker, word: Verdict, now: Date): Outcome => {
  const { approval, digest } = file.job
  if (approval === null) throw new Refusal('not_found', 'this job needs no approval')
  const objection = complaint(file, { by, giver }, word)
  if (objection !== null) return refused(file, by, objection, word, now)
  demand(by, 'decide')
  const time = instantOf(now)
  if (isReplay(approval, by, word)) return { outcome: 'replay' }
  const stoodFor = typeof word.for === 'string' ? standingFor(giver, by, time) : null
  if (approval.state !== 'pending') throw new Refusal('approval_decided', `the approval is ${approval.state}`)
  if (time > approval.expires_at)
    throw new Refusal('approval_expired', `the deadline was ${approval.expires_at}`)
  const { verdict, note, stage: wanted = null } = word
  const who = stoodFor?.principal ?? by
  const decision: Decision = {
    by: by.id,
    name: by.name,
    email: by.email,
    for: stoodFor === null ? null : shownOf(stoodFor),
    verdict,
    stage: verdict === 'approve' ? stageOf(approval, who, wanted) : null,
    note,
    digest,
    time,
  }
  return { outcome: 'step', ...given(file, approval, decision, { by, stoodFor, now }) }
}

const shownOf = ({ principal: { id, name, email }, delegation }: StoodFor): Decision['for'] => ({
  id,
  name,
  email,
  delegation_id: delegation.id,
})
