import type { Renewal } from './renewal.ts'
import type { RenewalPolicy } from './renewal-policy.ts'
import { endOfWindow, spanOf } from './renewal-window.ts'
import { secondsOf } from './time.ts'

export const urgencies = ['low', 'high', 'critical', 'emergency'] as const

export type Urgency = (typeof urgencies)[number]

/**
 * One alert of a version: how long before its end, as the policy says it (`PT0S`
 * is the end itself), and when that is, in milliseconds since 1970.
 */
export type Alert = { readonly threshold: string; readonly at: number; readonly urgency: Urgency }

export const theEnd = 'PT0S'

type Threshold = { readonly threshold: string; readonly before: number }

/** Of each policy once: every look at every certificate under it asks. */
const known = new WeakMap<RenewalPolicy, readonly Threshold[]>()

/** The thresholds of a policy, the earliest alert first, with the milliseconds that each is before the end. */
const thresholdsOf = (policy: RenewalPolicy): readonly Threshold[] => {
  const found = known.get(policy)
  if (found !== undefined) return found
  const made = policy.alerts
    .map((threshold) => ({ threshold, before: secondsOf(threshold) * 1000 }))
    .sort((a, b) => b.before - a.before)
  known.set(policy, made)
  return made
}

/**
 * The alerts that a version can give, in their order. What is to renew by
 * itself gives none before its renewal is late: an alert that comes every time
 * is no alert. Whatever is left to people gives them all.
 */
const alertsOf = (row: Renewal, policy: RenewalPolicy): readonly Alert[] => {
  const renews = row.state === 'scheduled' || row.state === 'open'
  const span = spanOf(row, policy)
  const from = renews ? endOfWindow(span) : span.issued
  const { end } = span
  const given = thresholdsOf(policy).filter(({ before }) => end - before > from)
  const urgencyAt = (index: number): Urgency => {
    if (index === given.length - 1) return 'critical'
    return index === 0 ? 'low' : 'high'
  }
  const times = given.map(({ threshold, before }, index) => ({
    threshold,
    at: end - before,
    urgency: urgencyAt(index),
  }))
  return [...times, { threshold: theEnd, at: end, urgency: 'critical' }]
}

/** The alerts that were not given yet, soonest first. */
export const alertsAhead = (row: Renewal, policy: RenewalPolicy): readonly Alert[] =>
  alertsOf(row, policy).filter(({ threshold }) => !row.alerts.includes(threshold))

/** The alerts whose time has come. The last of them is given, and stands for those before it. */
export const alertsDue = (row: Renewal, policy: RenewalPolicy, now: Date): readonly Alert[] =>
  alertsAhead(row, policy).filter(({ at }) => at <= now.getTime())
