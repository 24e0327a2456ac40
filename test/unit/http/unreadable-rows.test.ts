import { beforeEach, describe, expect, it, vi } from 'vitest'
import { items, keys } from '../../../lib/aws/table.ts'
import { createFirstAdmin } from '../../../lib/flows/create-first-admin.ts'
import { refreshStatus } from '../../../lib/flows/publish-status.ts'
import { logger } from '../../../lib/lambda/logger.ts'
import { behindHttp } from '../../support/http-world.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

let world: World
let http: Awaited<ReturnType<typeof behindHttp>>

beforeEach(async () => {
  world = await makeFurnishedWorld()
  http = await behindHttp(world)
})

/** As somebody who owns the table could, or a release that knows more. */
const harm = (key: { readonly pk: string; readonly sk: string }): void => {
  const row = [...world.table.rows.values()].find(({ pk, sk }) => pk === key.pk && sk === key.sk)
  if (row === undefined) throw new Error(`no row ${key.pk}`)
  world.table.write({ ...row, pk: key.pk, sk: key.sk, colour: 'blue' })
}

describe('A list with one row that cannot be read', () => {
  it.each<[string, () => Promise<{ pk: string; sk: string }>]>([
    ['/jobs', async () => keys.job((await world.made()).job_id)],
    ['/approvals', async () => keys.job((await world.ask()).job_id)],
    ['/certificates', async () => keys.certificate((await world.made()).certificate_id)],
    ['/principals', async () => keys.principal('pr-frank')],
    ['/profiles', async () => keys.profile('p-dev-web')],
    ['/issuers', async () => keys.issuer('iss-web')],
  ])('%s shows the others, says that one is missing, and tells operators which', async (path, make) => {
    await world.made()
    await world.ask()
    const key = await make()
    const said = vi.spyOn(logger, 'warn').mockImplementation(() => {})
    const before = await http.as('carol')('GET', `${path}?limit=200`)
    expect(before.headers['countersign-unreadable']).toBeUndefined()
    harm(key)
    const after = await http.as('carol')('GET', `${path}?limit=200`)
    expect([after.status, after.headers['countersign-unreadable']]).toEqual([200, '1'])
    expect(after.json).toHaveLength(before.json.length - 1)
    expect(JSON.stringify(said.mock.calls)).toContain(`${key.pk} ${key.sk}`)
    said.mockRestore()
  })
})

describe('The audit with an event that cannot be read', () => {
  const page = async (path: string) => {
    const { status, json, headers } = await http.as('dave')('GET', path)
    return { status, rows: json as Record<string, unknown>[], lacks: headers['countersign-unreadable'] }
  }

  const harmedEvent = async () => {
    const { job_id } = await world.made()
    const { events } = await world.jobOf(job_id)
    const planned = events.find(({ type }) => type === 'issuance_planned')
    if (planned === undefined) throw new Error('no event')
    const before = (await page('/audit?limit=200')).rows
    const key = items.event(`JOB#${job_id}`, planned)
    harm(key)
    const instead = { unreadable: `${key.pk} ${key.sk}` }
    return {
      before,
      instead,
      planned,
      expected: before.map((row) => (row.id === planned.id ? instead : row)),
    }
  }

  it('shows all others, and says in its place that there is one, and where', async () => {
    const { expected } = await harmedEvent()
    const said = vi.spyOn(logger, 'warn').mockImplementation(() => {})
    expect(await page('/audit?limit=200')).toEqual({ status: 200, rows: expected, lacks: '1' })
    expect(JSON.stringify(said.mock.calls)).toContain(
      JSON.stringify(expected.find((row) => row.unreadable)?.unreadable),
    )
    said.mockRestore()
  })

  it.each([1, 2, 3])('has it once in pages of %d', async (limit) => {
    const { expected } = await harmedEvent()
    const rows: unknown[] = []
    let lacks = 0
    for (let next: string | undefined = `/audit?limit=${limit}`; next !== undefined; ) {
      const answer = await http.as('dave')('GET', next)
      rows.push(...answer.json)
      lacks += Number(answer.headers['countersign-unreadable'] ?? 0)
      next = /^<\/api\/v1(.*)>/.exec(answer.headers.link ?? '')?.[1]
    }
    expect([rows, lacks]).toEqual([expected, 1])
  })

  it('has it also in what a filter asks for, since nobody can say that it does not belong there', async () => {
    const { instead, planned } = await harmedEvent()
    for (const filter of [`action=${planned.type}`, `resource=${planned.resource}&action=certificate_issued`])
      expect((await page(`/audit?limit=200&${filter}`)).rows, filter).toContainEqual(instead)
  })

  it('has it as a line of its export', async () => {
    const { expected } = await harmedEvent()
    const { text, headers } = await http.as('dave')('GET', '/audit/export')
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(expected)
    expect(headers['countersign-unreadable']).toBe('1')
  })

  it('is no evidence: that is whole, or an error', async () => {
    const { job_id, certificate_id } = await world.made()
    const { events } = await world.jobOf(job_id)
    const [first] = events
    if (first === undefined) throw new Error('no event')
    const said = vi.spyOn(logger, 'error').mockImplementation(() => {})
    harm(items.event(`JOB#${job_id}`, first))
    expect((await http.as('dave')('GET', `/certificates/${certificate_id}/versions/1/evidence`)).status).toBe(
      500,
    )
    said.mockRestore()
  })
})

describe('Whoever acts on a list with such a row', () => {
  it('makes no first admin: the row might be one', async () => {
    harm(keys.principal('pr-carol'))
    const actor = { id: 'system-setup', type: 'System' } as const
    const making = createFirstAdmin(world, actor, { name: 'Eve', email: 'eve@example.com' })
    await expect(making).rejects.toThrow('rows that cannot be read: PRINCIPAL#pr-carol PRINCIPAL')
  })

  it('publishes the lists of all other issuers, and fails aloud', async () => {
    harm(keys.issuer('iss-web'))
    world.pass(20 * 3600)
    await expect(refreshStatus(world)).rejects.toThrow('rows that cannot be read: ISSUER#iss-web ISSUER')
    const heads = await Promise.all(['iss-root', 'iss-web'].map((issuer) => world.lists.head(issuer, 0)))
    const age = (head: (typeof heads)[number]) =>
      head === null ? null : (world.now().getTime() - Date.parse(head.this_update)) / 3_600_000
    expect(heads.map(age)).toEqual([0, 20])
  })
})
