import { expect, it } from 'vitest'
import { lists, renewalShards } from '../../lib/aws/lists.ts'
import { items } from '../../lib/aws/table.ts'
import type { IndexQuery, Row } from '../../lib/aws/table-client.ts'
import { makeFurnishedWorld } from '../support/world.ts'

const inventory = 1_000_000
const hour = 3_600_000

/**
 * The index of a million certificates that are not due yet, spread as
 * certificates of 47 days are: as DynamoDB has it, keys alone, each partition
 * in the order of its sort key.
 */
const indexOfAMillion = (from: number): ReadonlyMap<string, readonly string[]> => {
  const partitions = new Map<string, string[]>()
  for (let n = 0; n < inventory; n += 1) {
    const at = new Date(from + 61_000 + Math.floor((n / inventory) * 1128 * hour)).toISOString()
    const id = `mc-phantom${String(n).padStart(7, '0')}`
    const pk = lists.renewalsDue(at.slice(0, 13), n % renewalShards)
    const order = `${at}#${at}#${id}`
    const partition = partitions.get(pk)
    if (partition === undefined) partitions.set(pk, [order])
    else partition.push(order)
  }
  return partitions
}

/** What a query of an index costs, eventually consistent: half a unit for each 4 KB that its keys have, rounded up. */
const unitsOf = (rows: readonly Row[]): number => {
  const octets = rows.reduce(
    (sum, row) => sum + [row.pk, row.sk, row.gsi5pk, row.gsi5sk].join('').length + 24,
    0,
  )
  return Math.max(1, Math.ceil(octets / 4096)) / 2
}

it('of a million certificates a sweep looks at those that are due, and at no other', async () => {
  const world = await makeFurnishedWorld()
  const made = []
  for (let n = 0; n < 40; n += 1) made.push(await world.made())
  world.pass(7200 + 900)
  await world.renew()
  for (const [n, { certificate_id }] of made.entries()) {
    // Due in this minute, all of them.
    const next_at = new Date(world.now().getTime() - n * 1000).toISOString()
    const row = (await world.renewals.load(certificate_id))?.renewal
    if (row === null || row === undefined) throw new Error('no renewal')
    const days = (count: number) => new Date(world.now().getTime() + count * 24 * hour).toISOString()
    world.table.write(items.renewal({ ...row, issued_at: days(-64), not_after: days(26), next_at }))
  }
  const phantoms = indexOfAMillion(world.now().getTime())
  const { index } = world.table
  const examined = { items: 0, queries: 0, units: 0 }
  Object.assign(world.table, {
    index: async (query: IndexQuery) => {
      const rows = await index(query)
      const others = (phantoms.get(query.pk) ?? []).filter(
        (order) => query.before !== null && order < query.before,
      )
      const all = [...rows, ...others.map((gsi5sk) => ({ pk: '', sk: 'RENEWAL', gsi5pk: query.pk, gsi5sk }))]
      examined.items += all.length
      examined.queries += 1
      examined.units += unitsOf(all)
      return all
    },
  })
  const before = { ...world.table.calls }
  const swept = await world.renew()
  expect(swept).toMatchObject({ due: 40, opened: 40, faults: 0, left: 0 })
  expect(examined.items).toBe(40)
  expect(examined.items + examined.queries).toBeLessThanOrEqual(1.05 * 40 + renewalShards)
  // In capacity: so many keys fit into a unit that the queries themselves are what is paid for.
  expect(examined.units).toBeLessThanOrEqual(1.05 * 40 + renewalShards)
  expect(examined.units).toBeLessThanOrEqual(examined.queries)
  const called = (name: string): number => (world.table.calls[name] ?? 0) - (before[name] ?? 0)
  // For each of them so many calls and no more, however many there are besides.
  expect(called('transact')).toBeLessThanOrEqual(40 + 1)
  expect(called('getAll')).toBeLessThanOrEqual(2 * 40)
  expect(called('last')).toBeLessThanOrEqual(2 * 40)
  console.info(
    `a sweep over ${inventory} certificates of which 40 are due: ${examined.queries} queries, ` +
      `${examined.items} items, ${examined.units} read units; where nothing is due, ${renewalShards / 2} read units`,
  )
  const quiet = { ...examined }
  expect(await world.renew()).toMatchObject({ due: 0 })
  expect(examined.items).toBe(quiet.items)
  expect(examined.units - quiet.units).toBeLessThanOrEqual(renewalShards)
})
