import { beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../../lib/model/digest.ts'
import { behindHttp } from '../../support/http-world.ts'
import { csrFor, makeFurnishedWorld, type Name, type World } from '../../support/world.ts'

const secret_sha256 = sha256('S'.repeat(43))
const csr = csrFor('www.example.com')

let world: World
let http: Awaited<ReturnType<typeof behindHttp>>

/** From here on bob is the only one who approves. */
const bobAlone = (): void => {
  world.become('erin', { roles: ['operator'] })
  world.become('frank', { roles: ['operator'] })
}

beforeEach(async () => {
  world = await makeFurnishedWorld()
  http = await behindHttp(world)
})

const bobsKey = async (): Promise<string> => (await world.principals.apiKeys('pr-bob'))[0]?.id ?? ''

const jobs = (): number => [...world.table.rows.keys()].filter((key) => key.includes('JOB#')).length

describe('What nobody could approve is refused at once, and it is said why:', () => {
  it.each<[string, () => Promise<readonly [Name, string, object]>]>([
    [
      'the only approver’s own new key',
      async () => ['bob', `/principals/pr-bob/api-keys/${await bobsKey()}/rotate`, { secret_sha256 }],
    ],
    [
      'a role for somebody else that the only approver asks for',
      async () => ['bob', '/principals', { kind: 'person', name: 'Grace', roles: ['approver'] }],
    ],
  ])('%s', async (_, request) => {
    bobAlone()
    world.become('bob', { roles: ['approver', 'operator', 'admin'] })
    const [who, path, body] = await request()
    const before = jobs()
    const { status, json } = await http.as(who)('POST', path, body)
    expect([status, json.code]).toEqual([422, 'no_approver'])
    expect(json.detail).toBe(
      'nobody could approve this: stage "approval" lacks 1 of its 1 approvers; pr-bob asks for it or owns it, and does not count',
    )
    expect(jobs()).toBe(before)
  })

  it('but not where somebody else could', async () => {
    world.become('frank', { roles: ['operator'] })
    const rotated = await http.as('bob')('POST', `/principals/pr-bob/api-keys/${await bobsKey()}/rotate`, {
      secret_sha256,
    })
    expect(rotated.status).toBe(202)
  })

  it('and not a certificate, which waits for whoever comes', async () => {
    bobAlone()
    const asked = await http.as('alice')('POST', '/certificates', {
      profile_id: 'p-prod-web',
      csr,
      owner: 'bob',
    })
    expect(asked.status).toBe(202)
    const id = asked.json.approval.id
    expect((await http.as('bob')('POST', `/approvals/${id}/approve`, {})).status).toBe(403)
    world.become('erin', { roles: ['approver'] })
    expect((await http.as('erin')('POST', `/approvals/${id}/approve`, {})).status).toBe(200)
  })

  it('and the answer to a request that was taken before stays what it was', async () => {
    const path = `/principals/pr-bob/api-keys/${await bobsKey()}/rotate`
    const key = { 'idempotency-key': 'once' }
    const first = await http.as('bob')('POST', path, { secret_sha256 }, key)
    expect(first.status).toBe(202)
    bobAlone()
    expect((await http.as('bob')('POST', path, { secret_sha256 }, key)).text).toBe(first.text)
    expect((await http.as('bob')('POST', path, { secret_sha256 })).status).toBe(422)
  })
})
