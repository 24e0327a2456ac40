import type { Renewal } from './renewal.ts'
import type { RenewalPolicy } from './renewal-policy.ts'
import { instantAt, momentsOf } from './renewal-window.ts'
import { secondsOf } from './time.ts'

export const urgencies = ['low', 'high', 'critical', 'emergency'] as const

export type Urgency = (typeof urgencies)[number]

/** One alert of a version: how long before its end, as the policy says it; `PT0S` is the end itself. */
export type Alert = { readonly threshold: string; readonly at: string; readonly urgency: Urgency }

export const theEnd = 'PT0S'

/**
 * The alerts that a version can give, in their order. What is to renew by
 * itself gives none before its renewal is late: an alert that comes every time
 * is no alert. Whatever is left to people gives them all.
 */
const alertsOf = (row: Renewal, policy: RenewalPolicy): readonly Alert[] => {
  const renews = row.state === 'scheduled' || row.state === 'open'
  const from = renews ? momentsOf(row, policy).end : Date.parse(row.issued_at)
  const end = Date.parse(row.not_after)
  const times = [...policy.alerts]
    .sort((a, b) => secondsOf(b) - secondsOf(a))
    .map((threshold) => ({ threshold, at: end - secondsOf(threshold) * 1000 }))
    .filter(({ at }) => at > from)
  const urgencyAt = (index: number): Urgency => {
    if (index === times.length - 1) return 'critical'
    return index === 0 ? 'low' : 'high'
  }
  return [
    ...times.map(({ threshold, at }, index) => ({
      threshold,
      at: instantAt(at),
      urgency: urgencyAt(index),
    })),
    { threshold: theEnd, at: row.not_after, urgency: 'critical' },
  ]
}

/** The alerts that were not given yet, soonest first. */
export const alertsAhead = (row: Renewal, policy: RenewalPolicy): readonly Alert[] =>
  alertsOf(row, policy).filter(({ threshold }) => !row.alerts.includes(threshold))

/** The alerts whose time has come. The last of them is given, and stands for those before it. */
export const alertsDue = (row: Renewal, policy: RenewalPolicy, now: string): readonly Alert[] =>
  alertsAhead(row, policy).filter(({ at }) => at <= now)
