import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { changed, jobCompleted } from '../../scripts/local/api.ts'
import type { Name } from '../../scripts/local/seed.ts'
import { carryThrough } from '../support/live-issuers.ts'
import { live, versionsOf } from '../support/live-jobs.ts'
import { newPerson } from '../support/live-people.ts'
import {
  approve,
  csrFor,
  issueUngated,
  newHostName,
  requestGated,
  requestUngated,
  suffix,
} from '../support/live-requests.ts'
import { certified, rootOf } from '../support/pki-chain.ts'
import { keyOf } from '../support/pki-keys.ts'
import { as, stack } from '../support/stack.ts'

/*
 * Ways through the deployed functions that few callers take, each of which
 * needs a right of its own: test/permissions says when one has no test.
 */

const post = async (who: Name, path: string, body: object, key: string) => {
  const answer = await fetch(`${stack.api_url}/api/v1${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${stack.principals[who].api_key}`,
      'content-type': 'application/json',
      'idempotency-key': key,
    },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: await answer.json() }
}

const profile = () => ({
  id: `p-${suffix()}`,
  name: 'Once',
  issuer_id: 'iss-web',
  key_algorithms: ['ECDSA_P256'],
  subject: { allowed: ['CN'] },
  subject_alternative_names: { dns: { domains: ['example.com'] } },
  extended_key_usage: ['serverAuth'],
  validity: { default: 'P30D', max: 'P30D' },
})

type Asked = readonly [Name, string, object]

/** One operation of each function that changes something. */
const operations: readonly (readonly [string, () => Promise<Asked>])[] = [
  [
    'api-submit',
    async () => ['alice', '/certificates', { profile_id: 'p-dev-web', csr: csrFor(newHostName()) }],
  ],
  ['api-rules', async () => ['carol', '/profiles', profile()]],
  [
    'api-decide',
    async () => ['bob', `/approvals/${(await requestGated()).approval_id}/approve`, { note: 'once' }],
  ],
  [
    'api-administer',
    async () => ['carol', '/principals', { kind: 'service', name: `once-${suffix()}`, roles: [] }],
  ],
]

describe('a request with an Idempotency-Key', () => {
  it.each(operations)('is carried out once by %s, and answered alike twice', async (_, operation) => {
    const [who, path, body] = await operation()
    const key = randomUUID()
    const first = await post(who, path, body, key)
    expect(first.status).toBeLessThan(300)
    expect(await post(who, path, body, key)).toEqual(first)
    expect(
      (await post(who, path, { ...body, note: 'another', name: 'another' }, key)).status,
    ).toBeGreaterThan(399)
  })
})

describe('somebody known who may not', () => {
  it.each([
    ['api-read', 'alice', 'GET', '/audit', 'listEvents'],
    ['api-submit', 'dave', 'POST', '/certificates', 'requestCertificate'],
    ['api-rules', 'dave', 'POST', '/profiles', 'createProfile'],
    ['api-administer', 'dave', 'POST', '/principals', 'createPrincipal'],
  ] as const)('is refused by %s, on record', async (_, who, method, path, operation) => {
    expect((await as(who).call(method, path, method === 'GET' ? undefined : {})).status).toBe(403)
    const audit = `/audit?action=access_refused&actor=${stack.principals[who].id}&limit=200`
    const events = await as('dave').get(audit)
    expect(JSON.stringify(events.json)).toContain(`"operation":"${operation}"`)
  })
})

describe('lists', () => {
  it.each([
    '/certificates?status=Active',
    '/certificates?profile_id=p-dev-web',
    '/certificates?owner=pr-alice',
    '/jobs?status=Completed',
    '/audit?action=certificate_issued',
    '/audit?resource=pr-alice',
  ])('%s', async (path) => {
    await as(path.startsWith('/audit') ? 'dave' : 'alice').expect(
      z.array(z.unknown()),
      200,
      as(path.startsWith('/audit') ? 'dave' : 'alice').get(path),
    )
  })
})

describe('a plan of a revocation in bulk', () => {
  it('finds a certificate by its issuer, profile, owner, key and serial number', async () => {
    const { certificate_id } = await issueUngated()
    const [version] = await versionsOf(certificate_id)
    const serial = version?.serial ?? ''
    const spki_sha256 = (await live.serials.get('iss-web', serial))?.spki_sha256 ?? ''
    for (const selection of [
      { issuer_id: 'iss-web' },
      { profile_id: 'p-dev-web' },
      { owner: 'pr-alice' },
      { spki_sha256 },
      { issuer_id: 'iss-web', serials: [serial] },
    ]) {
      const asked = { selection, reason: 'superseded' }
      const { status, json } = await as('carol').post('/revocations/plan', asked)
      expect([selection, status, z.object({ matched: z.int() }).parse(json).matched > 0]).toEqual([
        selection,
        200,
        true,
      ])
    }
  })
})

describe('an issuer', () => {
  it('is asked for by CSR, and another one retired, each by two people', async () => {
    const throughTwo = async (path: string, body: object) => {
      const { job, approval } = await as('carol').expect(changed, 202, as('carol').post(path, body))
      if (approval !== null) await approve(approval.id)
      return jobCompleted(as('carol'), job.id)
    }
    const subject = [{ type: 'CN', value: `CA ${suffix()}` }]
    const [outside, short] = [`iss-${suffix()}`, `iss-${suffix()}`]
    await throughTwo(`/issuers/${outside}/csr`, { name: 'Outside', key: 'issuing', subject })
    expect((await as('carol').get(`/issuers/${outside}/csr`)).status).toBe(200)
    const made = { id: short, name: 'Short', type: 'kms', key: 'issuing', parent_id: 'iss-root' }
    await throughTwo('/issuers', { ...made, subject, lifetime: 'P30D', path_length: 0 })
    await throughTwo(`/issuers/${short}/retire`, {})
    expect((await as('carol').get(`/issuers/${short}`)).json).toMatchObject({ status: 'retired' })
  })

  it('whose parent has a clock that is ahead issues at once, what begins with it', async () => {
    const id = `iss-${suffix()}`
    const named = (value: string) => [{ type: 'CN' as const, value }]
    await carryThrough(`/issuers/${id}/csr`, { name: 'Ahead', key: 'issuing', subject: named(id) })
    const { text: csr } = await as('carol').get(`/issuers/${id}/csr`)
    const begins = new Date(Math.floor(Date.now() / 1000 + 240) * 1000)
    const root = rootOf(named(`Parent of ${id}`), keyOf('ECDSA_P256'), 'ECDSA_SHA_256', begins)
    const certificate = certified(csr, root, { begins }) + root.pem
    await carryThrough(`/issuers/${id}/certificate`, { certificate })
    const made = profile()
    await carryThrough('/profiles', { ...made, issuer_id: id })
    const { certificate_id, job_id } = await requestUngated({ profile_id: made.id })
    await jobCompleted(as('alice'), job_id)
    expect(await versionsOf(certificate_id)).toMatchObject([{ not_before: begins.toISOString() }])
  })
})

describe('a subject of an OIDC issuer', () => {
  it('is mapped to a principal, listed, and disabled', async () => {
    const subject = `subject-${randomBytes(6).toString('hex')}`
    const body = { issuer: 'https://id.example.com', subject }
    const added = await as('carol').post('/principals/pr-alice/oidc-subjects', body)
    expect(added.status).toBe(201)
    const listed = await as('carol').get('/principals/pr-alice/oidc-subjects')
    expect(JSON.stringify(listed.json)).toContain(subject)
    const { id } = z.looseObject({ id: z.string() }).parse(added.json)
    expect((await as('carol').call('DELETE', `/principals/pr-alice/oidc-subjects/${id}`)).status).toBe(200)
  })

  it('is mapped to an approver by two people', async () => {
    const approver = await newPerson('approver')
    const body = { issuer: 'https://id.example.com', subject: `subject-${suffix()}` }
    const path = `/principals/${approver.id}/oidc-subjects`
    const { job, approval } = await as('carol').expect(changed, 202, as('carol').post(path, body))
    await approve(approval?.id ?? '')
    await jobCompleted(as('carol'), job.id)
    expect(JSON.stringify((await as('carol').get(path)).json)).toContain(body.subject)
  })
})
