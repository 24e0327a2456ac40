import { describe, expect, it } from 'vitest'
import { tend } from '../../../lib/flows/tend.ts'
import type { Jobs } from '../../../lib/ports/jobs.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

/** Jobs whose messages got lost, and that have stood still for long enough. */
const stranded = async (world: World, count: number): Promise<readonly string[]> => {
  const ids: string[] = []
  for (let n = 0; n < count; n += 1) ids.push((await world.ask({ profile_id: 'p-dev-web' })).job_id)
  world.pass(301)
  return ids
}

const sweepWith = (world: World, jobs: Partial<Jobs>) =>
  tend({ ...world.clock, jobs: { ...world.jobs, ...jobs } })

describe('A sweep', () => {
  it('looks after all that stands still, however many there are after an outage', async () => {
    const world = await makeFurnishedWorld()
    await stranded(world, 450)
    expect(await world.tend()).toMatchObject({ touched: 450 })
    expect(await world.tend()).toMatchObject({ touched: 0 })
  })

  it('ends before its function does, and leaves the rest to the next one', async () => {
    const world = await makeFurnishedWorld()
    const ids = await stranded(world, 450)
    const touch: Jobs['touch'] = async (...touched) => {
      world.pass(0.15)
      await world.jobs.touch(...touched)
    }
    const began = world.now().getTime()
    const first = await sweepWith(world, { touch })
    expect((world.now().getTime() - began) / 1000).toBeLessThan(60)
    expect(first.touched).toBeGreaterThan(200)
    expect(first.touched).toBeLessThan(450)
    const second = await sweepWith(world, { touch })
    expect(first.touched + second.touched).toBe(ids.length)
  })

  it('looks after no more than the signers could work off until the next, however fast it is', async () => {
    const world = await makeFurnishedWorld()
    let pages = 0
    const due: Jobs['due'] = async (_, { after, limit }) => {
      pages += 1
      const from = Number(after ?? 0)
      const rows = Array.from({ length: limit }, (__, n) => `job-${from + n}`)
      return { rows, next: String(from + limit) }
    }
    await sweepWith(world, { due, load: async () => null })
    expect(pages).toBe(100)
  })

  it('goes on past rows that cannot be read, however many', async () => {
    const world = await makeFurnishedWorld()
    const harmed = await stranded(world, 210)
    for (const id of harmed)
      world.table.tamper({ pk: `JOB#${id}`, sk: 'JOB' }, (row) => ({ ...row, colour: 'blue' }))
    world.pass(1)
    await stranded(world, 1)
    expect(await world.tend()).toMatchObject({ touched: 1 })
  })
})
