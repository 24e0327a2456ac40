import { beforeEach, describe, expect, it } from 'vitest'
import { behindHttp, type HttpAnswer } from '../../support/http-world.ts'
import { csrFor, makeFurnishedWorld, type World } from '../../support/world.ts'

/** How many calls to AWS a request takes, authentication included. */
describe('The calls to the table that one request takes', () => {
  let world: World
  let http: Awaited<ReturnType<typeof behindHttp>>

  beforeEach(async () => {
    world = await makeFurnishedWorld()
    http = await behindHttp(world)
    // Whatever a function reads once in its life, it has read by its first request.
    await http.as('alice')('GET', '/profiles')
    await http.as('bob')('GET', '/profiles')
  })

  const counted = async (ask: () => Promise<HttpAnswer>) => {
    const before = { ...world.table.calls }
    const answer = await ask()
    const calls = Object.entries(world.table.calls).map(
      ([name, n]) => [name, n - (before[name] ?? 0)] as const,
    )
    return {
      answer,
      total: calls.reduce((sum, [, n]) => sum + n, 0),
      calls: Object.fromEntries(calls.filter(([, n]) => n > 0)),
    }
  }

  const request = (profile_id = 'p-prod-web') =>
    http.as('alice')('POST', '/certificates', { profile_id, csr: csrFor('www.example.com') })

  it.each(['p-prod-web', 'p-dev-web'])('POST /certificates under %s: three', async (profile_id) => {
    const { answer, total, calls } = await counted(() => request(profile_id))
    expect(answer.status).toBe(202)
    expect(calls).toMatchObject({ transact: 1 })
    expect(total).toBeLessThanOrEqual(3)
  })

  it('POST /certificates with an Idempotency-Key: three', async () => {
    const body = { profile_id: 'p-prod-web', csr: csrFor('www.example.com') }
    const { answer, total } = await counted(() =>
      http.as('alice')('POST', '/certificates', body, { 'idempotency-key': 'k1' }),
    )
    expect(answer.status).toBe(202)
    expect(total).toBeLessThanOrEqual(3)
  })

  it('GET /jobs/{id}: two', async () => {
    const { job } = (await request()).json
    const { answer, total } = await counted(() => http.as('alice')('GET', `/jobs/${job.id}`))
    expect(answer.json.id).toBe(job.id)
    expect(total).toBeLessThanOrEqual(2)
  })

  it.each(['approve', 'reject'])('POST /approvals/{id}/%s: three', async (verdict) => {
    const { approval } = (await request()).json
    const { answer, total, calls } = await counted(() =>
      http.as('bob')('POST', `/approvals/${approval.id}/${verdict}`, { note: 'ticket 7' }),
    )
    expect(answer.status).toBe(200)
    expect(calls).toMatchObject({ transact: 1 })
    expect(total).toBeLessThanOrEqual(3)
  })

  it('GET /approvals: three, however many are waiting: who asks, what is in the list, and those rows', async () => {
    for (let n = 0; n < 30; n += 1) await request()
    const { answer, total } = await counted(() => http.as('bob')('GET', '/approvals?state=pending&limit=30'))
    expect(answer.json).toHaveLength(30)
    expect(total).toBeLessThanOrEqual(3)
  })

  it('a request without a credential: none', async () => {
    const { answer, total } = await counted(() => http.send({ method: 'GET', path: '/jobs' }))
    expect(answer.status).toBe(401)
    expect(total).toBe(0)
  })
})
