import { describe, expect, it } from 'vitest'
import { profileDocument } from '../../lib/model/profile.ts'
import { renewalPolicy } from '../../lib/model/renewal-policy.ts'
import { day, type Expired, type Outage, simulateYear } from '../support/renewal-year.ts'

const hour = day / 24
const begin = Date.parse('2026-01-01T00:00:00.000Z')

const document = (more: object = {}) =>
  profileDocument.parse({
    name: 'Simulated',
    issuer_id: 'iss-web',
    key_algorithms: ['ECDSA_P256'],
    subject_alternative_names: { dns: { domains: ['example.com'] } },
    validity: { default: 'P1D', max: 'P1D' },
    renewal: renewalPolicy.parse({}),
    ...more,
  })

const kinds = [
  { name: 'sixhours', lifetime: 6 * hour, count: 60, document: document() },
  { name: 'day', lifetime: day, count: 120, document: document() },
  { name: 'week', lifetime: 7 * day, count: 300, document: document() },
  { name: 'fortyseven', lifetime: 47 * day, count: 2520, document: document() },
  { name: 'gated', lifetime: 47 * day, count: 400, document: document({ requires_approval: true }) },
  { name: 'newkey', lifetime: 90 * day, count: 500, document: document({ allow_key_reuse: false }) },
  { name: 'ninety', lifetime: 90 * day, count: 700, document: document() },
  { name: 'year', lifetime: 365 * day, count: 400, document: document() },
]

const outage = (from: number, to: number): Outage => ({ from: begin + from * day, to: begin + to * day })

const schedule_outages = [outage(40, 40.25), outage(120, 122), outage(250.125, 250.15)]
const issuer_outages = [outage(80, 81), outage(300, 300.1)]
const outages = [...schedule_outages, ...issuer_outages]

/** How much of a certificate's last third was free of any outage, in milliseconds. */
const freeTime = ({ opens, ends }: Expired): number => {
  const lost = outages.reduce(
    (sum, { from, to }) => sum + Math.max(0, Math.min(ends, to) - Math.max(opens, from)),
    0,
  )
  return ends - opens - lost
}

/** Why a certificate ended without a renewal, where that was nobody's fault who runs this. */
const excuse = (expired: Expired): string | null => {
  if (expired.state === 'needs_csr') return 'nobody brought a CSR'
  if (expired.awaiting) return 'nobody decided'
  if (expired.error?.startsWith('rejected') === true) return 'somebody said no'
  if (expired.error?.startsWith('nobody decided, twice') === true) return 'nobody decided, twice'
  // A job of a certificate that lives for hours may fail in its last half hour, or wait in the queue behind an outage.
  if (freeTime(expired) < 0.75 * (expired.ends - expired.opens)) return 'an outage took its time'
  return null
}

describe('a year of 5,000 certificates, with outages, rejections and failing issuers', () => {
  it('loses none that could have been renewed, renews none twice, and never hurries', {
    timeout: 600_000,
  }, async () => {
    const year = await simulateYear({
      kinds,
      days: 365,
      // Sixty an hour, as the real limit is one of the sweep: less often than every minute is only harder.
      per_sweep: 5,
      every_minutes: 5,
      schedule_outages,
      issuer_outages,
      decision: (draw) => {
        const luck = draw()
        return luck < 0.04 ? null : { after: draw() * 5 * day, approve: luck > 0.06 }
      },
      csr_after: (draw) => (draw() < 0.02 ? null : draw() * 6 * day),
      by_hand_after: (draw) => (1 + draw() * 11) * hour,
      failing_percent: 1,
      throttled_permille: 2,
    })
    expect(year.held.size).toBe(5000)
    expect(year.renewed.length).toBeGreaterThan(200_000)
    expect(year.counts.throttled).toBeGreaterThan(100)

    expect(year.expired.filter((expired) => excuse(expired) === null)).toEqual([])
    const excuses = new Set(year.expired.map(excuse))
    for (const expected of ['somebody said no', 'nobody brought a CSR', 'an outage took its time'])
      expect(excuses).toContain(expected)

    // Nothing renews twice in a window: never in the first third of its life, and each version once.
    for (const { since, lifetime } of year.renewed) expect(since).toBeGreaterThan(lifetime * 0.33)
    const versions = [...year.held.values()].reduce((sum, { issued }) => sum + issued - 1, 0)
    expect(versions).toBe(year.renewed.length)

    const hours = new Map<number, number>()
    for (const { at } of year.opened) {
      const number = Math.floor(at / hour)
      hours.set(number, (hours.get(number) ?? 0) + 1)
    }
    const mean = year.opened.length / (365 * 24)
    expect(Math.max(...hours.values())).toBeLessThanOrEqual(3 * mean)

    // Whoever was left to people was told so, once; each threshold of a version was told once.
    const told = year.told.map(({ type, resource, details }) =>
      [type, resource, details.certificate_version, details.threshold].join(' '),
    )
    expect(new Set(told).size).toBe(told.length)
    for (const { id } of year.expired.filter(({ state }) => state === 'exhausted'))
      expect(year.told.some(({ type, resource }) => type === 'renewal_failed' && resource === id)).toBe(true)
  })
})
