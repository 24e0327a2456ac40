import { randomUUID } from 'node:crypto'
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobs } from '../../lib/aws/jobs.ts'
import { type Item, keys } from '../../lib/aws/table.ts'
import { type TableClient, tableClient } from '../../lib/aws/table-client.ts'
import type { Condition, TableWrite } from '../../lib/aws/table-writes.ts'
import type { Jobs } from '../../lib/ports/jobs.ts'
import type { Page, Paging } from '../../lib/ports/page.ts'
import { memoryTable } from '../support/memory-table.ts'
import { access, clients, stack } from '../support/stack.ts'
import { makeFurnishedWorld } from '../support/world.ts'

/** A table like the deployed one, but with nothing that follows what is written to it. */
const name = `contract-${randomUUID()}`

beforeAll(async () => {
  const { Table } = await clients.dynamodb.send(new DescribeTableCommand({ TableName: stack.table }))
  const indexes = Table?.GlobalSecondaryIndexes ?? []
  await clients.dynamodb.send(
    new CreateTableCommand({
      TableName: name,
      KeySchema: Table?.KeySchema,
      AttributeDefinitions: Table?.AttributeDefinitions,
      BillingMode: 'PAY_PER_REQUEST',
      GlobalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
        IndexName,
        KeySchema,
        Projection,
      })),
    }),
  )
  await waitUntilTableExists({ client: clients.dynamodb, maxWaitTime: 30 }, { TableName: name })
})

afterAll(async () => {
  await clients.dynamodb.send(new DeleteTableCommand({ TableName: name }))
})

const tables: readonly [string, () => TableClient][] = [
  ['in memory', () => memoryTable()],
  ['on DynamoDB', () => tableClient(name, access)],
]

const put = (item: Item, condition: Condition = 'absent', of: TableWrite['of'] = 'job'): TableWrite => ({
  of,
  put: item,
  condition,
})

const all = async <T>(rows: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const row of rows) found.push(row)
  return found
}

const numbered = (n: number): string => String(n).padStart(4, '0')

describe.each(tables)('a table %s', (_, open) => {
  const table = open()
  /** A partition of a test's own. */
  const fresh = () => `T#${randomUUID()}`
  const store = async (...items: readonly Item[]) => {
    for (let from = 0; from < items.length; from += 50)
      expect(await table.transact(items.slice(from, from + 50).map((item) => put(item)))).toBe('committed')
  }

  describe('gets', () => {
    it('an item as it was put, whatever it holds', async () => {
      const item = {
        pk: fresh(),
        sk: 'A',
        text: 'ä\u0000😀',
        empty: '',
        number: 1.5,
        large: 9_007_199_254_740_991,
        nothing: null,
        truth: false,
        list: [1, 'two', null, { three: [] }],
        record: { nested: { deep: true }, none: {} },
      }
      await store(item)
      expect(await table.get({ pk: item.pk, sk: 'A' })).toEqual(item)
    })

    it('nothing where there is nothing', async () => {
      const pk = fresh()
      await store({ pk, sk: 'A' })
      expect(await table.get({ pk, sk: 'B' })).toBe(null)
      expect(await table.get({ pk: fresh(), sk: 'A' })).toBe(null)
    })

    it('what was just written, every time', async () => {
      const pk = fresh()
      await store({ pk, sk: 'A', version: 1 })
      for (let version = 2; version < 12; version += 1) {
        await table.transact([put({ pk, sk: 'A', version }, { attribute: 'version', equals: version - 1 })])
        expect((await table.get({ pk, sk: 'A' }))?.version).toBe(version)
      }
    })

    it('many in the order of their keys, with null for those that are missing', async () => {
      const [one, two] = [fresh(), fresh()]
      await store({ pk: one, sk: 'A', n: 1 }, { pk: two, sk: 'B', n: 2 }, { pk: one, sk: 'C', n: 3 })
      const asked = [
        { pk: one, sk: 'C' },
        { pk: two, sk: 'A' },
        { pk: two, sk: 'B' },
        { pk: one, sk: 'A' },
      ]
      expect((await table.getAll(asked)).map((row) => row?.n ?? null)).toEqual([3, null, 2, 1])
    })
  })

  describe('reads a partition', () => {
    it('in ascending order of sort key, by its octets, and nothing of another', async () => {
      const pk = fresh()
      const sks = ['EVENT#00000002', 'A', 'b', 'EVENT#00000010', 'a', 'Z', 'EVENT#00000001', '~', 'é']
      await store(...sks.map((sk) => ({ pk, sk })), { pk: `${pk}x`, sk: 'B' })
      const sorted = sks.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      expect((await all(table.partition(pk))).map(({ sk }) => sk)).toEqual(sorted)
    })

    it('only what begins so', async () => {
      const pk = fresh()
      await store(...['EVENT', 'EVENT#1', 'EVENT#2', 'EVENU', 'event#1'].map((sk) => ({ pk, sk })))
      expect((await all(table.partition(pk, 'EVENT#'))).map(({ sk }) => sk)).toEqual(['EVENT#1', 'EVENT#2'])
      expect(await all(table.partition(pk, 'NOTHING#'))).toEqual([])
      expect(await all(table.partition(fresh()))).toEqual([])
    })

    it('whole, also when it is larger than what one call returns', async () => {
      const pk = fresh()
      const text = 'x'.repeat(60_000)
      for (let n = 0; n < 40; n += 1) await store({ pk, sk: numbered(n), text })
      const found = await all(table.partition(pk))
      expect(found.map(({ sk }) => sk)).toEqual(Array.from({ length: 40 }, (_, n) => numbered(n)))
    })

    it('from its end: the last that begins so', async () => {
      const pk = fresh()
      await store(...['EVENT#1', 'EVENT#2', 'FILE#9', 'A'].map((sk) => ({ pk, sk })))
      expect((await table.last(pk, 'EVENT#'))?.sk).toBe('EVENT#2')
      expect(await table.last(pk, 'NOTHING#')).toBe(null)
      expect(await table.last(fresh(), 'EVENT#')).toBe(null)
    })
  })

  describe('reads an index', () => {
    const listed = async (count: number, text = '') => {
      const [pk, list] = [fresh(), fresh()]
      for (let n = 0; n < count; n += 1)
        await store({ pk, sk: numbered(n), gsi1pk: list, gsi1sk: `t${numbered(n)}`, text })
      await store({ pk, sk: 'unlisted' }, { pk, sk: 'elsewhere', gsi2pk: list, gsi2sk: 't0001' })
      return list
    }

    it('between bounds that are both exclusive, up to a limit, in ascending order', async () => {
      const pk = await listed(10)
      const read = async (after: string | null, before: string | null, limit: number) =>
        (await table.index({ index: 'gsi1', pk, after, before, limit })).map(({ gsi1sk }) =>
          Number(String(gsi1sk).slice(1)),
        )
      expect(await read(null, null, 100)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(await read(null, null, 3)).toEqual([0, 1, 2])
      expect(await read('t0003', null, 3)).toEqual([4, 5, 6])
      expect(await read(null, 't0003', 100)).toEqual([0, 1, 2])
      expect(await read('t0003', 't0007', 100)).toEqual([4, 5, 6])
      expect(await read('t0003', 't0007', 2)).toEqual([4, 5])
      expect(await read('t0003x', 't0007x', 100)).toEqual([4, 5, 6, 7])
      expect(await read('t0003', 't0004', 100)).toEqual([])
      expect(await read('t0009', null, 100)).toEqual([])
      expect(await read(null, 't0000', 100)).toEqual([])
      expect(await read('t0002', null, 1)).toEqual([3])
      expect(await read('t0002', 't0009', 1)).toEqual([3])
    })

    it('to its limit also where that is more than one call returns', async () => {
      const pk = await listed(24, 'x'.repeat(60_000))
      const found = await table.index({ index: 'gsi1', pk, after: null, before: null, limit: 24 })
      expect(found).toHaveLength(24)
      const rest = await table.index({ index: 'gsi1', pk, after: 't0001', before: 't0022', limit: 24 })
      expect(rest).toHaveLength(20)
    })

    it('without those that left it', async () => {
      const [pk, list] = [fresh(), fresh()]
      await store({ pk, sk: 'A', version: 1, gsi5pk: list, gsi5sk: '1' })
      const read = () => table.index({ index: 'gsi5', pk: list, after: null, before: null, limit: 10 })
      expect(await read()).toHaveLength(1)
      await table.transact([put({ pk, sk: 'A', version: 2 }, { attribute: 'version', equals: 1 })])
      expect(await read()).toEqual([])
    })
  })

  describe('writes all or nothing', () => {
    const kinds: readonly [string, Condition, Item | null, boolean][] = [
      ['absent, and nothing is there', 'absent', null, true],
      ['absent, and something is there', 'absent', { pk: '', sk: '', n: 1 }, false],
      ['a value that is there', { attribute: 'n', equals: 1 }, { pk: '', sk: '', n: 1 }, true],
      [
        'a text that is there',
        { attribute: 'status', equals: 'active' },
        { pk: '', sk: '', status: 'active' },
        true,
      ],
      ['null that is there', { attribute: 'n', equals: null }, { pk: '', sk: '', n: null }, true],
      ['null where the attribute is missing', { attribute: 'n', equals: null }, { pk: '', sk: '' }, false],
      ['another value', { attribute: 'n', equals: 2 }, { pk: '', sk: '', n: 1 }, false],
      ['another type', { attribute: 'n', equals: '1' }, { pk: '', sk: '', n: 1 }, false],
      ['a value of an item that is missing', { attribute: 'n', equals: 1 }, null, false],
    ]

    it.each(kinds)('on the condition of %s', async (_, condition, there, holds) => {
      const pk = fresh()
      if (there !== null) await store({ ...there, pk, sk: 'A' })
      const before = await table.get({ pk, sk: 'A' })
      const writes = [
        put({ pk, sk: 'beside' }, 'absent', 'event'),
        put({ pk, sk: 'A', n: 7 }, condition, 'principal'),
      ]
      expect(await table.transact(writes)).toEqual(holds ? 'committed' : { conflict: 'principal' })
      expect(await table.get({ pk, sk: 'A' })).toEqual(holds ? { pk, sk: 'A', n: 7 } : before)
      expect(await table.get({ pk, sk: 'beside' })).toEqual(holds ? { pk, sk: 'beside' } : null)
    })

    it.each(kinds)('of one item alone, on the condition of %s', async (_, condition, there, holds) => {
      const pk = fresh()
      if (there !== null) await store({ ...there, pk, sk: 'A' })
      const before = await table.get({ pk, sk: 'A' })
      const stored = await table.transact([put({ pk, sk: 'A', n: 7 }, condition, 'principal')])
      expect(stored).toEqual(holds ? 'committed' : { conflict: 'principal' })
      expect(await table.get({ pk, sk: 'A' })).toEqual(holds ? { pk, sk: 'A', n: 7 } : before)
    })

    it('of one item alone for one of twenty who race', async () => {
      const pk = fresh()
      const race = (n: number) => table.transact([put({ pk, sk: 'A', by: n }, 'absent', 'event')])
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => race(n)))
      expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1)
      for (const outcome of outcomes) expect(['committed', { conflict: 'event' }]).toContainEqual(outcome)
    })

    it.each(kinds)('after only a look, on the condition of %s', async (_, condition, there, holds) => {
      const pk = fresh()
      if (there !== null) await store({ ...there, pk, sk: 'A' })
      const before = await table.get({ pk, sk: 'A' })
      const look: TableWrite = { of: 'require_profile', check: { pk, sk: 'A' }, condition }
      const stored = await table.transact([put({ pk, sk: 'beside' }, 'absent', 'event'), look])
      expect(stored).toEqual(holds ? 'committed' : { conflict: 'require_profile' })
      expect(await table.get({ pk, sk: 'A' })).toEqual(before)
      expect(await table.get({ pk, sk: 'beside' })).toEqual(holds ? { pk, sk: 'beside' } : null)
    })

    it('and names the first of several conditions that do not hold', async () => {
      const pk = fresh()
      await store({ pk, sk: 'A' }, { pk, sk: 'B' })
      const writes = [
        put({ pk, sk: 'C' }, 'absent', 'job'),
        put({ pk, sk: 'B' }, 'absent', 'event'),
        put({ pk, sk: 'A' }, 'absent', 'replay'),
      ]
      expect(await table.transact(writes)).toEqual({ conflict: 'event' })
      expect(await table.get({ pk, sk: 'C' })).toBe(null)
    })

    it('and replaces an item whole: what the new one does not have is gone', async () => {
      const pk = fresh()
      await store({ pk, sk: 'A', version: 1, old: true })
      await table.transact([put({ pk, sk: 'A', version: 2 }, { attribute: 'version', equals: 1 })])
      expect(await table.get({ pk, sk: 'A' })).toEqual({ pk, sk: 'A', version: 2 })
    })

    it('a hundred items at once, and no more', async () => {
      const pk = fresh()
      const items = Array.from({ length: 101 }, (_, n) => put({ pk, sk: numbered(n) }))
      await expect(table.transact(items)).rejects.toThrow()
      expect(await all(table.partition(pk))).toEqual([])
      expect(await table.transact(items.slice(0, 100))).toBe('committed')
      expect(await all(table.partition(pk))).toHaveLength(100)
    })

    it('for one of twenty who race, and the others hear what stood in their way', async () => {
      const pk = fresh()
      await store({ pk, sk: 'A', version: 1 })
      const race = (n: number) =>
        table.transact([
          put({ pk, sk: 'A', version: 2, by: n }, { attribute: 'version', equals: 1 }, 'job'),
          put({ pk, sk: `EVENT#${n}` }, 'absent', 'event'),
        ])
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, n) => race(n)))
      const winners = outcomes.flatMap((outcome, n) => (outcome === 'committed' ? [n] : []))
      expect(winners).toHaveLength(1)
      for (const outcome of outcomes) expect(['committed', { conflict: 'job' }]).toContainEqual(outcome)
      expect((await table.get({ pk, sk: 'A' }))?.by).toBe(winners[0])
      expect((await all(table.partition(pk, 'EVENT#'))).map(({ sk }) => sk)).toEqual([`EVENT#${winners[0]}`])
    })
  })

  describe('sets attributes', () => {
    it('at the version that is stored, without a new one', async () => {
      const pk = fresh()
      await store({ pk, sk: 'A', version: 3, kept: true, touched_at: 'then' })
      await table.set({ pk, sk: 'A' }, { touched_at: 'now', gsi5sk: 'later' }, 3)
      expect(await table.get({ pk, sk: 'A' })).toEqual({
        pk,
        sk: 'A',
        version: 3,
        kept: true,
        touched_at: 'now',
        gsi5sk: 'later',
      })
    })

    it.each([
      ['another version', { version: 4 }],
      ['no version', {}],
    ])('of an item with %s not at all', async (_, stored) => {
      const pk = fresh()
      await store({ pk, sk: 'A', ...stored })
      await table.set({ pk, sk: 'A' }, { touched_at: 'now' }, 3)
      expect(await table.get({ pk, sk: 'A' })).toEqual({ pk, sk: 'A', ...stored })
    })

    it('of an item that is not there not at all', async () => {
      const pk = fresh()
      await table.set({ pk, sk: 'A' }, { touched_at: 'now' }, 1)
      expect(await table.get({ pk, sk: 'A' })).toBe(null)
    })
  })
})

describe.each(tables)('jobs %s', (_, open) => {
  const table = open()
  const port: Jobs = jobs(table)
  const ids: string[] = []

  const walk = async <T>(read: (paging: Paging) => Promise<Page<T>>, limit: number): Promise<T[]> => {
    const rows: T[] = []
    let after: string | null = null
    do {
      const page: Page<T> = await read({ limit, after })
      expect(page.rows.length).toBeLessThanOrEqual(limit)
      rows.push(...page.rows)
      after = page.next
    } while (after !== null)
    return rows
  }

  /** The first steps of real jobs, stored in this table as they are in a world in memory. */
  beforeAll(async () => {
    const world = await makeFurnishedWorld()
    for (let n = 0; n < 12; n += 1) {
      world.pass(1)
      const { job_id } = await world.ask(n % 3 === 0 ? { profile_id: 'p-dev-web' } : {})
      const { job, content, events } = await world.jobOf(job_id)
      const [first, ...rest] = events
      if (first === undefined) throw new Error('a job without events')
      const writes = [{ write: 'content', job_id, content }] as const
      expect(await port.commit({ job, events: [first, ...rest], writes })).toBe('committed')
      ids.push(job_id)
    }
  })

  it('are loaded whole, as they were stored', async () => {
    const file = await port.load(ids[1] ?? '')
    expect(file).toMatchObject({
      job: { id: ids[1], status: 'AwaitingApproval' },
      content: { type: 'Issuance' },
      events: [{ type: 'certificate_requested' }, { type: 'approval_requested' }],
      issuance: null,
    })
    expect(await port.load('job-nothing0here')).toBe(null)
  })

  it('are stored once: the same first step again is a conflict', async () => {
    const file = await port.load(ids[0] ?? '')
    if (file === null || 'unreadable' in file) throw new Error('no job')
    const [first, ...rest] = file.events
    if (first === undefined) throw new Error('a job without events')
    const again = await port.commit({ job: file.job, events: [first, ...rest], writes: [] })
    expect(again).toEqual({ conflict: 'job' })
    expect(await port.load(ids[0] ?? '')).toEqual(file)
  })

  it('that cannot be read are told apart from those that are not there', async () => {
    const id = `job-${randomUUID().replaceAll('-', '').slice(0, 16)}`
    await table.transact([put({ ...keys.job(id), status: 'Pending' })])
    expect(await port.load(id)).toMatchObject({ unreadable: expect.any(String), events: [] })
  })

  it.each([1, 2, 5, 12, 200])('are listed oldest first, each exactly once, in pages of %d', async (limit) => {
    const found = await walk((paging) => port.list({}, paging), limit)
    expect(found.map(({ id }) => id)).toEqual(ids)
  })

  it('are listed by what is asked of them', async () => {
    const waiting = await walk((paging) => port.list({ status: 'AwaitingApproval' }, paging), 3)
    const pending = await walk((paging) => port.list({ status: 'Pending' }, paging), 3)
    expect(waiting.map(({ id }) => id)).toEqual(ids.filter((_, n) => n % 3 !== 0))
    expect(pending.map(({ id }) => id)).toEqual(ids.filter((_, n) => n % 3 === 0))
    const gated = await walk((paging) => port.list({ gated: true, type: 'Issuance' }, paging), 2)
    expect(gated).toEqual(waiting)
    expect(await walk((paging) => port.list({ approval_state: 'pending' }, paging), 4)).toEqual(waiting)
    expect(await walk((paging) => port.list({ type: 'Renewal' }, paging), 4)).toEqual([])
    const [one] = waiting
    if (one?.certificate_id === null || one === undefined) throw new Error('no certificate')
    const { certificate_id } = one
    expect(await walk((paging) => port.list({ certificate_id }, paging), 4)).toEqual([one])
  })

  it('are due when their time has come, and again only when it has come again', async () => {
    const file = await port.load(ids[0] ?? '')
    if (file === null || 'unreadable' in file) throw new Error('no job')
    const dueBy = async (now: string) => (await port.due(now, { limit: 200, after: null })).rows
    expect(await dueBy(file.job.created_at)).toEqual([])
    const late = '2026-03-02T12:00:00.000Z'
    const due = await dueBy(late)
    expect(due.toSorted()).toEqual(ids.toSorted())
    const walked: string[] = []
    for (let after: string | null = null, left = true; left; left = after !== null) {
      const page: Page<string> = await port.due(late, { limit: 3, after })
      expect(page.rows.length).toBeLessThanOrEqual(3)
      walked.push(...page.rows)
      after = page.next
    }
    expect(walked).toEqual(due)
    await port.touch(file.job, late, '2026-03-02T12:05:00.000Z')
    expect(await dueBy(late)).toEqual(due.filter((id) => id !== file.job.id))
    expect(await dueBy('2026-03-02T12:05:00.000Z')).toContain(file.job.id)
    expect(await port.load(ids[0] ?? '')).toEqual(file)
  })
})
