import { beforeEach, describe, expect, it } from 'vitest'
import { items, keys } from '../../../lib/aws/table.ts'
import { gatherEvidence } from '../../../lib/flows/gather-evidence.ts'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { verifyEvidence } from '../../../lib/flows/verify-evidence.ts'
import { sha256 } from '../../../lib/model/digest.ts'
import { evidenceBundle } from '../../../lib/model/evidence.ts'
import type { Principal } from '../../../lib/model/principal.ts'
import { behindHttp, type HttpAnswer } from '../../support/http-world.ts'
import { csrFor, environment, makeFurnishedWorld, receiptKeys, type World } from '../../support/world.ts'

const secret = 'S'.repeat(43)
const secret_sha256 = sha256(secret)
const grace = { id: 'pr-grace', kind: 'person', name: 'Grace', email: 'grace@example.com' }

let world: World
let http: Awaited<ReturnType<typeof behindHttp>>

beforeEach(async () => {
  world = await makeFurnishedWorld()
  http = await behindHttp(world)
})

const carol = (method: string, path: string, body?: object, headers?: Record<string, string>) =>
  http.as('carol')(method, path, body, headers)

const approved = async ({ json }: HttpAnswer, by: 'bob' | 'erin' = 'bob'): Promise<string> => {
  const { status } = await http.as(by)('POST', `/approvals/${json.approval.id}/approve`, {})
  expect(status).toBe(200)
  await world.drain()
  return (await world.jobOf(json.job.id)).job.status
}

const principalOf = async (id: string): Promise<Principal | undefined> =>
  (await world.principals.get(id))?.principal

/** Grace as an approver with a key of her own, all of it approved by bob. */
const makeGrace = async (): Promise<string> => {
  expect(await approved(await carol('POST', '/principals', { ...grace, roles: ['approver'] }))).toBe(
    'Completed',
  )
  const asked = await carol('POST', '/principals/pr-grace/api-keys', { secret_sha256 })
  expect(await approved(asked)).toBe('Completed')
  const { content } = await world.jobOf(asked.json.job.id)
  if (content.type !== 'PrincipalChange' || content.operation !== 'add_api_key') throw new Error('no key')
  return `cs_${content.key.id}_${secret}`
}

const requested = async () => {
  const body = { profile_id: 'p-prod-web', csr: csrFor('www.example.com') }
  const { json } = await http.as('alice')('POST', '/certificates', body)
  return { job_id: json.job.id, approval_id: json.approval.id, certificate_id: json.certificate.id }
}

/** What came of a request that this credential approved. */
const outcome = async (token: string) => {
  const { job_id, approval_id, certificate_id } = await requested()
  const before = world.signatures.length
  const path = `/approvals/${approval_id}/approve`
  const { status } = await http.send({ method: 'POST', path, token, body: {} })
  await world.drain()
  const { job } = await world.jobOf(job_id)
  const signed = world.signatures.length - before
  return { answered: status, signed, status: job.status, message: job.error_message, certificate_id }
}

const as = (id: string, edit: object) => {
  const name = id.replace('pr-', '')
  return { name, email: `${name}@example.com`, roles: [], status: 'active', ...edit }
}

const conferring: readonly (readonly [string, string, string, object])[] = [
  ['making an approver', 'POST', '/principals', { ...grace, roles: ['approver'] }],
  ['making an admin', 'POST', '/principals', { ...grace, roles: ['admin', 'viewer'] }],
  [
    'making an operator an approver',
    'PUT',
    '/principals/pr-alice',
    as('pr-alice', { roles: ['operator', 'approver'] }),
  ],
  [
    'making an approver an admin',
    'PUT',
    '/principals/pr-bob',
    as('pr-bob', { roles: ['approver', 'admin'] }),
  ],
  [
    'giving an approver a role besides',
    'PUT',
    '/principals/pr-bob',
    as('pr-bob', { roles: ['approver', 'viewer'] }),
  ],
  [
    'giving an approver another name',
    'PUT',
    '/principals/pr-bob',
    as('pr-bob', { name: 'Robert', roles: ['approver'] }),
  ],
  [
    'giving an approver another address',
    'PUT',
    '/principals/pr-bob',
    as('pr-bob', { email: 'x@example.com', roles: ['approver'] }),
  ],
  [
    'giving an approver a team',
    'PUT',
    '/principals/pr-bob',
    as('pr-bob', { roles: ['approver'], teams: ['web'] }),
  ],
  ['a key for an approver', 'POST', '/principals/pr-bob/api-keys', { secret_sha256 }],
  ['a key for an admin', 'POST', '/principals/pr-carol/api-keys', { secret_sha256 }],
  [
    'a subject for an approver',
    'POST',
    '/principals/pr-bob/oidc-subjects',
    { issuer: 'https://id.example.com', subject: 'b' },
  ],
]

describe('What makes a second person', () => {
  it.each(conferring)('takes one: %s', async (_, method, path, body) => {
    const before = JSON.stringify(
      [...world.table.rows].filter(([, { pk }]) => /^(PRINC|SUBJ)/.test(String(pk))),
    )
    const answer = await carol(method, path, { ...body, reason: 'SECOPS-1' })
    expect([answer.status, answer.json.job.type, answer.json.job.status]).toEqual([
      202,
      'PrincipalChange',
      'AwaitingApproval',
    ])
    await world.drain()
    const rows = JSON.stringify(
      [...world.table.rows].filter(([, { pk }]) => /^(PRINC|SUBJ)/.test(String(pk))),
    )
    expect(rows).toBe(before)
    const own = await carol('POST', `/approvals/${answer.json.approval.id}/approve`, {})
    expect([own.status, own.json.code]).toEqual([403, 'two_person_integrity'])
    expect(await approved(answer, 'erin')).toBe('Completed')
    const { events } = await world.jobOf(answer.json.job.id)
    expect(events.map(({ type }) => type)).toEqual([
      'principal_change_requested',
      'approval_requested',
      'approval_refused',
      'approval_approved',
      'principal_changed',
    ])
  })

  it('is shown to the approver field by field, and by a line that says who', async () => {
    const edit = as('pr-alice', { roles: ['operator', 'approver'], teams: ['web'] })
    const { json } = await carol('PUT', '/principals/pr-alice', edit)
    const shown = await http.as('bob')('GET', `/approvals/${json.approval.id}`)
    expect(shown.json.difference).toEqual([
      { pointer: '/roles', before: ['operator'], after: ['operator', 'approver'] },
    ])
    expect(shown.json.summary).toBe(
      'change pr-alice, person alice <alice@example.com>: operator in web becomes operator, approver in web',
    )
  })

  it('is not whom it is about: nobody approves their own promotion or their own key', async () => {
    const { json } = await carol('POST', '/principals/pr-bob/api-keys', { secret_sha256 })
    const own = await http.as('bob')('POST', `/approvals/${json.approval.id}/approve`, {})
    expect([own.status, own.json.code]).toEqual([403, 'two_person_integrity'])
  })

  it('is needed to bring back an approver who was disabled, and to disable one is not', async () => {
    const gone = as('pr-bob', { roles: ['approver'], status: 'disabled' })
    expect((await carol('PUT', '/principals/pr-bob', gone)).status).toBe(200)
    expect((await http.as('bob')('GET', '/jobs')).status).toBe(401)
    const back = await carol('PUT', '/principals/pr-bob', { ...gone, status: 'active' })
    expect(back.status).toBe(202)
    expect((await http.as('bob')('GET', '/jobs')).status).toBe(401)
    expect(await approved(back, 'erin')).toBe('Completed')
    expect((await http.as('bob')('GET', '/jobs')).status).toBe(200)
  })

  it('is not needed to take a role away; to give it again is', async () => {
    const less = as('pr-frank', { roles: ['operator'] })
    expect((await carol('PUT', '/principals/pr-frank', less)).status).toBe(200)
    expect(await principalOf('pr-frank')).toMatchObject({ roles: ['operator'], granted_by: null })
    const more = await carol(
      'PUT',
      '/principals/pr-frank',
      as('pr-frank', { roles: ['operator', 'approver'] }),
    )
    expect(more.status).toBe(202)
  })

  it('is needed for everybody’s own new key, too, where they are approvers', async () => {
    const [key] = await world.principals.apiKeys('pr-bob')
    const path = `/principals/pr-bob/api-keys/${key?.id}/rotate`
    const without = await http.as('bob')('POST', path, {})
    expect([without.status, without.json.violations[0].pointer]).toEqual([400, '/secret_sha256'])
    const answer = await http.as('bob')('POST', path, { secret_sha256, overlap: 'PT1H' })
    expect(answer.status).toBe(202)
    expect(await approved(answer, 'erin')).toBe('Completed')
    world.pass(3600)
    expect((await http.as('bob')('GET', '/jobs')).status).toBe(401)
  })

  it('nobody’s else: of other keys we make the secret', async () => {
    const { status, json } = await carol('POST', '/principals/pr-alice/api-keys', { secret_sha256 })
    expect([status, json.violations[0].pointer]).toEqual([400, '/secret_sha256'])
  })

  it('asked for twice under one Idempotency-Key is one job', async () => {
    const key = { 'idempotency-key': 'once' }
    const body = { ...grace, roles: ['approver'] }
    const [first, again] = [
      await carol('POST', '/principals', body, key),
      await carol('POST', '/principals', body, key),
    ]
    expect(again.text).toBe(first.text)
    expect((await carol('POST', '/principals', { ...body, name: 'G' }, key)).status).toBe(409)
  })

  it('may take back a request, whatever their role', async () => {
    const [key] = await world.principals.apiKeys('pr-bob')
    const path = `/principals/pr-bob/api-keys/${key?.id}/rotate`
    const { json } = await http.as('bob')('POST', path, { secret_sha256 })
    expect((await http.as('bob')('POST', `/approvals/${json.approval.id}/withdraw`, {})).status).toBe(200)
  })
})

describe('A grant that was approved', () => {
  it.each([
    ['the principal', 'PUT', '/principals/pr-frank', as('pr-frank', { roles: ['approver'] })],
    ['a key of theirs', 'POST', '/principals/pr-frank/api-keys', { secret_sha256 }],
    [
      'a subject of theirs',
      'POST',
      '/principals/pr-frank/oidc-subjects',
      { issuer: 'https://id.example.com', subject: 'f' },
    ],
  ])('fails cleanly where %s was asked for of somebody who changed since', async (_, method, path, body) => {
    const less = as('pr-frank', { roles: ['approver'] })
    const answer = await carol(method, path, method === 'PUT' ? { ...body, name: 'Francis' } : body)
    expect(answer.status).toBe(202)
    expect((await carol('PUT', '/principals/pr-frank', less)).status).toBe(200)
    expect(await approved(answer)).toBe('Failed')
    const { job } = await world.jobOf(answer.json.job.id)
    expect(job.error_message).toBe('the principal was changed since this was asked')
    expect(await principalOf('pr-frank')).toMatchObject({ name: 'frank', version: 2 })
  })

  it('of two for one new principal, the first is carried out', async () => {
    const body = { ...grace, roles: ['approver'] }
    const answers = [await carol('POST', '/principals', body), await carol('POST', '/principals', body)]
    const [first, second] = [
      await approved(answers[0] as HttpAnswer),
      await approved(answers[1] as HttpAnswer),
    ]
    expect([first, second]).toEqual(['Completed', 'Failed'])
  })

  it('makes an approver whose word is signed on, with a key that was dead before, and the evidence proves it', async () => {
    const asked = await carol('POST', '/principals', { ...grace, roles: ['approver'] })
    await approved(asked)
    const wanted = await carol('POST', '/principals/pr-grace/api-keys', { secret_sha256 })
    const { json: shown } = await http.as('bob')('GET', `/approvals/${wanted.json.approval.id}`)
    const token = `cs_${shown.content.key.id}_${secret}`
    expect((await http.send({ path: '/jobs', token })).status).toBe(401)
    await approved(wanted)
    const { certificate_id, ...rest } = await outcome(token)
    expect(rest).toEqual({ answered: 200, signed: 1, status: 'Completed', message: null })
    const bundle = evidenceBundle.parse(
      JSON.parse(JSON.stringify(await gatherEvidence(world, certificate_id, 1))),
    )
    expect(bundle.people_made_by).toHaveLength(2)
    const verify = receiptVerifier(receiptKeys, environment)
    expect(verifyEvidence(bundle, verify)).toEqual([])
    for (const at of [0, 1]) {
      const people_made_by = bundle.people_made_by.filter((_, index) => index !== at)
      expect(verifyEvidence({ ...bundle, people_made_by }, verify)).not.toEqual([])
    }
    const more = [...bundle.people_made_by, bundle.issued_by]
    expect(verifyEvidence({ ...bundle, people_made_by: more }, verify).join()).toContain('vouches for nobody')
  })

  it('costs the signer a read for each job and each founder behind whoever decided, and for each who did', async () => {
    const reads = () => (world.table.calls.partition ?? 0) + (world.table.calls.getAll ?? 0)
    const cost = async (token: string) => {
      const { job_id, approval_id } = await requested()
      await http.send({ method: 'POST', path: `/approvals/${approval_id}/approve`, token, body: {} })
      const before = reads()
      await world.issue(job_id)
      return reads() - before
    }
    const founder = await cost(http.tokens.bob)
    const granted = await cost(await makeGrace())
    expect([founder, granted]).toEqual([5, 8])
  })
})

/** What somebody can do who writes the rows of people, as the function that administers may. */
describe('An approver who was written into the table by hand', () => {
  const write = (who: Principal): void => world.table.write(items.principal(who))
  const mallory: Principal = {
    id: 'pr-mallory',
    version: 1,
    kind: 'person',
    name: 'Mallory',
    email: null,
    roles: ['approver'],
    teams: [],
    status: 'active',
    created_at: '2026-03-01T12:00:00.000Z',
    granted_by: null,
  }
  const writeKey = (principal_id: string, granted_by: string | null, id = 'mallory-00000000'): string => {
    const created_at = mallory.created_at
    const key = {
      id,
      principal_id,
      secret_sha256,
      created_at,
      expires_at: null,
      disabled_at: null,
      granted_by,
    }
    world.table.write(items.apiKey(key))
    return `cs_${id}_${secret}`
  }

  it('decides nothing where nothing vouches for them or for their key', async () => {
    write(mallory)
    expect(await outcome(writeKey('pr-mallory', null))).toMatchObject({ answered: 403, signed: 0 })
    write({ ...mallory, granted_by: 'bootstrap' })
    expect(await outcome(writeKey('pr-mallory', null))).toMatchObject({ answered: 403, signed: 0 })
  })

  it('is believed by no signer as somebody who was there first', async () => {
    write({ ...mallory, granted_by: 'bootstrap' })
    const { answered, signed, status, message } = await outcome(writeKey('pr-mallory', 'bootstrap'))
    expect({ answered, signed, status }).toEqual({ answered: 200, signed: 0, status: 'Failed' })
    expect(message).toContain('pr-mallory is no such founder of this deployment')
  })

  it('is believed by no signer as whom an honest grant made', async () => {
    await makeGrace()
    const granted_by = (await principalOf('pr-grace'))?.granted_by ?? null
    write({ ...mallory, granted_by })
    const { signed, message } = await outcome(writeKey('pr-mallory', granted_by))
    expect(signed).toBe(0)
    expect(message).toContain('does not make pr-mallory such an approver')
  })

  it('is not another approver by a key of their own for that one', async () => {
    const { signed, message } = await outcome(writeKey('pr-bob', 'bootstrap', 'bob-00000000'))
    expect(signed).toBe(0)
    expect(message).toContain('the credential bob-00000000 is not one of pr-bob')
  })

  it('is not another approver by another secret for a key of that one', async () => {
    await makeGrace()
    const [key] = await world.principals.apiKeys('pr-grace')
    if (key === undefined) throw new Error('no key')
    const other = 'T'.repeat(43)
    world.table.write(items.apiKey({ ...key, secret_sha256: sha256(other) }))
    const { signed, message } = await outcome(`cs_${key.id}_${other}`)
    expect(signed).toBe(0)
    expect(message).toContain(`the credential ${key.id} is not one of pr-grace`)
  })

  it('is not an honest approver under another name, which would make the owner of a request a stranger', async () => {
    const token = await makeGrace()
    const found = await principalOf('pr-grace')
    if (found === undefined) throw new Error('no principal')
    write({ ...found, name: 'Somebody', email: null })
    const { signed, message } = await outcome(token)
    expect(signed).toBe(0)
    expect(message).toContain('does not make pr-grace such an approver')
  })

  it('does not vouch for themselves: the job that makes them an approver, approved by themselves', async () => {
    const { json } = await carol('POST', '/principals', {
      ...grace,
      id: 'pr-mallory',
      name: 'Mallory',
      email: null,
      roles: ['approver'],
    })
    const id = json.job.id
    write({ ...mallory, granted_by: id })
    const token = writeKey('pr-mallory', id)
    // Not the owner's own word: that is refused before. Under another id, the job would not make them one.
    const own = await http.send({
      method: 'POST',
      path: `/approvals/${json.approval.id}/approve`,
      token,
      body: {},
    })
    expect(own.status).toBe(403)
  })

  it('of two who vouch for each other, neither is believed', async () => {
    const ids = ['pr-mallory', 'pr-trent'] as const
    const grants = new Map<string, string>()
    for (const id of ids) {
      const body = { ...grace, id, name: id, email: null, roles: ['approver'] }
      grants.set(id, (await carol('POST', '/principals', body)).json.job.id)
    }
    const granting = (id: string): string => grants.get(id) ?? ''
    const tokens = new Map<string, string>()
    for (const id of ids) {
      write({ ...mallory, id, name: id, granted_by: granting(id) })
      tokens.set(id, writeKey(id, granting(id), `${id.replace('pr-', '')}-00000000`))
    }
    for (const [id, other] of [ids, [...ids].reverse()]) {
      const path = `/approvals/${granting(String(id)).replace('job-', 'ar-')}/approve`
      const token = tokens.get(String(other)) ?? ''
      expect((await http.send({ method: 'POST', path, token, body: {} })).status).toBe(200)
    }
    for (const row of [...world.table.rows.values()])
      if (row.sk === 'PRINCIPAL' && ids.some((id) => row.pk === keys.principal(id).pk))
        expect(row.roles).toEqual(['approver'])
    await world.drain()
    for (const id of ids) {
      const { job } = await world.jobOf(granting(id))
      expect(job.status).toBe('Failed')
      expect(job.error_message).toMatch(/vouches for a decision, is|vouches for itself|is not one of/)
    }
  })
})
