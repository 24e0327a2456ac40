import { beforeAll, describe, expect, it } from 'vitest'
import { jobStatuses, jobTypes } from '../../../lib/model/job.ts'
import type { Page, Paging } from '../../../lib/ports/page.ts'
import { eventsIn } from '../../support/events.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

type Row = Readonly<Record<string, unknown>>

/** A world in which something of every kind has happened: decided each way, done, failed, cancelled, revoked, told, refused. */
const eventful = async (): Promise<World> => {
  const world = await makeFurnishedWorld()
  for (const verdict of ['approve', 'reject'] as const) {
    world.pass(1)
    const { approval_id } = await world.ask()
    await world.call('bob', verdict, { id: approval_id, body: { note: 'ticket 7' } })
  }
  world.pass(1)
  await world.call('alice', 'withdraw', { id: (await world.ask()).approval_id })
  await world.drain()
  await world.tell()
  const { certificate_id } = await world.made()
  await world.call('alice', 'revokeCertificate', { id: certificate_id, body: { reason: 'superseded' } })
  await world.drain()
  await world.ask()
  world.pass(8 * 86_400)
  await world.sweep()
  world.pass(1)
  await world.ask()
  const failed = await world.ask({ profile_id: 'p-dev-web' })
  await world.issueBy({ ...world.kms, status_url: 'http://elsewhere.example.com' }, failed.job_id)
  await world.ask({ profile_id: 'p-dev-web' })
  return world
}

const walk = async <T extends { readonly id: string }>(
  list: (paging: Paging) => Promise<Page<T>>,
  limit: number,
): Promise<readonly string[]> => {
  const ids: string[] = []
  let after: string | null = null
  do {
    const page: Page<T> = await list({ limit, after })
    ids.push(...page.rows.map(({ id }) => id))
    after = page.next
  } while (after !== null)
  return ids
}

describe('A list of what matches a filter has all of it, each once, oldest first', () => {
  let world: World
  let rows: readonly Row[]

  beforeAll(async () => {
    world = await eventful()
    rows = [...world.table.rows.values()]
  })

  const wanted = (kind: (row: Row) => boolean, filter: Row, time: string): readonly string[] =>
    rows
      .filter((row) => kind(row) && Object.entries(filter).every(([name, value]) => row[name] === value))
      .sort((a, b) => (`${a[time]}#${a.id}` < `${b[time]}#${b.id}` ? -1 : 1))
      .map(({ id }) => String(id))

  const isJob = ({ sk }: Row) => sk === 'JOB'
  const isEvent = ({ sk }: Row) => String(sk).startsWith('EVENT#')
  const isCertificate = ({ sk }: Row) => sk === 'CERTIFICATE'
  const values = (kind: (row: Row) => boolean, name: string): readonly string[] => [
    ...new Set(
      rows.filter((row) => kind(row) && typeof row[name] === 'string').map((row) => String(row[name])),
    ),
  ]

  it('in a world that has everything to list', () => {
    expect(values(isJob, 'status').toSorted()).toEqual(
      jobStatuses.filter((status) => status !== 'Running').toSorted(),
    )
    expect(values(isCertificate, 'status')).toHaveLength(3)
    expect(values(isEvent, 'actor').length).toBeGreaterThan(5)
    expect(values(isEvent, 'type').length).toBeGreaterThan(12)
  })

  it.each(jobStatuses)('of jobs that are %s', async (status) => {
    const all = wanted(isJob, { status }, 'created_at')
    for (const limit of [1, 3, 200])
      expect(await walk((paging) => world.jobs.list({ status }, paging), limit)).toEqual(all)
  })

  it.each(jobTypes)('of jobs that are of type %s', async (type) => {
    const all = wanted(isJob, { type }, 'created_at')
    expect(await walk((paging) => world.jobs.list({ type }, paging), 2)).toEqual(all)
  })

  it('of all jobs, and of those of a certificate', async () => {
    expect(await walk((paging) => world.jobs.list({}, paging), 3)).toEqual(wanted(isJob, {}, 'created_at'))
    for (const certificate_id of values(isJob, 'certificate_id'))
      expect(await walk((paging) => world.jobs.list({ certificate_id }, paging), 1)).toEqual(
        wanted(isJob, { certificate_id }, 'created_at'),
      )
  })

  it.each(['pending', 'approved', 'rejected', 'expired', 'withdrawn'] as const)(
    'of approvals that are %s',
    async (approval_state) => {
      const isSo = (row: Row) => isJob(row) && (row.approval as Row | null)?.state === approval_state
      const all = wanted(isSo, {}, 'created_at')
      expect(all.length).toBeGreaterThan(0)
      const filter = { approval_state, gated: true }
      expect(await walk((paging) => world.jobs.list(filter, paging), 1)).toEqual(all)
    },
  )

  it('of all approvals', async () => {
    const all = wanted((row) => isJob(row) && row.approval !== null, {}, 'created_at')
    const filter = { approval_state: undefined, gated: true }
    expect(await walk((paging) => world.jobs.list(filter, paging), 2)).toEqual(all)
  })

  it('of events, by whom, of what type, on what, and all', async () => {
    const all = wanted(isEvent, {}, 'time')
    for (const limit of [1, 7, 200])
      expect(await walk((paging) => eventsIn(world, {}, paging), limit)).toEqual(all)
    for (const name of ['actor', 'action', 'resource'])
      for (const value of values(isEvent, name === 'action' ? 'type' : name))
        expect(await walk((paging) => eventsIn(world, { [name]: value }, paging), 2), value).toEqual(
          wanted(isEvent, { [name === 'action' ? 'type' : name]: value }, 'time'),
        )
  })

  it('of certificates, by status, owner, profile, and all', async () => {
    for (const name of ['status', 'owner', 'profile_id'])
      for (const value of values(isCertificate, name))
        expect(await walk((paging) => world.certificates.list({ [name]: value }, paging), 2), value).toEqual(
          wanted(isCertificate, { [name]: value }, 'created_at'),
        )
    expect(await walk((paging) => world.certificates.list({}, paging), 2)).toEqual(
      wanted(isCertificate, {}, 'created_at'),
    )
  })

  it('says since when the oldest that is still waiting has waited', async () => {
    const waiting = rows.filter((row) => isJob(row) && row.status === 'AwaitingApproval')
    const [oldest] = waiting.map(({ created_at }) => String(created_at)).sort()
    expect(await world.jobs.waitingSince()).toBe(oldest)
  })
})
