import { describe, expect, it } from 'vitest'
import { createApiKey } from '../../../lib/flows/create-api-key.ts'
import { createPrincipal } from '../../../lib/flows/create-principal.ts'
import { isUnbroken } from '../../../lib/model/event.ts'
import { behindHttp, logged } from '../../support/http-world.ts'
import { csrFor, makeFurnishedWorld, makeWorld } from '../../support/world.ts'

const start = async () => {
  const world = await makeWorld()
  const http = await behindHttp(world)
  const status = async (token: string) => (await http.send({ path: '/jobs', token })).status
  const newKey = async (body: object = {}) => {
    const { json } = await http.as('carol')('POST', '/principals/pr-alice/api-keys', body)
    return json as { id: string; token: string }
  }
  const chain = async (id: string) => {
    const { json } = await http.as('dave')('GET', `/audit?resource=${id}&limit=200`)
    return (json as { chain: string; type: string; actor: string; sequence: number }[])
      .filter((event) => event.chain === id)
      .sort((a, b) => a.sequence - b.sequence)
  }
  return { world, ...http, status, newKey, chain }
}

describe('API keys', () => {
  it('are shown once, are listed without their secrets, and are stored hashed', async () => {
    const { world, newKey, as, status } = await start()
    const { id, token } = await newKey()
    expect(token).toMatch(/^cs_[a-z0-9]+-[a-z0-9]+_[A-Za-z0-9_-]{43}$/)
    expect(Buffer.from(token.split('_').slice(2).join('_'), 'base64url')).toHaveLength(32)
    expect(await status(token)).toBe(200)
    const { text, json } = await as('carol')('GET', '/principals/pr-alice/api-keys')
    expect(json.map((key: { id: string }) => key.id)).toContain(id)
    expect(text).not.toMatch(/secret|sha256|cs_/)
    expect(JSON.stringify([...world.table.rows.values()])).not.toContain(token.slice(-43))
  })

  it.each([
    ['another secret', (token: string) => `${token.slice(0, -43)}${'A'.repeat(43)}`],
    ['another key of the same principal', (token: string) => token.replace(/-[a-z0-9]+_/, '-00000000_')],
    ['another principal', (token: string) => token.replace(/^cs_alice/, 'cs_bob')],
    ['no prefix', (token: string) => token.slice(3)],
    ['a letter more', (token: string) => `${token}A`],
    ['a letter less', (token: string) => token.slice(0, -1)],
  ])('%s is 401', async (_, forge) => {
    const { newKey, status } = await start()
    const { token } = await newKey()
    expect(await status(forge(token))).toBe(401)
  })

  it.each(['Basic', 'Token', ''])('the scheme %j is 401', async (scheme) => {
    const { newKey, send } = await start()
    const { token } = await newKey()
    const answer = await send({ path: '/jobs', headers: { authorization: `${scheme} ${token}`.trim() } })
    expect(answer.status).toBe(401)
  })

  it('stop at the next request once they are disabled, for ever', async () => {
    const { newKey, status, as, chain } = await start()
    const { id, token } = await newKey()
    for (const _ of [1, 2]) {
      const { status: done, json } = await as('carol')('DELETE', `/principals/pr-alice/api-keys/${id}`)
      expect([done, typeof json.disabled_at]).toEqual([200, 'string'])
    }
    expect(await status(token)).toBe(401)
    const types = (await chain('pr-alice')).map(({ type }) => type)
    expect(types.filter((type) => type === 'api_key_disabled')).toHaveLength(1)
    const rotated = await as('carol')('POST', `/principals/pr-alice/api-keys/${id}/rotate`, {})
    expect(rotated.status).toBe(409)
  })

  it('stop at the instant they expire', async () => {
    const { world, newKey, status } = await start()
    const { token } = await newKey({ expires_at: '2026-03-01T12:01:00Z' })
    world.pass(59)
    expect(await status(token)).toBe(200)
    world.pass(1)
    expect(await status(token)).toBe(401)
  })

  it('cannot be made expired, for nobody, or for one who is disabled', async () => {
    const { as } = await start()
    const past = await as('carol')('POST', '/principals/pr-alice/api-keys', {
      expires_at: '2026-03-01T12:00:00Z',
    })
    expect([past.status, past.json.violations[0].pointer]).toEqual([400, '/expires_at'])
    expect((await as('carol')('POST', '/principals/pr-nobody/api-keys', {})).status).toBe(404)
    const gone = { name: 'alice', email: null, roles: [], status: 'disabled' }
    expect((await as('carol')('PUT', '/principals/pr-alice', gone)).status).toBe(200)
    const dead = await as('carol')('POST', '/principals/pr-alice/api-keys', {})
    expect([dead.status, dead.json.code]).toEqual([409, 'principal_disabled'])
  })

  it('are at most twenty at a time; a disabled one makes room', async () => {
    const { newKey, as } = await start()
    const made = []
    for (let n = 0; n < 19; n += 1) made.push(await newKey())
    const full = await as('carol')('POST', '/principals/pr-alice/api-keys', {})
    expect([full.status, full.json.code]).toEqual([409, 'too_many_keys'])
    await as('carol')('DELETE', `/principals/pr-alice/api-keys/${made[0]?.id}`)
    expect((await as('carol')('POST', '/principals/pr-alice/api-keys', {})).status).toBe(201)
  })

  it('rotate: old and new work together for as long as asked, then only the new', async () => {
    const { world, newKey, status, as } = await start()
    const old = await newKey()
    const path = `/principals/pr-alice/api-keys/${old.id}/rotate`
    const { json } = await as('carol')('POST', path, { overlap: 'PT1H' })
    expect([await status(old.token), await status(json.token)]).toEqual([200, 200])
    world.pass(3600)
    expect([await status(old.token), await status(json.token)]).toEqual([401, 200])
  })

  it('rotation never lengthens the life of the old key', async () => {
    const { world, newKey, status, as } = await start()
    const old = await newKey({ expires_at: '2026-03-01T12:10:00Z' })
    await as('carol')('POST', `/principals/pr-alice/api-keys/${old.id}/rotate`, { overlap: 'P30D' })
    world.pass(600)
    expect(await status(old.token)).toBe(401)
  })

  it('are rotated by their own principal, whatever their roles, and those of others by an admin alone', async () => {
    const { send, newKey, as } = await start()
    const old = await newKey()
    const path = `/principals/pr-alice/api-keys/${old.id}/rotate`
    const own = await send({ method: 'POST', path, token: old.token, body: {} })
    expect(own.status).toBe(201)
    for (const name of ['bob', 'dave', 'frank'] as const)
      expect((await as(name)('POST', path, {})).status).toBe(403)
  })

  it('tell the hour of their last use, and write once an hour, not once a request', async () => {
    const { world, newKey, status, as } = await start()
    const { id, token } = await newKey()
    const lastUse = async () => {
      const { json } = await as('carol')('GET', '/principals/pr-alice/api-keys')
      return json.find((key: { id: string }) => key.id === id).last_used_at
    }
    expect(await lastUse()).toBe(null)
    const writes = () => world.table.calls.transact ?? 0
    const counted = async (requests: number) => {
      const before = writes()
      for (let n = 0; n < requests; n += 1) await status(token)
      return writes() - before
    }
    expect(await counted(25)).toBe(1)
    expect(await lastUse()).toBe('2026-03-01T12:00:00.000Z')
    world.pass(3600)
    expect(await counted(25)).toBe(1)
    expect(await lastUse()).toBe('2026-03-01T13:00:00.000Z')
  })

  it('a request costs three calls of the table once its key is on record for the hour', async () => {
    const world = await makeFurnishedWorld()
    const { as } = await behindHttp(world)
    const ask = () =>
      as('alice')('POST', '/certificates', { profile_id: 'p-dev-web', csr: csrFor('a.example.com') })
    await ask()
    const total = () => Object.values(world.table.calls).reduce((sum, count) => sum + count, 0)
    const before = total()
    await ask()
    expect(total() - before).toBe(3)
  })
})

describe('Principals', () => {
  it('begin without roles and without credentials', async () => {
    const { as } = await start()
    const { json } = await as('carol')('POST', '/principals', { kind: 'service', name: 'pipeline' })
    expect(json).toMatchObject({ roles: [], email: null, status: 'active', version: 1 })
    expect((await as('carol')('GET', `/principals/${json.id}/api-keys`)).json).toEqual([])
    const again = { id: json.id, kind: 'service', name: 'pipeline' }
    expect((await as('carol')('POST', '/principals', again)).json.code).toBe('already_exists')
  })

  it.each([
    ['a status', { status: 'disabled' }],
    ['a version', { version: 7 }],
    ['a role that is none', { roles: ['root'] }],
    ['a team whose name is none', { teams: ['Web Team'] }],
    ['an address that is none', { email: 'nobody' }],
  ])('cannot be made with %s', async (_, part) => {
    const { as } = await start()
    const { status } = await as('carol')('POST', '/principals', { kind: 'person', name: 'x', ...part })
    expect(status).toBe(400)
  })

  it('lose what a role gave at their next request, and everything when they are disabled', async () => {
    const { as, tokens, status } = await start()
    const edit = { name: 'dave', email: 'dave@example.com', roles: ['viewer'], status: 'active' }
    expect((await as('dave')('GET', '/audit')).status).toBe(200)
    await as('carol')('PUT', '/principals/pr-dave', edit)
    expect((await as('dave')('GET', '/audit')).status).toBe(403)
    await as('carol')('PUT', '/principals/pr-dave', { ...edit, status: 'disabled' })
    expect(await status(tokens.dave)).toBe(401)
    await as('carol')('PUT', '/principals/pr-dave', edit)
    expect(await status(tokens.dave)).toBe(200)
  })

  it('are in the teams that the last change names, and in no other', async () => {
    const { as, chain } = await start()
    const edit = { name: 'dave', email: null, roles: ['auditor'], status: 'active' }
    await as('carol')('PUT', '/principals/pr-dave', { ...edit, teams: ['security'] })
    const joined = await as('carol')('PUT', '/principals/pr-dave', { ...edit, teams: ['web', 'security'] })
    expect(joined.json.teams).toEqual(['web', 'security'])
    expect((await as('carol')('PUT', '/principals/pr-dave', edit)).json.teams).toEqual([])
    const changes = (await chain('pr-dave')) as readonly { details?: unknown }[]
    const details = changes.slice(-2).map((change) => change.details)
    expect(details).toMatchObject([
      { joined: ['web'], left: [] },
      { joined: [], left: ['web', 'security'] },
    ])
    expect((await as('alice')('PUT', '/principals/pr-dave', { ...edit, teams: ['web'] })).status).toBe(403)
  })

  it('do not change themselves: no admin makes an approver of themselves, or locks everybody out', async () => {
    const { as } = await start()
    for (const part of [{ roles: ['admin', 'approver'] }, { roles: [] }, { status: 'disabled' }]) {
      const edit = { name: 'carol', email: null, roles: ['admin'], status: 'active', ...part }
      const { status, json } = await as('carol')('PUT', '/principals/pr-carol', edit)
      expect([status, json.code]).toEqual([403, 'forbidden'])
    }
  })

  it('two admins who disable each other at once: one is left', async () => {
    const { world, as, send } = await start()
    const actor = { id: 'system-setup', type: 'System' } as const
    const about = { kind: 'person', name: 'z', email: null, roles: ['admin'] } as const
    const other = await createPrincipal(world, actor, { ...about, roles: [...about.roles] })
    const { token } = await createApiKey(world, actor, { principal_id: other.id, expires_at: null })
    const gone = { name: 'x', email: null, roles: [], status: 'disabled' }
    const [first, second] = await Promise.all([
      as('carol')('PUT', `/principals/${other.id}`, gone),
      send({ method: 'PUT', path: '/principals/pr-carol', token, body: gone }),
    ])
    const codes = [first?.status, second?.status]
    expect(codes.filter((code) => code === 200)).toHaveLength(1)
  })

  it('an edit against another version is 412', async () => {
    const { as } = await start()
    const edit = { name: 'a', email: null, roles: [], status: 'active' }
    const tag = { 'if-match': '"v1"' }
    expect((await as('carol')('PUT', '/principals/pr-alice', edit, tag)).status).toBe(200)
    expect((await as('carol')('PUT', '/principals/pr-alice', edit, tag)).json.code).toBe(
      'precondition_failed',
    )
  })

  it('have a chain of events, one for each change, that holds and says who did it', async () => {
    const { world, newKey, as, chain } = await start()
    const { id } = await newKey()
    await as('carol')('POST', `/principals/pr-alice/api-keys/${id}/rotate`, {})
    await as('carol')('DELETE', `/principals/pr-alice/api-keys/${id}`)
    const subject = { issuer: 'https://id.example.com', subject: 'alice' }
    const added = await as('carol')('POST', '/principals/pr-alice/oidc-subjects', subject)
    expect((await as('carol')('POST', '/principals/pr-dave/oidc-subjects', subject)).status).toBe(409)
    await as('carol')('DELETE', `/principals/pr-alice/oidc-subjects/${added.json.id}`)
    expect((await as('carol')('POST', '/principals/pr-dave/oidc-subjects', subject)).status).toBe(201)
    await as('carol')('PUT', '/principals/pr-alice', {
      name: 'alice',
      email: null,
      roles: ['operator', 'viewer'],
      status: 'active',
    })
    const events = await chain('pr-alice')
    expect(events.map(({ type, actor }) => `${type} ${actor}`)).toEqual([
      'principal_created system-setup',
      'api_key_created system-setup',
      'api_key_created pr-carol',
      'api_key_created pr-carol',
      'api_key_disabled pr-carol',
      'oidc_subject_added pr-carol',
      'oidc_subject_disabled pr-carol',
      'principal_changed pr-carol',
    ])
    expect(isUnbroken('pr-alice', events as never)).toBe(true)
    const [last] = events.slice(-1) as unknown as {
      details: { granted: string[]; sensitive_roles: string[] }
    }[]
    expect(last?.details).toMatchObject({ granted: ['viewer'], sensitive_roles: [] })
    expect(world.table.rows.size).toBeGreaterThan(0)
  })

  it('twenty changes at once: each is stored with its event, or refused', async () => {
    const { as, chain } = await start()
    const edit = (n: number) => ({ name: `alice ${n}`, email: null, roles: [], status: 'active' })
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => as('carol')('PUT', '/principals/pr-alice', edit(n))),
    )
    const done = answers.filter(({ status }) => status === 200).length
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true)
    const events = await chain('pr-alice')
    expect(events.filter(({ type }) => type === 'principal_changed')).toHaveLength(done)
    expect(isUnbroken('pr-alice', events as never)).toBe(true)
  })
})

describe('Every 401 of somebody known', () => {
  it('is an event: as theirs where the secret was right, as ours where only the name was', async () => {
    const { world, newKey, as, send, chain } = await start()
    const { id, token } = await newKey()
    await send({ path: '/jobs', token: `${token.slice(0, -43)}${'A'.repeat(43)}` })
    world.pass(1)
    await as('carol')('DELETE', `/principals/pr-alice/api-keys/${id}`)
    await send({ path: '/jobs', token })
    await send({ path: '/jobs', token: 'cs_nobody-00000000_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' })
    const { json } = await as('dave')('GET', '/audit?action=access_refused')
    expect(
      json.map(({ actor, resource, details }: { actor: string; resource: string; details: object }) => ({
        actor,
        resource,
        ...details,
      })),
    ).toEqual([
      {
        actor: 'system-api',
        resource: 'pr-alice',
        code: 'unauthenticated',
        credential_id: id,
        reason: 'wrong secret',
        operation: 'listJobs',
        instance: expect.any(String),
      },
      {
        actor: 'pr-alice',
        resource: 'pr-alice',
        code: 'unauthenticated',
        credential_id: id,
        reason: 'key disabled',
        operation: 'listJobs',
        instance: expect.any(String),
      },
    ])
    expect((await chain('pr-alice')).some(({ type }) => type === 'access_refused')).toBe(false)
    expect(world.table.rows.size).toBeGreaterThan(0)
  })
})

describe('Keys and tokens', () => {
  it('appear in nothing that a full run stored, logged or answered, but once to whom they were made for', async () => {
    const world = await makeFurnishedWorld()
    const { as, send, tokens } = await behindHttp(world)
    const secrets: string[] = Object.values(tokens)
    const texts: string[] = []
    const say = async (...asked: Parameters<ReturnType<typeof as>>) => {
      const answer = await as('carol')(...asked)
      texts.push(answer.text)
      return answer
    }
    const key = { 'idempotency-key': 'k' }
    const made = await as('carol')('POST', '/principals/pr-alice/api-keys', {}, key)
    const rotated = await as('carol')('POST', `/principals/pr-alice/api-keys/${made.json.id}/rotate`, {}, key)
    const again = await as('carol')('POST', `/principals/pr-alice/api-keys/${made.json.id}/rotate`, {})
    secrets.push(made.json.token, again.json.token)
    expect(rotated.status).toBe(409)
    for (const token of [...secrets, 'not.a.token', `${made.json.token}x`]) {
      texts.push((await send({ path: '/jobs', token })).text)
      texts.push((await send({ method: 'POST', path: '/principals', token, raw: token })).text)
      texts.push((await send({ path: `/audit?cursor=${token}`, token })).text)
    }
    await say('GET', '/principals')
    await say('GET', '/principals/pr-alice/api-keys')
    await say('GET', '/audit?limit=200')
    await say('GET', '/audit/export')
    await as('alice')('POST', '/certificates', { profile_id: 'p-dev-web', csr: csrFor('x.example.com') })
    await world.drain()
    const everything = [JSON.stringify([...world.table.rows.values()]), ...logged, ...texts].join('\n')
    for (const secret of secrets) expect(everything).not.toContain(secret.slice(-43))
    expect(everything).not.toMatch(/"authorization"|Bearer cs_/)
  })
})
