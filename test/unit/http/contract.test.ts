import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createApiKey } from '../../../lib/flows/create-api-key.ts'
import { limiterOf } from '../../../lib/lambda/limiter.ts'
import { behindHttp, nextOf } from '../../support/http-world.ts'
import { csrFor, makeFurnishedWorld, profileBody } from '../../support/world.ts'

const start = async () => {
  const world = await makeFurnishedWorld()
  return { world, ...(await behindHttp(world)) }
}

const requestBody = () => ({ profile_id: 'p-dev-web', csr: csrFor('www.example.com') })

describe('What a request may look like', () => {
  it.each([
    ['no JSON', '{', 400, 'invalid_body'],
    ['JSON that is no object', '[]', 400, 'invalid_body'],
    ['65,537 bytes', JSON.stringify({ reason: 'x'.repeat(65_524) }), 413, 'body_too_large'],
    ['no body where one is needed', '', 400, 'invalid_body'],
  ])('%s', async (_, raw, status, code) => {
    const { send, tokens } = await start()
    const answer = await send({ method: 'POST', path: '/certificates', token: tokens.alice, raw })
    expect([answer.status, answer.json.code]).toEqual([status, code])
  })

  it.each(['text/plain', 'application/json-patch+json', 'application/x-www-form-urlencoded', ''])(
    'a body as %j is 415',
    async (type) => {
      const { as } = await start()
      const answer = await as('alice')('POST', '/certificates', requestBody(), { 'content-type': type })
      expect([answer.status, answer.json.code]).toEqual([415, 'unsupported_media_type'])
    },
  )

  it('a body that is not UTF-8 is refused, not repaired', async () => {
    const { world, tokens } = await start()
    const { send } = await behindHttp(world)
    const raw = `{"reason":"${'\ud800'}"}`
    const answer = await send({ method: 'POST', path: '/certificates', token: tokens.alice, raw })
    expect(answer.status).toBe(400)
  })

  it('tells every complaint about a body at once, each with its pointer', async () => {
    const { as } = await start()
    const body = { profile_id: 'P', csr: 7, name: '', status: 'Active', reason: 'x'.repeat(2001) }
    const { status, json } = await as('alice')('POST', '/certificates', body)
    expect(status).toBe(400)
    expect(json.violations.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual(
      ['/csr', '/name', '/profile_id', '/reason', '/status'].sort(),
    )
  })

  it.each([
    ['an unknown parameter', '/certificates?colour=red', '/colour'],
    ['a parameter given twice', '/certificates?limit=1&limit=2', '/limit'],
    ['no number', '/certificates?limit=ten', '/limit'],
    ['a page of none', '/certificates?limit=0', '/limit'],
    ['a page too large', '/certificates?limit=201', '/limit'],
    ['a status that is none', '/jobs?status=Done', '/status'],
    ['a time that is none', '/audit?from=yesterday', '/from'],
    ['a time before its own start', '/audit?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z', '/to'],
    ['a cursor of nobody', '/certificates?cursor=abc', '/cursor'],
  ])('%s is 400, and points at it', async (_, path, pointer) => {
    const { as } = await start()
    const { status, json } = await as('carol')('GET', path)
    expect([status, json.code]).toEqual([400, 'invalid_query'])
    expect(json.violations[0].pointer).toBe(pointer)
  })

  it('takes an instant in any zone', async () => {
    const { as } = await start()
    const { status } = await as('dave')('GET', '/audit?from=2026-03-01T13:00:00%2B01:00')
    expect(status).toBe(200)
  })

  it.each([
    ['a CSR of more than 16 KB', { csr: `-----BEGIN CERTIFICATE REQUEST-----\n${'A'.repeat(24_600)}` }],
    ['a reason of 2,001 characters', { reason: 'x'.repeat(2001) }],
  ])('refuses %s', async (_, part) => {
    const { as } = await start()
    const { status } = await as('alice')('POST', '/certificates', { ...requestBody(), ...part })
    expect(status).toBe(400)
  })
})

describe('Every GET', () => {
  it('can be asked with HEAD, and changes nothing', async () => {
    const { world, as } = await start()
    await as('carol')('GET', '/certificates')
    const before = JSON.stringify([...world.table.rows])
    for (const path of [
      '/certificates',
      '/jobs',
      '/approvals',
      '/profiles/p-dev-web',
      '/issuers/iss-web',
      '/audit',
    ]) {
      const [get, head] = [await as('carol')('GET', path), await as('carol')('HEAD', path)]
      expect([head.status, head.headers]).toEqual([get.status, get.headers])
    }
    expect(JSON.stringify([...world.table.rows])).toBe(before)
  })
})

describe('ETag and If-Match', () => {
  it('a profile says its version; an edit against another is 412 and changes nothing', async () => {
    const { world, as } = await start()
    const seen = await as('carol')('GET', '/profiles/p-dev-web')
    expect(seen.headers.etag).toBe('"v1"')
    const edit = { ...profileBody, name: 'First' }
    const first = await as('carol')('PUT', '/profiles/p-dev-web', edit, { 'if-match': '"v1"' })
    expect(first.status).toBe(202)
    await as('bob')('POST', `/approvals/${first.json.approval.id}/approve`, {})
    await world.drain()
    for (const method of ['PUT', 'DELETE']) {
      const body = method === 'PUT' ? { ...edit, name: 'Lost' } : undefined
      const lost = await as('carol')(method, '/profiles/p-dev-web', body, { 'if-match': '"v1"' })
      expect([lost.status, lost.json.code]).toEqual([412, 'precondition_failed'])
    }
    const now = await as('carol')('GET', '/profiles/p-dev-web')
    expect([now.headers.etag, now.json.name]).toEqual(['"v2"', 'First'])
  })

  it.each(['"v2"', 'W/"v1"', 'v1', '"1"', '""'])('If-Match %s names no version in force', async (tag) => {
    const { as } = await start()
    const { status } = await as('carol')('PUT', '/profiles/p-dev-web', profileBody, { 'if-match': tag })
    expect(status).toBe(412)
  })

  it.each(['*', '"v7", "v1"'])('If-Match %s does', async (tag) => {
    const { as } = await start()
    const { status } = await as('carol')('PUT', '/profiles/p-dev-web', profileBody, { 'if-match': tag })
    expect(status).toBe(202)
  })

  it('issuers and principals have one, too, and who knows it is answered 304', async () => {
    const { as } = await start()
    for (const path of ['/issuers/iss-web', '/principals/pr-alice', '/profiles/p-dev-web']) {
      const { headers } = await as('carol')('GET', path)
      expect(headers.etag).toBe('"v1"')
      const again = await as('carol')('GET', path, undefined, { 'if-none-match': '"v1"' })
      expect(again.status).toBe(304)
    }
  })
})

describe('Idempotency-Key', () => {
  const key = { 'idempotency-key': 'one' }

  it('the same request gives the same answer, another body 409, for every POST', async () => {
    const { world, as } = await start()
    const asked = await as('alice')('POST', '/certificates', { ...requestBody(), profile_id: 'p-prod-web' })
    await world.made()
    await world.drain()
    const approval = asked.json.approval.id
    const selection = { profile_id: 'p-dev-web' }
    const steps = [
      ['carol', '/revocations/plan', { selection }, { selection, reason: 'superseded' }],
      ['alice', '/certificates', requestBody(), { ...requestBody(), name: 'other' }],
      ['carol', '/profiles', { ...profileBody, id: 'p-new' }, { ...profileBody, id: 'p-newer' }],
      ['bob', `/approvals/${approval}/approve`, { note: 'a' }, { note: 'b' }],
      ['carol', '/principals', { kind: 'service', name: 'ci' }, { kind: 'service', name: 'cd' }],
      ['carol', '/principals/pr-alice/api-keys', {}, { expires_at: '2027-01-01T00:00:00Z' }],
      [
        'carol',
        '/principals/pr-alice/oidc-subjects',
        { issuer: 'https://id.example.com', subject: 'a' },
        { issuer: 'https://id.example.com', subject: 'b' },
      ],
    ] as const
    for (const [who, path, body, other] of steps) {
      const named = { 'idempotency-key': path }
      const first = await as(who)('POST', path, body, named)
      expect(first.status, path).toBeLessThan(300)
      const rows = world.table.rows.size
      const second = await as(who)('POST', path, body, named)
      expect([second.status, second.text], path).toEqual([first.status, first.text])
      expect(world.table.rows.size, path).toBe(rows)
      const third = await as(who)('POST', path, other, named)
      expect([third.status, third.json.code], path).toEqual([409, 'idempotency_conflict'])
    }
  })

  it('twenty at once make one job, and all hear the same', async () => {
    const { world, as } = await start()
    const body = requestBody()
    const jobs = () => [...world.table.rows.values()].filter(({ sk }) => sk === 'JOB').length
    const before = jobs()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => as('alice')('POST', '/certificates', body, key)),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(202)
    expect(jobs()).toBe(before + 1)
  })

  it('gives the plan of a revocation again as it was, whatever was issued since', async () => {
    const { world, as } = await start()
    await world.made()
    const body = { selection: { profile_id: 'p-dev-web' } }
    const plan = (named: Record<string, string>) => as('carol')('POST', '/revocations/plan', body, named)
    const answers = await Promise.all(Array.from({ length: 20 }, () => plan(key)))
    await world.made()
    answers.push(await plan(key))
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]?.json.matched).toBe(1)
    expect((await plan({})).json.matched).toBe(2)
  })

  it('twenty approvals at once are one decision, and all hear the same', async () => {
    const { world, as } = await start()
    const asked = await as('alice')('POST', '/certificates', { ...requestBody(), profile_id: 'p-prod-web' })
    const path = `/approvals/${asked.json.approval.id}/approve`
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => as('bob')('POST', path, { note: 'ok' }, key)),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    const { events } = await world.jobOf(asked.json.job.id)
    expect(events.filter(({ type }) => type === 'approval_approved')).toHaveLength(1)
  })

  it('twenty new keys at once are one key, and all see its token; what is stored shows it to nobody', async () => {
    const { world, as, tokens } = await start()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => as('carol')('POST', '/principals/pr-alice/api-keys', {}, key)),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    const { token } = answers[0]?.json ?? {}
    expect(token).toMatch(/^cs_alice-/)
    expect(JSON.stringify([...world.table.rows.values()])).not.toContain(token.slice(-43))
    // Another credential of the same principal made no such request: it is not shown the secret.
    const actor = { id: 'system-setup', type: 'System' } as const
    const other = await createApiKey(world, actor, { principal_id: 'pr-carol', expires_at: null })
    expect(tokens.carol).not.toBe(other.token)
    const { send } = await behindHttp(world)
    const stranger = await send({
      method: 'POST',
      path: '/principals/pr-alice/api-keys',
      token: other.token,
      body: {},
      headers: key,
    })
    expect([stranger.status, stranger.json.code]).toEqual([409, 'idempotency_conflict'])
    expect(stranger.text).not.toContain(token)
  })

  it.each(['', ' ', 'ü', 'x'.repeat(129)])('the key %j is refused', async (bad) => {
    const { as } = await start()
    const answer = await as('alice')('POST', '/certificates', requestBody(), { 'idempotency-key': bad })
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_header'])
  })
})

describe('A cursor', () => {
  const walk = async () => {
    const it = await start()
    for (let n = 0; n < 5; n += 1)
      await it.as('alice')('POST', '/certificates', { ...requestBody(), name: `n${n}` })
    const page = await it.as('alice')('GET', '/certificates?limit=2')
    return { ...it, next: nextOf(page) ?? '' }
  }

  it('says nothing of its keys, and keeps the filter and the limit of its list', async () => {
    const { next } = await walk()
    expect(next).toMatch(/^\/certificates\?limit=2&cursor=/)
    expect(next).not.toMatch(/mc-|#|2026/)
  })

  it('is refused with any character changed', async () => {
    const { as, next } = await walk()
    const cursor = new URLSearchParams(next.split('?')[1]).get('cursor') ?? ''
    for (let at = 0; at < cursor.length; at += 1) {
      const swapped = cursor[at] === 'A' ? 'B' : 'A'
      const forged = `${cursor.slice(0, at)}${swapped}${cursor.slice(at + 1)}`
      const answer = await as('alice')('GET', `/certificates?limit=2&cursor=${forged}`)
      // The last character of base64url has bits that carry nothing.
      if (at !== cursor.length - 1) expect(answer.status, `at ${at}`).toBe(400)
    }
  })

  it('is good for its own list and filter alone, and for another page size', async () => {
    const { as, next } = await walk()
    const cursor = new URLSearchParams(next.split('?')[1]).get('cursor') ?? ''
    expect((await as('alice')('GET', `/certificates?limit=5&cursor=${cursor}`)).status).toBe(200)
    for (const path of ['/jobs?', '/certificates?status=Active&', '/certificates?owner=x&', '/profiles?'])
      expect((await as('alice')('GET', `${path}cursor=${cursor}`)).status, path).toBe(400)
  })
})

describe('Too many requests', () => {
  it('of one credential are 429 with Retry-After, and of another are not', async () => {
    const world = await makeFurnishedWorld()
    const { as } = await behindHttp(world, { admits: limiterOf({ requests_per_second: 1, burst: 3 }) })
    const mine = []
    for (let n = 0; n < 5; n += 1) mine.push(await as('alice')('GET', '/jobs'))
    expect(mine.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
    expect(mine[4]?.headers['retry-after']).toBe('1')
    expect((await as('bob')('GET', '/jobs')).status).toBe(200)
  })

  it('a bucket fills again with time, to its burst and no further', () => {
    const admits = limiterOf({ requests_per_second: 2, burst: 2 })
    const at = (now: number) => admits('k', now)
    expect([at(0), at(0), at(0), at(400), at(500), at(500)]).toEqual([true, true, false, false, true, false])
    expect([at(60_000), at(60_000), at(60_000)]).toEqual([true, true, false])
  })
})

describe('GET /audit/export', () => {
  it('is NDJSON of every event in pages, whose Links end', async () => {
    const { world, as } = await start()
    for (let n = 0; n < 12; n += 1) await as('alice')('POST', '/certificates', requestBody())
    await world.drain()
    const all = [...world.table.rows.values()].filter(({ sk }) => String(sk).startsWith('EVENT#'))
    const seen: string[] = []
    let path: string | null = '/audit/export?limit=7&from=2026-01-01T00:00:00Z'
    while (path !== null) {
      const page = await as('dave')('GET', path)
      expect(page.text.endsWith('\n') || page.text === '').toBe(true)
      const lines = page.text.split('\n').filter((line) => line !== '')
      expect(lines.length).toBeLessThanOrEqual(7)
      seen.push(...lines.map((line) => z.object({ id: z.string() }).parse(JSON.parse(line)).id))
      path = nextOf(page)
    }
    expect(seen.sort()).toEqual(all.map(({ id }) => String(id)).sort())
  })
})
