import { sha256 } from './digest.ts'
import type { RenewalPolicy } from './renewal-policy.ts'
import { instantOf, secondsOf } from './time.ts'

/** What it takes to say when a version renews. Instants. */
export type Lifetime = {
  readonly serial: string
  /** When it was issued; `notBefore` may lie before that, for clocks that are slow. */
  readonly issued_at: string
  readonly not_after: string
}

/** All in milliseconds since 1970. */
type Span = {
  readonly issued: number
  readonly end: number
  /** Where the rules put the renewal, before jitter. */
  readonly target: number
  /** What is left of the lifetime then: the time in which a renewal can go wrong and be tried again. */
  readonly left: number
  /** No renewal opens before this, whatever the rules say: else a short life would be one renewal after another. */
  readonly floor: number
}

/** Nothing renews in the first third of its life. */
const floorOf = (issued: number, lifetime: number): number => issued + lifetime / 3

const measured = ({ issued_at, not_after }: Lifetime, { percent, lead_time }: RenewalPolicy): Span => {
  const issued = Date.parse(issued_at)
  const end = Date.parse(not_after)
  const lifetime = Math.max(0, end - issued)
  const floor = floorOf(issued, lifetime)
  const byShare = percent === null ? floor : issued + (lifetime * percent) / 100
  const byLead = lead_time === null ? floor : end - secondsOf(lead_time) * 1000
  const target = Math.min(end, Math.max(floor, byShare, byLead))
  return { issued, end, target, left: end - target, floor }
}

type Asked = Pick<Lifetime, 'issued_at' | 'not_after'> & {
  readonly policy: RenewalPolicy
  readonly span: Span
}

/** Whoever looks at a version asks some five times in a row. */
let last: Asked | null = null

/** The span of a version under a policy. */
export const spanOf = (lifetime: Lifetime, policy: RenewalPolicy): Span => {
  const { issued_at, not_after } = lifetime
  if (last?.policy === policy && last.issued_at === issued_at && last.not_after === not_after)
    return last.span
  const span = measured(lifetime, policy)
  last = { issued_at, not_after, policy, span }
  return span
}

/** The end of the window, in milliseconds since 1970: all that it takes to ask whether a renewal is late. */
export const endOfWindow = ({ target, left }: Span): number => target + left / 10

/** A number from 0 up to 1 that is the serial's own, whoever chose the serial. */
const shareOf = (serial: string): number => Number.parseInt(sha256(serial).slice(0, 12), 16) / 2 ** 48

/** The times of one version, as instants. */
export type RenewalWindow = {
  /** Ten percent of what is left of the lifetime to both sides of where the rules put the renewal. */
  readonly start: string
  readonly end: string
  /** The moment in the window that this version has by its serial: what was issued together does not renew together. */
  readonly at: string
  /** When a renewal opens that waits for people. */
  readonly opens_at: string
}

/** The same in milliseconds since 1970, for arithmetic. */
export const momentsOf = (
  lifetime: Lifetime,
  policy: RenewalPolicy,
): Readonly<Record<keyof RenewalWindow, number>> => {
  const span = spanOf(lifetime, policy)
  const { target, left, floor } = span
  const start = target - left / 10
  const at = start + (left / 5) * shareOf(lifetime.serial)
  const opens_at = Math.min(at, Math.max(floor, at - secondsOf(policy.approval_lead) * 1000))
  return { start, end: endOfWindow(span), at, opens_at }
}

/** An instant of so many milliseconds since 1970. */
export const instantAt = (milliseconds: number): string => instantOf(new Date(Math.round(milliseconds)))

/** When a version renews under a policy. Pure arithmetic: the same version always has the same window. */
export const windowOf = (lifetime: Lifetime, policy: RenewalPolicy): RenewalWindow => {
  const { start, end, at, opens_at } = momentsOf(lifetime, policy)
  return { start: instantAt(start), end: instantAt(end), at: instantAt(at), opens_at: instantAt(opens_at) }
}

/** Seconds between the middle of a window and the end of the certificate. */
const roomOf = (lifetime: Lifetime, policy: RenewalPolicy): number => spanOf(lifetime, policy).left / 1000

/**
 * How long to wait after so many attempts, in seconds: twice as long each
 * time, in parts of the time that there is. Five attempts take six tenths of it.
 */
export const backoffSeconds = (lifetime: Lifetime, policy: RenewalPolicy, attempts: number): number => {
  const room = roomOf(lifetime, policy)
  return Math.max(60, Math.min((room / 20) * 2 ** (attempts - 1), room / 4))
}

/** How long until somebody looks whether an open renewal is over, in seconds: a minute to six hours. */
export const lookSeconds = (lifetime: Lifetime, policy: RenewalPolicy): number =>
  Math.min(6 * 3600, Math.max(60, roomOf(lifetime, policy) / 100))
