import { describe, expect, it } from 'vitest'
import { items } from '../../../lib/aws/table.ts'
import type { Certificate } from '../../../lib/model/certificate.ts'
import { behindHttp, nextOf } from '../../support/http-world.ts'
import { makeWorld } from '../../support/world.ts'

const certificateAt = (n: number, id: string): Certificate => ({
  id,
  version: 1,
  name: `n${n}`,
  owner: 'team',
  team: null,
  profile_id: 'p-web',
  issuer_id: 'iss-web',
  status: n % 2 === 0 ? 'Active' : 'Requested',
  current_version: 0,
  not_after: null,
  created_at: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
})

const rows = 10_000

const start = async () => {
  const world = await makeWorld()
  const { as } = await behindHttp(world)
  const add = (n: number, id: string) => world.table.write(items.certificate(certificateAt(n, id)))
  for (let n = 0; n < rows; n += 1) add(n, `mc-row-${n}`)
  return { world, as, add }
}

type Page = { readonly ids: readonly string[]; readonly next: string | null }

const pageOf = async (as: Awaited<ReturnType<typeof start>>['as'], path: string): Promise<Page> => {
  const answer = await as('dave')('GET', path)
  return { ids: answer.json.map(({ id }: { id: string }) => id), next: nextOf(answer) }
}

describe('A walk through 10,000 rows', () => {
  it('meets every row that was there at its start exactly once, while others are added all over', async () => {
    const { as, add } = await start()
    const seen: string[] = []
    let path: string | null = '/certificates?limit=200'
    for (let page = 0; path !== null; page += 1) {
      const { ids, next }: Page = await pageOf(as, path)
      seen.push(...ids)
      // One among those read already, one at the very place, one ahead, one at the end.
      add(1, `mc-early-${page}`)
      add(page * 200 + 200, `mc-here-${page}`)
      add(rows / 2, `mc-middle-${page}`)
      if (page < 20) add(rows + page, `mc-late-${page}`)
      path = next
    }
    const old = seen.filter((id) => id.startsWith('mc-row-'))
    expect(old).toHaveLength(rows)
    expect(new Set(seen).size).toBe(seen.length)
    expect(new Set(old).size).toBe(rows)
  }, 60_000)

  it('costs on page 1,000 what it costs on page 1', async () => {
    const { world, as } = await start()
    let path = '/certificates?limit=199'
    for (let page = 0; page < 50; page += 1) path = (await pageOf(as, path)).next ?? ''
    const costOf = async (asked: string): Promise<Record<string, number>> => {
      await pageOf(as, asked)
      const before = { ...world.table.calls }
      const { ids } = await pageOf(as, asked)
      expect(ids).toHaveLength(10)
      return Object.fromEntries(
        Object.entries(world.table.calls).map(([name, count]) => [name, count - (before[name] ?? 0)]),
      )
    }
    const first = await costOf('/certificates?limit=10')
    const thousandth = await costOf(path.replace('limit=199', 'limit=10'))
    expect(thousandth).toEqual(first)
    expect(first.index).toBe(1)
  }, 60_000)

  it('a filter that few rows pass is answered in pages of bounded work, to its end', async () => {
    const { world, as, add } = await start()
    add(4_321, 'mc-needle')
    world.table.write(items.certificate({ ...certificateAt(4_321, 'mc-needle'), issuer_id: 'iss-other' }))
    const found: string[] = []
    let pages = 0
    let path: string | null = '/certificates?issuer_id=iss-other&limit=50'
    while (path !== null) {
      const before = world.table.calls.index ?? 0
      const { ids, next }: Page = await pageOf(as, path)
      expect((world.table.calls.index ?? 0) - before).toBeLessThanOrEqual(20)
      found.push(...ids)
      pages += 1
      path = next
    }
    expect(found).toEqual(['mc-needle'])
    expect(pages).toBeLessThanOrEqual(12)
  }, 60_000)
})
