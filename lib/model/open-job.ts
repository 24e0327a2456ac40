import type { Approval } from './approval.ts'
import type { ApprovalPolicy } from './approval-policy.ts'
import { begin, type Change, type Draft, type Write } from './change.ts'
import { escalationOf, remindersOf } from './escalation.ts'
import { requested } from './first-events.ts'
import type { GrantPlace } from './grant.ts'
import { contentDigest, type Job, type JobContent } from './job.ts'
import type { Principal } from './principal.ts'
import type { QueueName } from './queue.ts'
import { Refusal } from './refusal.ts'
import type { Requirement } from './requirement.ts'
import { stagesOf } from './staging.ts'
import { summaryOf } from './summary.ts'
import { instantOf, later, secondsOf } from './time.ts'

export type Opening = {
  readonly id: string
  readonly content: JobContent
  readonly requester: Principal
  /** Whoever answers for the result. */
  readonly owner: string
  readonly reason: string | null
  /** The ticket outside that it belongs to. */
  readonly ticket?: string | undefined
  /** What the gate asks for; null for nothing. */
  readonly requirement: Requirement | null
  /** Why it takes an approval although its certificate has standing grants. */
  readonly outside_grants?: Job['outside_grants'] | undefined
  /** Whether it was asked for before, and nobody decided in time. */
  readonly escalated?: boolean
}

/** What a job is about, for lists. */
const about = (
  content: JobContent,
): Pick<Job, 'certificate_id' | 'profile_id' | 'profile_version' | 'issuer_id'> => {
  switch (content.type) {
    case 'Issuance':
    case 'Renewal': {
      const { certificate_id, profile_id, profile_version, plan } = content
      return { certificate_id, profile_id, profile_version, issuer_id: plan.issuer.id }
    }
    case 'Revocation': {
      if (content.operation === 'bulk')
        return { certificate_id: null, profile_id: null, profile_version: null, issuer_id: null }
      const { certificate_id, profile_id, issuer_id } = content
      return { certificate_id, profile_id, profile_version: null, issuer_id }
    }
    case 'ProfileChange':
      return {
        certificate_id: null,
        profile_id: content.profile_id,
        profile_version: null,
        issuer_id: content.issuer.id,
      }
    case 'IssuerChange':
      return { certificate_id: null, profile_id: null, profile_version: null, issuer_id: content.issuer_id }
    case 'GrantChange': {
      const { certificate_id, profile_id, profile_version } = content
      return { certificate_id, profile_id, profile_version, issuer_id: null }
    }
    case 'Rebinding':
      return { certificate_id: content.certificate_id, ...content.to, issuer_id: null }
    case 'RenewalBatch':
    case 'PrincipalChange':
      return { certificate_id: null, profile_id: null, profile_version: null, issuer_id: null }
  }
}

/** The one privilege that can carry a job out. */
const queueOf = (content: JobContent): QueueName => {
  if (content.type === 'Issuance' || content.type === 'Renewal') return content.plan.issuer.type
  const takesKey =
    content.type === 'IssuerChange' && (content.operation === 'create' || content.operation === 'request')
  return takesKey ? 'kms' : 'apply'
}

/** Refuses (`invalid_body`) a request that leaves out what the rules want said of it. */
const demandStatements = (policy: ApprovalPolicy, { reason, ticket }: Opening): void => {
  const violations = [
    ...(policy.reason_required && reason === null ? ['reason'] : []),
    ...(policy.ticket_required && ticket === undefined ? ['ticket'] : []),
  ].map((name) => ({ pointer: `/${name}`, detail: 'required by the approval policy' }))
  const missing = violations.map(({ pointer }) => `a ${pointer.slice(1)}`).join(' and ')
  if (violations.length > 0) throw new Refusal('invalid_body', `this profile requires ${missing}`, violations)
}

const openApproval = ({ policy, sha256 }: Requirement, now: Date): Approval => {
  const created_at = instantOf(now)
  return {
    state: 'pending',
    quorum: policy.quorum,
    stages: [...stagesOf(policy)],
    order: policy.order,
    policy_sha256: sha256,
    decisions: [],
    remind_at: remindersOf(policy, created_at),
    escalation: escalationOf(policy, created_at),
    created_at,
    expires_at: instantOf(later(now, secondsOf(policy.expires_after))),
  }
}

/** What of an approval is put on record when it is asked for: it can be told again from this and what follows. */
const askedOf = ({ state: _, decisions: __, created_at: ___, ...asked }: Approval): Draft['details'] =>
  JSON.parse(JSON.stringify(asked))

const numbers = ({ number, window }: GrantPlace) => ({ number, window })

/** The first step of every job: `Pending`, or `AwaitingApproval` where the gate asks for people. */
export const openJob = (opening: Opening, writes: readonly Write[], now: Date): Change & { job: Job } => {
  const { id, content, requester, owner, requirement, reason, ticket = null, outside_grants = [] } = opening
  const place = content.type === 'Renewal' ? (content.grant ?? null) : null
  const batch = content.type === 'Renewal' ? (content.batch ?? null) : null
  const policy = requirement?.policy ?? null
  if (policy !== null) demandStatements(policy, opening)
  const created_at = instantOf(now)
  const digest = contentDigest(content)
  const approval = requirement === null ? null : openApproval(requirement, now)
  const job: Job = {
    id,
    version: 1,
    type: content.type,
    status: policy === null ? 'Pending' : 'AwaitingApproval',
    queue: queueOf(content),
    digest,
    ...about(content),
    owner,
    requested_by: requester.id,
    reason,
    ticket,
    approval,
    grant: place === null ? null : { id: place.id, number: place.number },
    ...(batch === null ? {} : { batch }),
    outside_grants,
    lease: null,
    attempts: 0,
    progress: null,
    error_message: null,
    created_at,
    updated_at: created_at,
  }
  const actor = { id: requester.id, type: requester.kind === 'person' ? 'Person' : 'Service' } as const
  const details = {
    digest,
    owner,
    reason,
    ticket,
    summary: summaryOf(content),
    ...(opening.escalated === true ? { escalated: true } : {}),
    ...(batch === null ? {} : { batch }),
  }
  const opened: Draft = {
    type: requested[content.type],
    actor,
    details: outside_grants.length === 0 ? details : { ...details, outside_grants },
  }
  const asked: readonly Draft[] =
    approval === null
      ? []
      : [
          {
            type: 'approval_requested',
            actor,
            details: { ...details, ...askedOf(approval), requested_by_name: requester.name },
          },
        ]
  const consumed: readonly Draft[] =
    place === null
      ? []
      : [{ type: 'grant_consumed', actor, details: { grant_id: place.id, ...numbers(place) } }]
  const drafts: [Draft, ...Draft[]] = [opened, ...asked, ...consumed]
  return { ...begin(job, drafts, [{ write: 'content', job_id: id, content }, ...writes], now), job }
}
