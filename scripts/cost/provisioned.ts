import { type Metered, type Place, places, type Units } from './meter.ts'
import { sumOf, type Usage } from './prices.ts'

/** How much of the capacity is used under a steady load: what auto scaling is told to hold to. */
export const targetUtilization = 0.8

/** The others that a stage is likely to have: DynamoDB's console proposes the first, and takes none above the last. */
export const otherUtilizations = [0.7, 0.9] as const

/** The least that a stage may have of each, in units by the second: of the table and of each index. */
const least = 1

const secondsOfMonth = 30 * 24 * 3600

/** Of each place two: for reads and for writes. */
const scaled = 2 * places.length

/**
 * Alarms that a table of this kind has besides: four that auto scaling keeps for
 * each of what it scales, and our own for throttled reads and for each index.
 */
const alarms = 4 * scaled + 1 + (places.length - 1)

/** What so many of each use of the table and its indexes. */
export const unitsOf = (used: readonly (readonly [Pick<Metered, 'units'>, number])[]): Units => {
  const sum = (place: Place, what: 'reads' | 'writes'): number =>
    used.reduce((all, [{ units }, often]) => all + units[place][what] * often, 0)
  const at = (place: Place) => ({ reads: sum(place, 'reads'), writes: sum(place, 'writes') })
  return {
    table: at('table'),
    gsi1: at('gsi1'),
    gsi2: at('gsi2'),
    gsi3: at('gsi3'),
    gsi4: at('gsi4'),
    gsi5: at('gsi5'),
    gsi6: at('gsi6'),
  }
}

const total = (units: Units, what: 'reads' | 'writes'): number =>
  places.reduce((sum, place) => sum + units[place][what], 0)

/** A usage without what is asked of the table by the request. */
const withoutRequests = (usage: Usage, units: Units): Usage => ({
  ...usage,
  write_units: (usage.write_units ?? 0) - total(units, 'writes'),
  read_units: (usage.read_units ?? 0) - total(units, 'reads'),
})

/** What a usage adds to a steady load, on capacity that is used to the target: no capacity is left over for it. */
export const steadily = (
  { usage, units }: Pick<Metered, 'usage' | 'units'>,
  utilization: number = targetUtilization,
): Usage =>
  sumOf(withoutRequests(usage, units), {
    write_unit_hours: total(units, 'writes') / 3600 / utilization,
    read_unit_hours: total(units, 'reads') / 3600 / utilization,
  })

/** Whole units by the second, of which a steady load uses no more than the target. */
const provided = (used: number): number =>
  Math.max(least, Math.ceil(used / secondsOfMonth / targetUtilization))

/** A month of a steady load: whole units for the table and each index, and the alarms that come with them. */
export const monthly = ({ usage, units }: Pick<Metered, 'usage' | 'units'>): Usage => {
  const hours = (what: 'reads' | 'writes'): number =>
    places.reduce((sum, place) => sum + provided(units[place][what]) * (secondsOfMonth / 3600), 0)
  return sumOf(withoutRequests(usage, units), {
    write_unit_hours: hours('writes'),
    read_unit_hours: hours('reads'),
    alarm_months: alarms,
  })
}
