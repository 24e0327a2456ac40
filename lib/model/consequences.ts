import * as z from 'zod'
import { type Event, type EventType, eventTypes } from './event.ts'
import { approvalIdOf } from './ids.ts'
import type { Job } from './job.ts'
import { isMeasured } from './measures.ts'
import type { QueueName } from './queue.ts'
import { shardNumber } from './shards.ts'
import { isTold, tellingOf } from './telling.ts'

/** What our own functions do next. Each may be done twice without harm. */
export type Effect =
  | { readonly effect: 'start_workflow'; readonly job_id: string }
  | { readonly effect: 'resume_workflow'; readonly approval_id: string }
  | { readonly effect: 'dispatch'; readonly queue: QueueName; readonly job_id: string }
  | {
      readonly effect: 'publish_status'
      readonly issuer_id: string
      /** Null for everything of the issuer. */
      readonly shards: readonly number[] | null
    }
  /** Where the event is, and nothing of what it says: whoever tells people reads it again. */
  | { readonly effect: 'notify'; readonly chain: string; readonly sequence: number }

type Snapshot = NonNullable<Event['job']>

/** `Pending` is the only status that is ever dispatched. */
const dispatched = (job: Snapshot | null): readonly Effect[] =>
  job?.status === 'Pending' ? [{ effect: 'dispatch', queue: job.queue, job_id: job.id }] : []

const started = (job: Snapshot | null): readonly Effect[] =>
  job === null ? [] : [{ effect: 'start_workflow', job_id: job.id }]

const resumed = (job: Snapshot | null): readonly Effect[] =>
  job === null || job.approval_state === null
    ? []
    : [{ effect: 'resume_workflow', approval_id: approvalIdOf(job.id) }]

const published = (details: Event['details']): readonly Effect[] =>
  typeof details.issuer_id === 'string'
    ? [{ effect: 'publish_status', issuer_id: details.issuer_id, shards: null }]
    : []

const touchedLists = z.array(z.strictObject({ issuer_id: z.string(), shards: z.array(shardNumber) }))

/** Only the lists that a revocation is on are made anew. */
const relisted = (details: Event['details']): readonly Effect[] => {
  const { data } = touchedLists.safeParse(details.lists)
  return data?.map((list) => ({ effect: 'publish_status', ...list })) ?? published(details)
}

/** What is not through goes on in another run of its worker. */
const continued = (job: Snapshot | null, details: Event['details']): readonly Effect[] =>
  details.continues === true ? dispatched(job) : []

const nothing = (): readonly Effect[] => []

/** The map of the asynchronous half: event type → what follows. The relay merely carries it out. */
const table: Readonly<Record<EventType, (event: Event) => readonly Effect[]>> = {
  certificate_requested: ({ job }) => dispatched(job),
  renewal_requested: ({ job }) => dispatched(job),
  renewal_batch_requested: ({ job }) => dispatched(job),
  revocation_requested: ({ job }) => dispatched(job),
  profile_change_requested: ({ job }) => dispatched(job),
  issuer_change_requested: ({ job }) => dispatched(job),
  grant_requested: ({ job }) => dispatched(job),
  principal_change_requested: ({ job }) => dispatched(job),
  rebinding_requested: ({ job }) => dispatched(job),
  approval_requested: ({ job }) => started(job),
  decision_recorded: nothing,
  approval_approved: ({ job }) => resumed(job),
  approval_rejected: ({ job }) => resumed(job),
  approval_reminded: nothing,
  approval_escalated: nothing,
  approval_expired: ({ job }) => resumed(job),
  approval_withdrawn: ({ job }) => resumed(job),
  // No execution waits for what nobody decides.
  approval_bypassed: ({ job }) => dispatched(job),
  approval_refused: nothing,
  job_cancelled: ({ job }) => resumed(job),
  issuance_planned: nothing,
  // Delivered again by its queue, and by the sweep once its lease is over.
  issuance_postponed: nothing,
  certificate_ordered: nothing,
  certificate_issued: nothing,
  certificate_quarantined: nothing,
  issuance_failed: nothing,
  next_csr_uploaded: nothing,
  renewals_opened: ({ details, job }) => continued(job, details),
  renewal_needs_csr: nothing,
  renewal_failed: nothing,
  certificate_expiring: nothing,
  certificate_released: ({ details, job }) => [...relisted(details), ...continued(job, details)],
  certificate_revoked: ({ details, job }) => [...relisted(details), ...continued(job, details)],
  certificate_revoked_at_authority: ({ details, job }) => continued(job, details),
  certificate_rebound: nothing,
  profile_changed: nothing,
  issuer_changed: ({ details }) => published(details),
  grant_granted: nothing,
  grant_consumed: nothing,
  grant_withdrawn: nothing,
  job_failed: nothing,
  signing_refused: nothing,
  principal_created: nothing,
  principal_changed: nothing,
  api_key_created: nothing,
  api_key_disabled: nothing,
  oidc_subject_added: nothing,
  oidc_subject_disabled: nothing,
  delegation_given: nothing,
  delegation_ended: nothing,
  access_refused: nothing,
  crl_planned: nothing,
  responder_planned: nothing,
  notification_recorded: nothing,
  crl_pushed: nothing,
  crl_push_refused: nothing,
  key_use_unmatched: nothing,
}

/** People are told last: nothing else waits for it. */
const notified = (event: Event): readonly Effect[] =>
  isTold(event) ? [{ effect: 'notify', chain: event.chain, sequence: event.sequence }] : []

export const consequences = (event: Event): readonly Effect[] => [
  ...table[event.type](event),
  ...notified(event),
]

/** Types of which nothing ever follows: no effect, nobody who is told, no metric. */
export const unfollowed: readonly EventType[] = eventTypes.filter(
  (type) => table[type] === nothing && tellingOf(type) === null && !isMeasured(type),
)

/** Whether anything may follow from an event. Of a plan only that somebody took it over from a dead worker is told. */
export const isFollowed = ({ type, details }: Pick<Event, 'type' | 'details'>): boolean =>
  type === 'issuance_planned' ? details.reclaimed === true : !unfollowed.includes(type)

/** What to do about a job that has stood still: the same effects, once more. */
export const consequencesOfWaiting = (job: Job): readonly Effect[] => {
  if (job.status === 'AwaitingApproval') return [{ effect: 'start_workflow', job_id: job.id }]
  if (job.status === 'Pending' || job.status === 'Running')
    return [{ effect: 'dispatch', queue: job.queue, job_id: job.id }]
  return []
}
