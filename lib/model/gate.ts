import type { Approval } from './approval.ts'
import type { ApprovalPolicy } from './approval-policy.ts'
import type { Bypass } from './bypass.ts'
import { approvalsOf } from './decide.ts'
import { decisionComplaints } from './decision-complaints.ts'
import { digestOf } from './digest.ts'
import { type Event, isUnbroken } from './event.ts'
import { boundsComplaints, type Grant, type GrantPlace, placeComplaints, standingOf } from './grant.ts'
import { jobOfGrant } from './ids.ts'
import { broughtBy, contentDigest, type JobFile, jobStatuses, mayBecome } from './job.ts'
import type { ProfileVersion } from './profile.ts'
import type { VerifyReceipt } from './receipt.ts'
import { Refusal } from './refusal.ts'
import { type BatchPlace, lineComplaints } from './renewal-batch.ts'
import { renewalPrincipal } from './renewal-principal.ts'
import { type Requirement, type Rules, requirementFor } from './requirement.ts'
import { profileMadeBy } from './retell.ts'
import { missingOf, peopleOf, stagesOf } from './staging.ts'
import { instantOf, later, secondsOf } from './time.ts'
import type { Vouchers } from './vouching.ts'

declare const earned: unique symbol

/** The proof that a job may be carried out. Only `mandateFor` makes one, and a signer takes nothing else. */
export type Mandate = { readonly [earned]: true; readonly file: JobFile }

/**
 * What the account of a job is held against: the rules, the jobs that made
 * those rules and those who decided, the receipts' public keys.
 */
export type Account = Vouchers & {
  readonly rules: Rules
  readonly verify: VerifyReceipt
  /** Where this deployment lets pass what nobody decided: never in production. Null: people decide. */
  readonly bypass: Bypass | null
  /** The job that gave the standing grant which a renewal takes a place of; null where there is none to be read. */
  readonly granted_by?: JobFile | null
  /** The batch that a renewal is a line of, and the versions of the profiles that the batch names. */
  readonly batched_by?: JobFile | null
  readonly batch_profiles?: readonly ProfileVersion[]
  /** The moment at which something is about to be put on record; where it is on record, that counts. */
  readonly now?: Date
}

/** An account under examination: each job that vouches for somebody is looked at once, and never for itself. */
type Examined = Account & { readonly found: Map<string, readonly string[] | 'open'> }

/** The place under a standing grant that a renewal takes; null for whatever needs no grant. */
export const placeOf = ({ content }: Pick<JobFile, 'content'>): GrantPlace | null =>
  content.type === 'Renewal' ? (content.grant ?? null) : null

/** The line of a batch that a renewal is; null for whatever is in none. */
export const batchPlaceOf = ({ content }: Pick<JobFile, 'content'>): BatchPlace | null =>
  content.type === 'Renewal' ? (content.batch ?? null) : null

/** What a mandate is earned from besides the job. */
export type Evidence = Account & {
  /** The number of the newest version on record of each profile in force that bears on the job, by id. */
  readonly newest: ReadonlyMap<string, number>
  readonly now: Date
  /** What became of that grant, as only those keep it who do not ask for renewals. */
  readonly grant?: Grant | null
  readonly compromised_at?: string | null
}

/** Each stage of the rules must have its people, whatever the row says its stages are. */
function* stageComplaints(approval: Approval, policy: ApprovalPolicy): Generator<string> {
  if (digestOf(stagesOf(policy)) !== digestOf(approval.stages) || policy.order !== approval.order)
    yield 'the stages are not those of the rules'
  for (const { stage, missing } of missingOf(policy, approvalsOf(approval.decisions)))
    if (missing > 0) yield `stage "${stage.name}" lacks ${missing}`
}

/** What nobody decided passes where this deployment says so itself, and was bypassed in this one. */
function* bypassComplaints({ actor, details }: Event, { bypass }: Account): Generator<string> {
  if (bypass === null) return yield 'the approval was bypassed: nobody decided'
  if (actor !== 'system-bypass' || details.environment !== bypass.environment)
    yield 'the approval was bypassed in another deployment'
}

/** What the rules want said of a request must have been said when it was made. */
function* statementComplaints({ job, events }: JobFile, policy: ApprovalPolicy): Generator<string> {
  const said = events[0]?.details
  if (job.ticket !== (said?.ticket ?? null)) yield 'the ticket is not the one on record'
  if (policy.ticket_required && job.ticket === null) yield 'the rules require a ticket'
  if (policy.reason_required && typeof said?.reason !== 'string') yield 'the rules require a reason'
}

/** Two-person integrity: receipted decisions of enough distinct people, none of them the requester or the owner. */
function* approvalComplaints(file: JobFile, requirement: Requirement, account: Examined): Generator<string> {
  const { approval } = file.job
  if (approval === null) return yield 'the job needs approval and has none'
  if (approval.state !== 'approved') yield `the approval is ${approval.state}`
  const asked = file.events.find(({ type }) => type === 'approval_requested')
  if (asked?.details.expires_at !== approval.expires_at) yield 'the deadline is not the one on record'
  const passed = file.events.find(({ type }) => type === 'approval_bypassed')
  if (passed !== undefined) return yield* bypassComplaints(passed, account)
  const approvals = approval.decisions.filter(({ verdict }) => verdict === 'approve')
  const hearing = { ...account, prove: (id: string) => proven(id, account) }
  for (const decision of approvals) yield* decisionComplaints(file, requirement, decision, hearing)
  yield* statementComplaints(file, requirement.policy)
  const counted = approvals.flatMap(({ by, for: stoodFor }) => peopleOf({ by, for: stoodFor?.id ?? null }))
  if (new Set(counted).size < counted.length)
    yield 'two-person integrity: somebody counts twice, for themselves or in the place of another'
  const people = new Set(approvals.map(({ by }) => by)).size
  const needed = Math.max(requirement.policy.quorum, approval.quorum)
  if (people < needed) yield `${people} of ${needed} approvals`
  yield* stageComplaints(approval, requirement.policy)
}

/** What stands for the approval of a renewal: a grant that people approved, and that allows exactly this. */
function* grantComplaints(file: JobFile, place: GrantPlace, account: Examined): Generator<string> {
  const { granted_by, rules } = account
  const { content: renewal, job, events } = file
  if (job.approval !== null) yield 'a renewal under a grant has no approval of its own'
  if (!events.some(({ type, details }) => type === 'grant_consumed' && isPlace(details, place)))
    yield 'the use of the grant is not on record'
  const by = granted_by ?? null
  if (by?.job.id !== jobOfGrant(place.id) || by.content.type !== 'GrantChange' || renewal.type !== 'Renewal')
    return yield `there is no job that gave ${place.id}`
  yield* recordComplaints(by)
  if (by.job.status !== 'Completed') yield `the job that gave ${place.id} is ${by.job.status}`
  if (by.job.owner !== job.owner) yield 'the grant was given for another owner'
  const requirement = requirementFor(by.content, rules)
  if (requirement === null) return yield `${place.id} came about without approval`
  yield* approvalComplaints(by, requirement, account)
  const askers = [job.requested_by, broughtBy(renewal)]
  const given: readonly string[] = approvalsOf(by.job.approval?.decisions ?? []).flatMap(peopleOf)
  if (askers.some((who) => who !== null && given.includes(who)))
    yield 'two-person integrity: whoever asks, or brought the CSR, is one of those who approved the grant'
  yield* boundsComplaints(by.content, renewal)
  if (file.issuance === null) return
  const { planned_at } = file.issuance
  yield* placeComplaints(by.content, place, planned_at)
  if (by.events.some(({ type, time }) => type === 'grant_withdrawn' && time < planned_at))
    yield 'the grant was withdrawn before'
}

/** What stands for the approval of a renewal: that of the batch which it is a line of, and of nothing else. */
function* batchComplaints(file: JobFile, place: BatchPlace, account: Examined): Generator<string> {
  const { batched_by, batch_profiles = [], rules } = account
  const { content: renewal, job } = file
  if (job.approval !== null) yield 'a renewal of a batch has no approval of its own'
  const by = batched_by ?? null
  if (by?.job.id !== place.job_id || by.content.type !== 'RenewalBatch' || renewal.type !== 'Renewal')
    return yield `there is no batch ${place.job_id}`
  yield* recordComplaints(by)
  const { status, approval, requested_by } = by.job
  // One that failed midway begins nothing more; what it had begun is finished, and proven.
  const underway = status === 'Pending' || status === 'Completed'
  if (!underway && !(status === 'Failed' && file.issuance !== null)) yield `the batch is ${status}`
  if (requested_by !== job.requested_by) yield 'the batch was requested by somebody else'
  yield* lineComplaints(by.content, renewal, { index: place.index, owner: job.owner })
  // The rules that the batch was approved under must be those in force when it is put on record what will be signed.
  if (file.issuance === null && rules.current?.version !== renewal.profile_version)
    yield `version ${renewal.profile_version} of profile ${renewal.profile_id} is not in force any more`
  const own = requirementFor(renewal, rules)
  const requirement = requirementFor(by.content, { pinned: null, current: null, affected: batch_profiles })
  if (requirement !== null) yield* approvalComplaints(by, requirement, account)
  else if (own !== null) yield 'the batch asked for nobody, and its rules do'
  else if (approval !== null && approval.state !== 'approved') yield `the approval is ${approval.state}`
  for (const profile of batch_profiles) yield* provenanceComplaints(profile, account)
  if (approval === null || requirement === null) return
  const at = file.issuance?.planned_at ?? (account.now === undefined ? null : instantOf(account.now))
  if (at === null || at > endOf(approval, requirement.policy)) yield 'the approval of the batch expired'
}

/**
 * Until when a batch may be carried out. Whoever writes job rows could put its
 * deadline off; when people decided is in their receipts.
 */
const endOf = ({ expires_at, decisions }: Approval, { expires_after }: ApprovalPolicy): string => {
  const ends = decisions.map(({ time }) => instantOf(later(new Date(time), secondsOf(expires_after))))
  return [expires_at, ...ends].reduce((soonest, one) => (one < soonest ? one : soonest))
}

const isPlace = (details: Event['details'], { id, number, window }: GrantPlace): boolean =>
  details.grant_id === id && details.number === number && details.window === window

/** Whether a grant may be used now. Who puts on record what will be signed makes sure of it once more, in the same step. */
function* standingComplaints(place: GrantPlace, evidence: Evidence): Generator<string> {
  const { grant, granted_by, compromised_at = null, rules } = evidence
  const given = granted_by?.content
  if (grant?.id !== place.id || given?.type !== 'GrantChange') return yield `${place.id} is not on record`
  const { type: _, operation: __, ...bounds } = given
  const now = instantOf(evidence.now)
  const { state, detail } = standingOf(
    { ...grant, ...bounds },
    { current: rules.current, compromised_at, now },
  )
  if (state !== 'active') yield `the grant is ${state}: ${detail}`
  if (granted_by?.events.some(({ type }) => type === 'grant_withdrawn') === true)
    yield 'the grant was withdrawn'
  yield* placeComplaints(bounds, place, now)
}

/** What is about to be signed counts only as far as an event says it, whoever hands the job over. */
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

const isStep = (from: string, to: string): boolean =>
  from === to ||
  jobStatuses.some(
    (before) => before === from && jobStatuses.some((after) => after === to && mayBecome(before, after)),
  )

/**
 * The events must tell of steps that a job has. Whatever is recorded next to a
 * row that was written by hand repeats what that row says: a job that was over
 * would be Pending again by nothing more than somebody's refused decision.
 */
const tellsOfSteps = ({ events }: JobFile): boolean => {
  const statuses = events.flatMap(({ job }) => (job === null ? [] : [job.status]))
  return statuses.every((status, index) => isStep(statuses[index - 1] ?? status, status))
}

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
  if (job.requested_by === renewalPrincipal.id && broughtBy(content) === null)
    yield 'the schedule asks for renewals, each on behalf of somebody, and for nothing else'
  const last = events.at(-1)?.job
  if (last?.status !== job.status || last.approval_state !== (job.approval?.state ?? null))
    yield 'the status is not the one on record'
  if (!tellsOfSteps(file)) yield 'the events tell of a step that no job has'
  if (!isPlanned(file)) yield 'what will be signed is not what is on record'
}

/** What gives somebody a right counts only with its own receipts, whoever gave those. */
function* voucherComplaints(id: string, account: Examined): Generator<string> {
  const file = account.made_by.get(id)
  if (file === undefined) return yield `job ${id}, which vouches for a decision, is not on record`
  const { content, job } = file
  if (content.type !== 'PrincipalChange') return yield `job ${id} is a ${content.type} and vouches for nobody`
  yield* recordComplaints(file)
  if (job.status !== 'Completed') yield `job ${id}, which vouches for a decision, is ${job.status}`
  const requirement = requirementFor(content, { pinned: null, current: null })
  if (requirement !== null) yield* approvalComplaints(file, requirement, account)
}

/** A job that is reached again while it is looked at vouches for itself: whoever it made an approver approved it. */
const proven = (id: string, account: Examined): readonly string[] => {
  const { found } = account
  const known = found.get(id)
  if (known === 'open') return [`job ${id} vouches for itself`]
  if (known !== undefined) return known
  found.set(id, 'open')
  const complaints = [...voucherComplaints(id, account)]
  found.set(id, complaints)
  return complaints
}

/** What of a version its job vouches for. */
const rulesOf = ({ id, version, document, issuer, status }: ProfileVersion) => ({
  id,
  version,
  document,
  issuer,
  status,
})

/** A profile counts only with the job that made it, and that job only with its own receipts. */
function* provenanceComplaints(profile: ProfileVersion, account: Examined): Generator<string> {
  const what = `version ${profile.version} of profile ${profile.id}`
  const file = account.made_by.get(profile.job_id)
  if (file === undefined) return yield `${what} has no job that made it`
  const { content, job } = file
  yield* recordComplaints(file)
  if (job.status !== 'Completed') yield `the job that made ${what} is ${job.status}`
  const made = profileMadeBy(file)
  if (made === null) return yield `the job that made ${what} is a ${content.type}`
  if (digestOf(rulesOf(made)) !== digestOf(rulesOf(profile))) yield `${what} is not what its job made`
  const requirement = requirementFor(content, { pinned: null, current: null })
  const { approval } = job
  if (requirement === null || approval === null) return yield `${what} came about without approval`
  // What the version before asked for is not at hand: the job's own stages stand for it, and never for nobody.
  const { stages, order, escalation } = approval
  const escalates =
    escalation === null ? {} : { escalate_after: escalation.after, escalate_to: escalation.to }
  const policy = { ...requirement.policy, stages, order, ...escalates }
  yield* approvalComplaints(file, { ...requirement, policy }, account)
}

/**
 * Everything that is wrong with the account of a job, whatever its status: its
 * record, its approvals, and the making of its rules. Nothing for a job that
 * was, or may be, carried out.
 */
export function* accountComplaints(file: JobFile, evidence: Account): Generator<string> {
  const account: Examined = { ...evidence, found: new Map() }
  const { rules } = account
  const { approval } = file.job
  yield* recordComplaints(file)
  const requirement = requirementFor(file.content, rules)
  const place = placeOf(file)
  const line = batchPlaceOf(file)
  if (place !== null && line !== null) yield 'a renewal takes a place of a grant or of a batch, not of both'
  if (line !== null) yield* batchComplaints(file, line, account)
  else if (place !== null) yield* grantComplaints(file, place, account)
  else if (requirement !== null) yield* approvalComplaints(file, requirement, account)
  else if (approval !== null && approval.state !== 'approved') yield `the approval is ${approval.state}`
  for (const profile of [rules.pinned, rules.current, ...(rules.affected ?? [])])
    if (profile !== null) yield* provenanceComplaints(profile, account)
}

function* complaints(file: JobFile, evidence: Evidence): Generator<string> {
  const { status, approval } = file.job
  if (status !== 'Pending' && !(status === 'Running' && file.issuance !== null))
    yield `a job that is ${status} may not be carried out`
  if (approval !== null && file.issuance === null && instantOf(evidence.now) > approval.expires_at)
    yield 'the approval expired'
  const place = placeOf(file)
  if (place !== null && file.issuance === null) yield* standingComplaints(place, evidence)
  yield* supersededComplaints(evidence)
  yield* accountComplaints(file, evidence)
}

/**
 * A version that was approved in its time is not in force for ever. Its row can
 * be put back by whoever may write it; those of the versions after it are not
 * theirs to take away.
 */
function* supersededComplaints({ rules, newest }: Evidence): Generator<string> {
  for (const profile of [rules.current, ...(rules.affected ?? [])])
    if (profile !== null && newest.get(profile.id) !== profile.version)
      yield `version ${profile.version} of profile ${profile.id} is not the newest on record`
}

/**
 * The gate. Re-earned from what is stored, by whoever is about to carry out a
 * job: `Pending`, or `Running` with its issuance already on record. What is
 * stored counts only as far as receipts vouch for it. Refuses
 * (`mandate_refused`) whatever it cannot establish, and says all of why.
 */
export const mandateFor = (file: JobFile, evidence: Evidence): Mandate => {
  const found = [...new Set(complaints(file, evidence))]
  if (found.length > 0) throw new Refusal('mandate_refused', found.join('; '))
  return { file } as Mandate
}
