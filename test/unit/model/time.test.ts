import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duration, durationBetween, instant, instantOf, later, secondsOf } from '../../../lib/model/time.ts'

describe('a duration', () => {
  it.each([
    ['PT0S', 0],
    ['PT1S', 1],
    ['PT90M', 5400],
    ['PT1H30M', 5400],
    ['P1D', 86_400],
    ['P1W', 604_800],
    ['P1W1DT1H1M1S', 694_861],
    ['P90D', 7_776_000],
    ['PT99999999S', 99_999_999],
  ])('%s has %d seconds', (text, seconds) => {
    expect(duration.parse(text)).toBe(text)
    expect(secondsOf(text)).toBe(seconds)
  })

  it.each([
    '',
    'P',
    'PT',
    'P1DT',
    'P1Y',
    'P1M',
    'P1Y2M',
    '1D',
    'P-1D',
    '-P1D',
    'P1.5D',
    'PT1,5S',
    'p1d',
    'P1D ',
    ' P1D',
    'PT1M1H',
    'P1D1W',
    'P１D',
    'PT100000000S',
    'P999999D',
    '90',
    'P1D\n',
    '2026-01-01T00:00:00.000Z',
  ])('is not "%s"', (text) => {
    expect(duration.safeParse(text).success).toBe(false)
  })

  it.each([90, null, undefined, {}, ['P1D']])('is not %s, which is no text', (value) => {
    expect(duration.safeParse(value).success).toBe(false)
  })

  it('is the sum of its parts', () => {
    const part = fc.nat({ max: 9999 })
    fc.assert(
      fc.property(part, part, part, part, part, (w, d, h, m, s) => {
        const text = duration.parse(`P${w}W${d}DT${h}H${m}M${s}S`)
        expect(secondsOf(text)).toBe(w * 604_800 + d * 86_400 + h * 3600 + m * 60 + s)
      }),
    )
  })

  it.each([
    ['PT5M', true],
    ['P1D', true],
    ['PT299S', false],
    ['PT86401S', false],
    ['P1Y', false],
    ['', false],
  ])('between PT5M and P1D, both inclusive: %s is %s', (text, ok) => {
    expect(durationBetween('PT5M', 'P1D').safeParse(text).success).toBe(ok)
  })
})

describe('an instant', () => {
  it('sorts as text as it does in time', () => {
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
    fc.assert(
      fc.property(date, date, (a, b) => {
        expect(Math.sign(a.getTime() - b.getTime())).toBe(
          instantOf(a) < instantOf(b) ? -1 : instantOf(a) === instantOf(b) ? 0 : 1,
        )
      }),
    )
  })

  it.each([
    '2026-03-01T12:00:00Z',
    '2026-03-01T12:00:00.0000Z',
    '2026-03-01T12:00:00.000+01:00',
    '2026-03-01T12:00:00.000',
    '2026-02-30T12:00:00.000Z',
    '2026-03-01',
    'now',
    '',
  ])('is not "%s", which would not sort', (text) => {
    expect(instant.safeParse(text).success).toBe(false)
  })

  it('moves by seconds', () => {
    expect(instantOf(later(new Date('2026-03-01T00:00:00.500Z'), 86_400))).toBe('2026-03-02T00:00:00.500Z')
  })
})

describe('the text of an instant', () => {
  it('is what the platform makes of every date, of any year', () => {
    const dates = fc.date({ noInvalidDate: true })
    const same = fc.property(dates, (date) => {
      expect(instantOf(date)).toBe(date.toISOString())
    })
    fc.assert(same, { numRuns: 5000 })
  })

  it('is none of a date that is none', () => {
    expect(() => instantOf(new Date(Number.NaN))).toThrow(RangeError)
  })
})
