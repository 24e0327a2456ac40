import type { Event, EventType } from './event.ts'

/**
 * `action`: somebody has to do something. `urgent`: something is wrong, or
 * about to be. `emergency`: something stops working, and one person's word would prevent it.
 */
export type Urgency = 'routine' | 'action' | 'urgent' | 'emergency'

/** `approvers` are those who are still asked; `team` is the owner's. */
export type Audience = 'requester' | 'approvers' | 'owner' | 'team'

export type Telling = {
  readonly title: string
  readonly urgency: Urgency
  readonly to: readonly Audience[]
}

const everyone = ['requester', 'approvers', 'owner', 'team'] as const
const concerned = ['requester', 'owner', 'team'] as const

/** What people are told of, who they are, and how urgent it is. Whatever has no row is told to nobody. */
const table: Partial<Record<EventType, Telling>> = {
  approval_requested: { title: 'Approval requested', urgency: 'action', to: everyone },
  approval_reminded: { title: 'Still waiting for approval', urgency: 'action', to: everyone },
  approval_escalated: { title: 'Escalated: nobody has decided yet', urgency: 'urgent', to: everyone },
  approval_bypassed: {
    title: 'Approved by nobody: this stage bypasses approval',
    urgency: 'urgent',
    to: concerned,
  },
  approval_approved: { title: 'Approved', urgency: 'routine', to: concerned },
  approval_rejected: { title: 'Rejected', urgency: 'routine', to: concerned },
  approval_withdrawn: { title: 'Request withdrawn', urgency: 'routine', to: concerned },
  approval_expired: { title: 'Approval expired: nobody decided in time', urgency: 'urgent', to: concerned },
  job_cancelled: { title: 'Job cancelled', urgency: 'routine', to: concerned },
  grant_granted: { title: 'Standing grant given', urgency: 'routine', to: concerned },
  grant_consumed: { title: 'Renewal under a standing grant', urgency: 'routine', to: ['owner', 'team'] },
  grant_withdrawn: { title: 'Standing grant withdrawn', urgency: 'action', to: concerned },
  job_failed: { title: 'Job failed', urgency: 'urgent', to: concerned },
  issuance_failed: { title: 'Issuance failed', urgency: 'urgent', to: concerned },
  signing_refused: { title: 'Signing refused: no valid mandate', urgency: 'urgent', to: concerned },
  renewals_opened: { title: 'A batch of renewals was opened', urgency: 'routine', to: ['requester'] },
  renewal_needs_csr: {
    title: 'A certificate needs a new CSR to be renewed',
    urgency: 'action',
    to: ['owner', 'team'],
  },
  renewal_failed: {
    title: 'A certificate does not renew by itself any more',
    urgency: 'urgent',
    to: ['owner', 'team'],
  },
  certificate_expiring: {
    title: 'A certificate is about to end, or has ended, without a renewal',
    urgency: 'urgent',
    to: ['owner', 'team'],
  },
  certificate_quarantined: {
    title: 'Certificate quarantined: it is not what was approved',
    urgency: 'urgent',
    to: concerned,
  },
}

/** The row of an event type, or null for one that is told to nobody. */
export const tellingOf = (type: EventType): Telling | null => table[type] ?? null

/** Whether people are told of an event: of a batch that is opened a few at a time, when it is through. */
export const isTold = ({ type, job }: Event): boolean =>
  tellingOf(type) !== null && (type !== 'renewals_opened' || job?.status === 'Completed')

/** What an event of many degrees says of itself: an alert of an end that is far off, or has come. */
const degrees: ReadonlyMap<unknown, Urgency> = new Map([
  ['low', 'routine'],
  ['high', 'action'],
  ['critical', 'urgent'],
  ['emergency', 'emergency'],
])

/** How urgent an event is: as it says itself, or else as its row says. */
export const urgencyOf = ({ details }: Event, { urgency }: Telling): Urgency =>
  degrees.get(details.urgency) ?? urgency
