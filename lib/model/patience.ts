import type { Issuance } from './job.ts'
import { instantOf, secondsBetween } from './time.ts'

/** How long a key may be away before it counts against the attempts of a job, in seconds. */
const mostSeconds = 86_400

/** As long as a worker holds a job; and no longer than people wait who have mended a key. */
const leastPauseSeconds = 60
const mostPauseSeconds = 1800

/**
 * Whether a key that cannot be used is waited for: a day from the first plan, and never
 * more than a quarter of what the certificate lives, which was fixed by that plan.
 */
export const isAwaited = ({ planned_at, period }: Issuance, now: Date): boolean => {
  const lifetime = secondsBetween(period.not_before, period.not_after)
  return secondsBetween(planned_at, instantOf(now)) < Math.min(mostSeconds, lifetime / 4)
}

/** How long until the key is asked again, in seconds: the longer it has been away, the longer, up to half an hour. */
export const pauseBefore = ({ planned_at }: Issuance, now: Date): number =>
  Math.min(
    mostPauseSeconds,
    Math.max(leastPauseSeconds, Math.round(secondsBetween(planned_at, instantOf(now)) / 4)),
  )
