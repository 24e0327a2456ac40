import { describe, expect, it } from 'vitest'
import { dueOf, isAbandoned } from '../../../lib/model/due.ts'
import type { Job } from '../../../lib/model/job.ts'
import { makeFurnishedWorld } from '../../support/world.ts'

const at = (seconds: number): string =>
  new Date(Date.parse('2026-03-01T12:00:00.000Z') + seconds * 1000).toISOString()

/** A job asked for at 0, and approved after a day where people decide. */
const jobs = async (): Promise<Readonly<Record<'ungated' | 'gated' | 'waiting', Job>>> => {
  const world = await makeFurnishedWorld()
  const ungated = (await world.jobOf((await world.ask({ profile_id: 'p-dev-web' })).job_id)).job
  const { job_id, approval_id } = await world.ask()
  const waiting = (await world.jobOf(job_id)).job
  world.pass(86_400)
  await world.call('bob', 'approve', { id: approval_id })
  return { ungated, waiting, gated: (await world.jobOf(job_id)).job }
}

const day = 86_400

const held = (job: Job, attempts: number, until: number): Job => ({
  ...job,
  status: 'Running',
  attempts,
  lease: { holder: 'worker-kms/1', until: at(until) },
  updated_at: at(until - 60),
})

describe('When a job wants looking after', () => {
  it.each<readonly [string, (all: Awaited<ReturnType<typeof jobs>>) => Job, number]>([
    ['pending, five minutes after it was asked for', ({ ungated }) => ungated, 300],
    ['approved, five minutes after the last word', ({ gated }) => gated, day + 300],
    ['waiting for people, after half a day', ({ waiting }) => waiting, day / 2],
    ['in its first attempt, when it would have been without it', ({ ungated }) => held(ungated, 1, 61), 300],
    ['approved, in its first attempt', ({ gated }) => held(gated, 1, day + 62), day + 300],
    ['in a first attempt that began late, when its lease ends', ({ ungated }) => held(ungated, 1, 400), 400],
    ['in its second attempt, when its lease ends', ({ ungated }) => held(ungated, 2, 241), 241],
    ['put off by its worker, when it said', ({ ungated }) => held(ungated, 0, 65), 65],
  ])('%s', async (_, job, due) => {
    expect(dueOf(job(await jobs()))).toBe(at(due))
  })

  it.each(['Completed', 'Failed', 'Cancelled'] as const)('never, once it is %s', async (status) => {
    expect(dueOf({ ...(await jobs()).ungated, status })).toBeNull()
  })
})

describe('A job that a worker left behind', () => {
  it.each<readonly [string, (job: Job) => Job, number, boolean]>([
    ['counts for whoever takes it before the sweep would', (job) => held(job, 1, 61), 180, true],
    ['counts for the sweep from then on', (job) => held(job, 1, 61), 301, false],
    ['was in nobody’s hands', (job) => job, 10, false],
  ])('%s', async (_, job, seconds, abandoned) => {
    const { ungated } = await jobs()
    expect(isAbandoned({ job: job(ungated), events: [] }, new Date(at(seconds)))).toBe(abandoned)
  })
})
