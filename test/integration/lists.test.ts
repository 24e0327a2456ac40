import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { stack } from '../support/stack.ts'

const rows = z.array(z.object({ id: z.string() }))

/** Every id of a list, page after page, as an admin follows it. */
const idsOf = async (list: string, limit: number): Promise<readonly string[]> => {
  const headers = { authorization: `Bearer ${stack.principals.carol.api_key}` }
  const ids: string[] = []
  for (let path: string | null = `/api/v1/${list}?limit=${limit}`; path !== null; ) {
    const answer: Response = await fetch(`${stack.api_url}${path}`, { headers })
    expect(answer.status).toBe(200)
    ids.push(...rows.parse(await answer.json()).map(({ id }) => id))
    path = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null
  }
  return ids
}

describe('what there is of rules and people', () => {
  it.each([
    ['profiles', 2, ['p-dev-web', 'p-prod-web']],
    ['issuers', 1, ['iss-root', 'iss-web']],
    ['principals', 100, ['pr-alice', 'pr-bob', 'pr-carol', 'pr-dave']],
  ])('is listed by id, each once: %s', async (list, limit, some) => {
    const ids = await idsOf(list, limit)
    expect(ids).toEqual(expect.arrayContaining(some))
    expect(ids).toEqual([...new Set(ids)].toSorted())
  })
})
