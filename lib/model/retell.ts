import * as z from 'zod'
import { type Decision, decision } from './approval.ts'
import type { Event } from './event.ts'
import { contentDigest, type Issuance, issuance, type Job, type JobFile, job } from './job.ts'
import type { ProfileVersion } from './profile.ts'
import { Refusal } from './refusal.ts'

type Account = Pick<JobFile, 'content' | 'events'>

const words: ReadonlySet<string> = new Set(['decision_recorded', 'approval_approved', 'approval_rejected'])

const decisionsOf = (events: readonly Event[]): readonly Decision[] =>
  events
    .filter(({ type }) => words.has(type))
    .map(({ actor, time, details }) => {
      const { verdict, stage, note, digest, name, email, for: stoodFor } = details
      return decision.parse({ by: actor, name, email, for: stoodFor, verdict, stage, note, digest, time })
    })

const asked = z.looseObject({
  expires_at: z.string(),
  quorum: z.int(),
  stages: z.json(),
  order: z.string(),
  policy_sha256: z.string(),
  escalation: z.looseObject({}).nullable().default(null),
})

const approvalOf = (events: readonly Event[], state: string | null): Job['approval'] => {
  if (state === null) return null
  const request = events.find(({ type }) => type === 'approval_requested')
  const { expires_at, quorum, stages, order, policy_sha256, escalation } = asked.parse(request?.details)
  const escalated = events.find(({ type }) => type === 'approval_escalated')
  return job.shape.approval.parse({
    state,
    quorum,
    stages,
    order,
    policy_sha256,
    decisions: decisionsOf(events),
    escalation: escalation === null ? null : { ...escalation, escalated_at: escalated?.time ?? null },
    created_at: request?.time,
    expires_at,
  })
}

/** What was put on record before a key was used, as the event tells it: there is no other record. A retry repeats the first. */
export const plannedIn = (
  events: readonly Event[],
): { readonly [name in keyof Issuance]: unknown } | null => {
  const planned = events.find(({ type }) => type === 'issuance_planned')
  if (planned === undefined) return null
  const { serial, not_before, not_after, tbs_sha256 } = planned.details
  return {
    job_id: planned.chain,
    serial,
    period: { not_before, not_after },
    tbs_sha256,
    planned_at: planned.time,
  }
}

const tell = ({ content, events }: Account): JobFile => {
  const [first] = events
  const last = events.at(-1)
  const told = job.parse({
    id: first?.chain,
    version: 1,
    type: content.type,
    status: last?.job?.status,
    queue: last?.job?.queue,
    digest: contentDigest(content),
    certificate_id: 'certificate_id' in content ? content.certificate_id : null,
    profile_id: 'profile_id' in content ? content.profile_id : null,
    profile_version: 'profile_version' in content ? content.profile_version : null,
    issuer_id: null,
    owner: first?.details.owner,
    requested_by: first?.actor,
    reason: first?.details.reason ?? null,
    ticket: first?.details.ticket ?? null,
    approval: approvalOf(events, last?.job?.approval_state ?? null),
    lease: null,
    attempts: 0,
    error_message: null,
    created_at: first?.time,
    updated_at: last?.time,
  })
  return { job: told, content, events, issuance: issuance.nullable().parse(plannedIn(events)) }
}

/**
 * A job told again from its content and its events alone: the row in the table
 * adds nothing that matters. Refuses (`mandate_refused`) events that tell none.
 */
export const retell = (account: Account): JobFile => {
  try {
    return tell(account)
  } catch (error) {
    if (error instanceof z.ZodError) throw new Refusal('mandate_refused', 'the events tell no job')
    throw error
  }
}

/** The version of a profile that a job made, or null for a job that makes none. */
export const profileMadeBy = ({ job: maker, content }: JobFile): ProfileVersion | null =>
  content.type === 'ProfileChange'
    ? {
        id: content.profile_id,
        version: content.base_version + 1,
        status: content.operation === 'delete' ? 'deleted' : 'active',
        document: content.document,
        issuer: content.issuer,
        created_by: maker.requested_by,
        created_at: maker.updated_at,
        job_id: maker.id,
      }
    : null
