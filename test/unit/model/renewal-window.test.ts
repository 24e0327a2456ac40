import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { renewalPolicy } from '../../../lib/model/renewal-policy.ts'
import { backoffSeconds, lookSeconds, windowOf } from '../../../lib/model/renewal-window.ts'

const hour = 3600
const day = 24 * hour
const issued_at = '2026-03-01T00:00:00.000Z'

/** Any number of serials that look like those of a CA. */
const serialOf = (n: number): string =>
  createHash('sha1').update(String(n)).digest('hex').replace(/^../, '5a')

const lifetimeOf = (seconds: number, n = 1) => ({
  serial: serialOf(n),
  issued_at,
  not_after: new Date(Date.parse(issued_at) + seconds * 1000).toISOString(),
})

/** Seconds after issuance. */
const since = (instant: string): number => (Date.parse(instant) - Date.parse(issued_at)) / 1000

const policy = renewalPolicy.parse({})

describe('the window in which a certificate renews', () => {
  it.each([
    ['6 hours', 6 * hour, 4.02 * hour, 0.198 * hour],
    ['a day', day, 0.67 * day, 0.033 * day],
    ['47 days', 47 * day, 31.49 * day, 1.551 * day],
    ['90 days', 90 * day, 60.3 * day, 2.97 * day],
    ['a year', 365 * day, 335 * day, 3 * day],
    ['5 years', 1826 * day, 1796 * day, 3 * day],
  ])('of %s lies around the later of two thirds and thirty days before the end', (_, life, target, tenth) => {
    const { start, end, at } = windowOf(lifetimeOf(life), policy)
    expect(since(start)).toBeCloseTo(target - tenth, 2)
    expect(since(end)).toBeCloseTo(target + tenth, 2)
    expect(at >= start && at <= end).toBe(true)
  })

  it.each([
    ['a share alone', { percent: 50, lead_time: null }, 100 * day, 50 * day],
    ['a lead time alone', { percent: null, lead_time: 'P10D' }, 100 * day, 90 * day],
    ['the later of both', { percent: 90, lead_time: 'P30D' }, 100 * day, 90 * day],
    // A lead time of a month once had certificates of 31 days renewed every hour, for ever.
    ['a lead time above the lifetime', { percent: null, lead_time: 'P31D' }, 30 * day, 10 * day],
    ['a lead time of all the lifetime', { percent: null, lead_time: 'P30D' }, 30 * day, 10 * day],
  ])('goes by %s', (_, given, life, target) => {
    const { start, end } = windowOf(lifetimeOf(life), renewalPolicy.parse(given))
    expect((since(start) + since(end)) / 2).toBeCloseTo(target, 2)
  })

  it.each([
    ['neither rule', { percent: null, lead_time: null }],
    ['a share below a third', { percent: 32 }],
    ['a share above 95 percent', { percent: 96 }],
    ['no attempt', { max_attempts: 0 }],
    ['an alert twice', { alerts: ['P1D', 'PT24H'] }],
    ['a field of nobody', { enable: true }],
  ])('cannot be told to go by %s', (_, given) => {
    expect(renewalPolicy.safeParse(given).success).toBe(false)
  })

  it('never opens in the first third of the lifetime, however long people are given', () => {
    for (const life of [600, 6 * hour, day, 10 * day, 47 * day]) {
      const { opens_at, at } = windowOf(lifetimeOf(life), renewalPolicy.parse({ approval_lead: 'P90D' }))
      expect(since(opens_at)).toBeGreaterThanOrEqual(life / 3 - 0.001)
      expect(opens_at <= at).toBe(true)
    }
  })

  it('gives people the whole lead before its moment where the lifetime has it', () => {
    const { opens_at, at } = windowOf(lifetimeOf(47 * day), policy)
    expect(since(at) - since(opens_at)).toBeCloseTo(7 * day, 2)
  })

  it('spreads what was issued together evenly over the window', () => {
    const tenths = new Array<number>(10).fill(0)
    const count = 10_000
    for (let n = 0; n < count; n += 1) {
      const { start, end, at } = windowOf(lifetimeOf(47 * day, n), policy)
      const place = (since(at) - since(start)) / (since(end) - since(start))
      tenths[Math.floor(place * 10)] = (tenths[Math.floor(place * 10)] ?? 0) + 1
    }
    for (const found of tenths) expect(Math.abs(found / (count / 10) - 1)).toBeLessThan(0.15)
  })

  it('is the same whenever it is asked for', () => {
    expect(windowOf(lifetimeOf(day, 7), policy)).toEqual(windowOf(lifetimeOf(day, 7), policy))
  })

  it('of a certificate that ends as it begins is that moment', () => {
    const { start, end, at } = windowOf(lifetimeOf(0), policy)
    expect([start, end, at]).toEqual([issued_at, issued_at, issued_at])
  })
})

describe('what failed', () => {
  it.each([
    ['6 hours', 6 * hour],
    ['47 days', 47 * day],
    ['a year', 365 * day],
  ])('is tried again, ever later, while a certificate of %s still lives', (_, life) => {
    const waits = [1, 2, 3, 4].map((attempts) => backoffSeconds(lifetimeOf(life), policy, attempts))
    expect([...waits].sort((a, b) => a - b)).toEqual(waits)
    const all = waits.reduce((sum, wait) => sum + wait, 0)
    const { end } = windowOf(lifetimeOf(life), policy)
    expect(since(end) + all).toBeLessThan(life)
  })

  it('never waits less than a minute', () => {
    expect(backoffSeconds(lifetimeOf(60), policy, 1)).toBe(60)
  })

  it('is looked at within a minute to six hours', () => {
    expect(lookSeconds(lifetimeOf(600), policy)).toBe(60)
    expect(lookSeconds(lifetimeOf(6 * hour), policy)).toBeCloseTo(71.28, 2)
    expect(lookSeconds(lifetimeOf(1826 * day), policy)).toBe(6 * hour)
  })
})
