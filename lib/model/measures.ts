import type { Event, EventType } from './event.ts'
import { outcomesIn } from './notification.ts'

/** One observation of a metric (SPEC: CloudWatch, embedded metric format). */
export type Measure = {
  readonly name: string
  readonly unit: 'Count' | 'Seconds'
  readonly value: number
  readonly dimensions: Readonly<Record<string, string>>
}

const secondsBetween = (from: unknown, to: string): number =>
  typeof from === 'string' ? Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000) : 0

const decided =
  (outcome: string) =>
  ({ job, time }: Event): readonly Measure[] => {
    const profile_id = job?.profile_id ?? 'none'
    const age = secondsBetween(job?.created_at, time)
    return [
      { name: 'approval_decisions_total', unit: 'Count', value: 1, dimensions: { outcome, profile_id } },
      { name: 'approval_pending_age_seconds', unit: 'Seconds', value: age, dimensions: { profile_id } },
    ]
  }

const issued =
  (outcome: string) =>
  ({ job }: Event): readonly Measure[] => [
    {
      name: 'issuance_total',
      unit: 'Count',
      value: 1,
      dimensions: { issuer_type: job?.queue ?? 'none', outcome },
    },
  ]

/** An alarm looks at all issuers together: CloudWatch adds up no dimensions by itself. */
const quarantined = (issuer_ids: readonly string[]): readonly Measure[] =>
  [...issuer_ids, 'all'].map((issuer_id) => ({
    name: 'certificates_quarantined',
    unit: 'Count',
    value: 1,
    dimensions: { issuer_id },
  }))

const table: Partial<Record<EventType, (event: Event) => readonly Measure[]>> = {
  approval_approved: decided('approved'),
  approval_rejected: decided('rejected'),
  approval_expired: decided('expired'),
  approval_withdrawn: decided('withdrawn'),
  approval_bypassed: decided('bypassed'),
  certificate_issued: (event) => [
    ...issued('issued')(event),
    {
      name: 'issuance_seconds',
      unit: 'Seconds',
      value: secondsBetween(event.details.planned_at, event.time),
      dimensions: { issuer_type: event.job?.queue ?? 'none' },
    },
  ],
  // Whoever took it before the sweep did says so; the sweep counts what it finds itself.
  issuance_planned: ({ details }) =>
    details.reclaimed === true ? [{ name: 'leases_reclaimed', unit: 'Count', value: 1, dimensions: {} }] : [],
  // One that may be at AWS, and that nobody has, is as much for people to look at as one that differs.
  issuance_failed: (event) => [
    ...issued('failed')(event),
    ...('idempotency_token' in event.details ? quarantined([]) : []),
  ],
  issuance_postponed: () => [{ name: 'signatures_postponed', unit: 'Count', value: 1, dimensions: {} }],
  certificate_quarantined: ({ details }) => quarantined([String(details.issuer_id)]),
  signing_refused: issued('refused'),
  notification_recorded: (event) =>
    outcomesIn(event).map(({ channel, outcome }) => ({
      name: 'notifications_total',
      unit: 'Count',
      value: 1,
      dimensions: { channel, outcome },
    })),
  certificate_expiring: ({ details }) => [
    {
      name: 'certificates_expiring',
      unit: 'Count',
      value: 1,
      dimensions: { urgency: String(details.urgency) },
    },
  ],
  renewal_failed: () => [{ name: 'renewals_failed', unit: 'Count', value: 1, dimensions: {} }],
  renewal_needs_csr: () => [{ name: 'renewals_waiting_for_csr', unit: 'Count', value: 1, dimensions: {} }],
  key_use_unmatched: () => [{ name: 'key_uses_unmatched', unit: 'Count', value: 1, dimensions: {} }],
}

/** Whether events of a type add to the metrics, some of them at least. */
export const isMeasured = (type: EventType): boolean => table[type] !== undefined

/** What an event adds to the metrics: they count what is on record, and nothing else. */
export const measuresOf = (event: Event): readonly Measure[] => table[event.type]?.(event) ?? []

/**
 * CloudWatch asks for a metric by the hours in which it is sent, so that a
 * nought of what is seldom there is not sent: no figure is none. Whether a
 * sweep runs at all is seen by its invocations, which AWS counts.
 */
export const withoutNoughts = (measures: readonly Measure[]): readonly Measure[] =>
  measures.filter(({ value }) => value !== 0)

/** What a sweep adds to the metrics: what nobody decides, and what nobody finishes. */
export const measuresOfSweep = (swept: {
  readonly reclaimed: number
  readonly longest_wait_seconds: number
}): readonly Measure[] =>
  withoutNoughts([
    {
      name: 'approval_waiting_seconds',
      unit: 'Seconds',
      value: swept.longest_wait_seconds,
      dimensions: {},
    },
    { name: 'leases_reclaimed', unit: 'Count', value: swept.reclaimed, dimensions: {} },
  ])

/** What a sweep over renewals adds: what was due, how long the first of it had waited, and what is left. */
export const measuresOfRenewals = (swept: {
  readonly due: number
  readonly backlog_seconds: number
  readonly left: number
  readonly faults: number
}): readonly Measure[] =>
  withoutNoughts([
    { name: 'renewals_due', unit: 'Count', value: swept.due, dimensions: {} },
    { name: 'renewals_backlog_seconds', unit: 'Seconds', value: swept.backlog_seconds, dimensions: {} },
    { name: 'renewals_left', unit: 'Count', value: swept.left, dimensions: {} },
    { name: 'renewals_faults', unit: 'Count', value: swept.faults, dimensions: {} },
  ])
