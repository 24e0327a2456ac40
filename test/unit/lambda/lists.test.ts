import { describe, expect, it } from 'vitest'
import { behindHttp, nextOf } from '../../support/http-world.ts'
import { csrFor, makeFurnishedWorld, type Name } from '../../support/world.ts'

type Http = Awaited<ReturnType<typeof behindHttp>>

/** Follows every `Link` from here on, and what happens between two pages. */
const walk = async (
  http: Http,
  start: { readonly who: Name; readonly path: string },
  between: () => Promise<unknown> = async () => undefined,
) => {
  const rows: { readonly id: string }[] = []
  let pages = 0
  for (let path: string | null = start.path; path !== null; pages += 1) {
    const answer = await http.as(start.who)('GET', path)
    expect(answer.status).toBe(200)
    rows.push(...answer.json)
    path = nextOf(answer)
    await between()
  }
  return { ids: rows.map(({ id }) => id), pages }
}

describe('A list', () => {
  const csr = csrFor('www.example.com')

  it.each([23, 200])(
    'walked in pages of %d has every row exactly once, also while rows are being added',
    async (limit) => {
      const world = await makeFurnishedWorld()
      const http = await behindHttp(world)
      const there: string[] = []
      const add = async () => {
        world.pass(0.001)
        const { certificate_id } = await world.ask({ csr })
        there.push(certificate_id)
      }
      for (let n = 0; n < 230; n += 1) await add()
      let added = 0
      const { ids } = await walk(http, { who: 'dave', path: `/certificates?limit=${limit}` }, async () => {
        if (added < 40) for (let n = 0; n < 3; n += 1) await add()
        added += 3
      })
      expect(new Set(ids).size).toBe(ids.length)
      // What was there when the walk began is all there, oldest first; of the rest, what had come by its last page.
      expect(ids.slice(0, 230)).toEqual(there.slice(0, 230))
      expect(there.slice(0, ids.length)).toEqual(ids)
    },
  )

  it('of rows of one and the same instant has each of them exactly once', async () => {
    const world = await makeFurnishedWorld()
    const http = await behindHttp(world)
    const made = []
    for (let n = 0; n < 60; n += 1) made.push((await world.ask({ csr })).job_id)
    const { ids, pages } = await walk(http, { who: 'alice', path: '/jobs?type=Issuance&limit=7' })
    expect(pages).toBeGreaterThan(8)
    expect(ids.toSorted()).toEqual(made.toSorted())
  })

  it('of few rows among many finds them all, page by page', async () => {
    const world = await makeFurnishedWorld()
    const http = await behindHttp(world)
    const wanted = []
    for (let n = 0; n < 90; n += 1) {
      world.pass(1)
      const { certificate_id } = await world.ask({
        csr,
        profile_id: n % 30 === 0 ? 'p-dev-web' : 'p-prod-web',
      })
      if (n % 30 === 0) wanted.push(certificate_id)
    }
    const path = '/certificates?profile_id=p-dev-web&status=Requested&limit=1'
    expect((await walk(http, { who: 'alice', path })).ids).toEqual(wanted)
    await walk(http, { who: 'alice', path: '/certificates?status=Active&limit=1' }).then(({ ids }) =>
      expect(ids).toEqual([]),
    )
  })

  it('of events has every one of them, in the order in which they happened', async () => {
    const world = await makeFurnishedWorld()
    const http = await behindHttp(world)
    for (let n = 0; n < 25; n += 1) {
      world.pass(1)
      await world.made({ csr })
    }
    const stored = [...world.table.rows.values()].filter(({ sk }) => String(sk).startsWith('EVENT#'))
    const { ids } = await walk(http, { who: 'dave', path: '/audit?limit=9' })
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.toSorted()).toEqual(stored.map(({ id }) => String(id)).toSorted())
  })

  it('of events within a time begins at its start and ends before its end', async () => {
    const world = await makeFurnishedWorld()
    const http = await behindHttp(world)
    const times: string[] = []
    for (let n = 0; n < 6; n += 1) {
      world.pass(60)
      times.push(world.now().toISOString())
      await world.ask({ csr })
    }
    const path = `/audit?action=certificate_requested&from=${times[1]}&to=${times[4]}&limit=2`
    const { json: first } = await http.as('dave')('GET', path)
    expect(first[0].time).toBe(times[1])
    const { ids, pages } = await walk(http, { who: 'dave', path })
    expect([ids.length, pages]).toEqual([3, 2])
  })
})
