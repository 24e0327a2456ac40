import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Grant,
  type GrantUse,
  grantBounds,
  nextPlace,
  placeComplaints,
  standingOf,
  windowAt,
} from '../../../lib/model/grant.ts'

const start = '2026-03-01T12:00:00.000Z'

/** So many seconds after the grant was asked for. */
const at = (seconds: number): string => new Date(Date.parse(start) + seconds * 1000).toISOString()

const hour = 3600

const bounds = grantBounds.parse({
  certificate_id: 'mc-shop',
  profile_id: 'p-prod-web',
  profile_version: 3,
  subject: [],
  subject_alternative_names: [{ type: 'dns', value: 'shop.example.com' }],
  key_algorithms: ['ECDSA_P256'],
  spki_sha256: null,
  lifetime_seconds: 21_600,
  issuances: 4,
  period: 'PT1H',
  valid_from: start,
  valid_until: at(10 * hour),
})

const grant: Grant = {
  ...bounds,
  id: 'gr-abcdef',
  version: 1,
  requested_by: 'pr-alice',
  owner: 'pr-alice',
  approved_by: ['pr-bob'],
  granted_at: at(60),
  withdrawn_at: null,
  withdrawn_by: null,
}

const current = { id: 'p-prod-web', version: 3, status: 'active' }

describe('the period that an instant falls in', () => {
  it.each([
    [-0.001, -1],
    [0, 0],
    [hour - 0.001, 0],
    [hour, 1],
    [10 * hour, 10],
  ])('%d seconds after the request is in period %d', (seconds, window) => {
    expect(windowAt(bounds, at(seconds))).toBe(window)
  })
})

describe('a place at an instant', () => {
  const place = { id: grant.id, number: 1, window: 2 }

  it.each<[string, number, Partial<typeof place>, readonly string[]]>([
    ['the beginning of its period', 2 * hour, {}, []],
    ['the end of the one after', 4 * hour - 0.001, {}, []],
    ['the moment before its period', 2 * hour - 0.001, {}, ['the period is another one']],
    ['the second one after', 4 * hour, {}, ['the period is another one']],
    ['the last number', 2 * hour, { number: 4 }, []],
    ['one number more', 2 * hour, { number: 5 }, ['it allows 4 renewals, not 5']],
    ['the end of the grant', 10 * hour, { window: 10 }, []],
    ['the moment after it', 10 * hour + 0.001, { window: 10 }, [`it ended at ${at(10 * hour)}`]],
  ])('%s', (_, seconds, other, complaints) => {
    expect([...placeComplaints(bounds, { ...place, ...other }, at(seconds))]).toEqual(complaints)
  })
})

describe('how a grant stands', () => {
  const around = { current, compromised_at: null, now: at(hour) }

  it.each<[string, object, object, string]>([
    ['active', {}, {}, 'active'],
    ['active at its end', {}, { now: at(10 * hour) }, 'active'],
    ['over after it', {}, { now: at(10 * hour + 0.001) }, 'expired'],
    ['withdrawn', { withdrawn_at: at(70), withdrawn_by: 'pr-erin' }, {}, 'withdrawn'],
    ['ended by another version', {}, { current: { ...current, version: 4 } }, 'ended'],
    ['ended by an earlier version', {}, { current: { ...current, version: 2 } }, 'ended'],
    ['ended with its profile', {}, { current: { ...current, status: 'deleted' } }, 'ended'],
    ['ended without a profile', {}, { current: null }, 'ended'],
    ['ended under another profile', {}, { current: { ...current, id: 'p-other' } }, 'ended'],
    ['ended by a compromise since it was asked for', {}, { compromised_at: start }, 'ended'],
    ['not ended by an earlier one', {}, { compromised_at: at(-0.001) }, 'active'],
  ])('%s', (_, of, other, state) => {
    expect(standingOf({ ...grant, ...of }, { ...around, ...other }).state).toBe(state)
  })
})

it('gives no more places than were approved, and no two of a period, whatever came of them', () => {
  const request = fc.record({ after: fc.nat({ max: 2 * hour }), came_to_nothing: fc.boolean() })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 30 }), (requests) => {
      let time = 0
      let last: (GrantUse & { readonly lost: boolean }) | null = null
      const kept: GrantUse[] = []
      for (const { after, came_to_nothing } of requests) {
        time += after
        const given_back: boolean = last?.lost ?? false
        const place = nextPlace(grant, last, { now: at(time), given_back })
        if ('detail' in place) continue
        const version: number = (last?.version ?? 0) + 1
        last = { ...place, version, job_id: `job-number${version}`, lost: came_to_nothing }
        if (!came_to_nothing) kept.push(last)
      }
      expect(kept.length).toBeLessThanOrEqual(4)
      expect(kept.map(({ number }) => number)).toEqual(kept.map((_, index) => index + 1))
      expect(new Set(kept.map(({ window }) => window)).size).toBe(kept.length)
    }),
  )
})
