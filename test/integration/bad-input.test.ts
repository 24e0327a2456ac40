import { beforeAll, describe, expect, it } from 'vitest'
import { items } from '../../lib/aws/table.ts'
import type { Principal, Role } from '../../lib/model/principal.ts'
import { encodePem } from '../../lib/pki/pem.ts'
import { writeRow } from '../support/live-jobs.ts'
import { disabledKeyOf, expiredKeyOf, keyOf, newPerson } from '../support/live-people.ts'
import {
  csrFor,
  type Gated,
  issueUngated,
  newHostName,
  requestGated,
  type Ungated,
} from '../support/live-requests.ts'
import { commonName, csrOf, dnsNames, extension, extensionRequest } from '../support/pki-csr.ts'
import { openssl } from '../support/pki-openssl.ts'
import { as, stack } from '../support/stack.ts'

type Request = {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is where it is a string; as JSON otherwise. */
  readonly body?: unknown
}

const json = { 'content-type': 'application/json' }

const ask = async (key: string | null, { method = 'POST', path = '/certificates', ...rest }: Request) => {
  const answer = await fetch(`${stack.api_url}/api/v1${path}`, {
    method,
    headers: { ...json, ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...rest.headers },
    ...(rest.body === undefined
      ? {}
      : { body: typeof rest.body === 'string' ? rest.body : JSON.stringify(rest.body) }),
  })
  const text = await answer.text()
  return { status: answer.status, content_type: answer.headers.get('content-type'), text }
}

/** A refusal as RFC 9457 has it, that says nothing of our insides. */
const expectProblem = (answer: Awaited<ReturnType<typeof ask>>, status: number, code: string): void => {
  expect(`${answer.status} ${answer.text}`).toContain(`${status} {`)
  expect(answer.content_type).toBe('application/problem+json')
  const problem = JSON.parse(answer.text)
  expect(problem).toMatchObject({ status, code, type: `urn:countersign:problem:${code}` })
  expect(problem.title).toEqual(expect.any(String))
  expect(problem.detail).toEqual(expect.any(String))
  expect(answer.text).not.toMatch(/node_modules|\.ts:\d|at \w+ \(/)
}

/** What the audit has of a person, but for being turned away. */
const stored = async (who: Principal): Promise<readonly unknown[]> => {
  const events = (await as('dave').get(`/audit?actor=${who.id}`)).json as readonly { type: string }[]
  return events.filter(({ type }) => type !== 'access_refused')
}

const pem = (der: Uint8Array): string => encodePem('CERTIFICATE REQUEST', der)
const named = (...names: readonly Uint8Array[]): string =>
  pem(csrOf({ subject: commonName('a.example.com'), attributes: [extensionRequest(...names)] }))
const asked = (csr: string, more: object = {}) => ({ body: { profile_id: 'p-prod-web', csr, ...more } })
const good = csrFor(newHostName())

const weak = (): string => {
  const files = { 'weak.cnf': '[req]\ndistinguished_name=d\n[d]\n' }
  const { stdout } = openssl(
    files,
    ...['req', '-new', '-newkey', 'rsa:1024', '-nodes', '-keyout', '/dev/null', '-config', 'weak.cnf'],
    ...['-subj', '/CN=weak.example.com', '-addext', 'subjectAltName=DNS:weak.example.com'],
  )
  return stdout
}

const forged = csrOf({
  subject: commonName('a.example.com'),
  attributes: [extensionRequest(dnsNames('a.example.com'))],
  signature: Buffer.from('3006020101020101', 'hex'),
})

const manyNames = (count: number): string =>
  named(dnsNames(...Array.from({ length: count }, (_, n) => `host-number-${n}.example.com`)))

const nested = pem(Buffer.concat(Array.from({ length: 3000 }, (_, n) => header(3000 - n))))

function header(left: number): Uint8Array {
  return Buffer.from([0x30, 0x82, ...[((left - 1) * 4) >> 8, ((left - 1) * 4) & 0xff]])
}

const bare = (value: string): string => Buffer.from(value, 'hex').toString('base64')

const bodies: readonly (readonly [string, Request, number, string])[] = [
  ['what is not JSON', { body: '{"profile_id":' }, 400, 'invalid_body'],
  ['a list', { body: [] }, 400, 'invalid_body'],
  ['a text', { body: '"p-prod-web"' }, 400, 'invalid_body'],
  ['nothing', {}, 400, 'invalid_body'],
  ['no CSR', { body: { profile_id: 'p-prod-web' } }, 400, 'invalid_body'],
  ['an unknown field', asked(good, { status: 'Pending' }), 400, 'invalid_body'],
  ['a field that only we set', asked(good, { issuer_id: 'iss-web' }), 400, 'invalid_body'],
  ['an empty owner', asked(good, { owner: ' ' }), 400, 'invalid_body'],
  ['an owner of another type', asked(good, { owner: 7 }), 400, 'invalid_body'],
  ['an oversize reason', asked(good, { reason: 'x'.repeat(2001) }), 400, 'invalid_body'],
  ['a lifetime that is none', asked(good, { lifetime: 'for ever' }), 400, 'invalid_body'],
  ['a lifetime longer than the profile has', asked(good, { lifetime: 'P91D' }), 422, 'profile_violation'],
  ['an oversize body', asked('x'.repeat(70_000)), 413, 'body_too_large'],
  [
    'another content type',
    { ...asked(good), headers: { 'content-type': 'text/plain' } },
    415,
    'unsupported_media_type',
  ],
  [
    'an ill-formed Idempotency-Key',
    { ...asked(good), headers: { 'idempotency-key': 'x'.repeat(129) } },
    400,
    'invalid_header',
  ],
  ['an unknown query', { ...asked(good), path: '/certificates?dry_run=true' }, 400, 'invalid_query'],
  ['an unknown profile', { body: { profile_id: 'p-nobody', csr: good } }, 404, 'not_found'],
  ['a profile id that is none', { body: { profile_id: '../p-prod-web', csr: good } }, 400, 'invalid_body'],

  ['a CSR that is text', asked('please sign'), 400, 'csr_malformed'],
  [
    'a CSR that is another kind of PEM',
    asked(good.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')),
    400,
    'csr_malformed',
  ],
  ['two CSRs', asked(good + good), 400, 'csr_malformed'],
  ['a CSR that is cut off', asked(bare('3082')), 400, 'csr_malformed'],
  ['a length that overflows', asked(bare('3084ffffffff00')), 400, 'csr_malformed'],
  ['a length of nine octets', asked(bare('3089010000000000000000')), 400, 'csr_malformed'],
  ['an indefinite length', asked(bare('30800000')), 400, 'csr_malformed'],
  ['a CSR nested 3,000 deep', asked(nested), 400, 'csr_malformed'],
  [
    'a CSR with something after it',
    asked(pem(Buffer.concat([csrOf(), Buffer.from([5, 0])]))),
    400,
    'csr_malformed',
  ],
  ['a CSR above 16 KB', asked(manyNames(560)), 413, 'csr_too_large'],
  ['a CSR that is signed by no key', asked(pem(forged)), 400, 'csr_signature_invalid'],
  ['a CSR with an RSA key of 1024 bits', asked(weak()), 400, 'csr_key_refused'],
  [
    'a CSR without a SAN',
    asked(pem(csrOf({ subject: commonName('a.example.com') }))),
    422,
    'profile_violation',
  ],
  [
    'a CSR with an empty SAN',
    asked(named(extension('2.5.29.17', Buffer.from('3000', 'hex')))),
    400,
    'csr_malformed',
  ],
  ['an empty name', asked(named(dnsNames(''))), 400, 'csr_malformed'],
  ['control characters in a name', asked(named(dnsNames('a\u0000.example.com'))), 400, 'csr_malformed'],
  ['a line break in a name', asked(named(dnsNames('a.example.com\n'))), 400, 'csr_malformed'],
  [
    'control characters in the subject',
    asked(pem(csrOf({ subject: commonName('a\u001b[2J') }))),
    400,
    'csr_malformed',
  ],
  ['a name outside the profile', asked(csrFor('www.example.org')), 422, 'profile_violation'],
  ['a name that ends like one of the profile', asked(csrFor('evilexample.com')), 422, 'profile_violation'],
  ['a wildcard', asked(csrFor('*.example.com')), 422, 'profile_violation'],
  [
    'one name outside the profile among good ones',
    asked(csrFor(newHostName(), 'www.example.org')),
    422,
    'profile_violation',
  ],
]

describe('a request for a certificate', () => {
  let operator: Principal
  let key: string
  beforeAll(async () => {
    operator = await newPerson('operator')
    key = await keyOf(operator)
  })

  it.each(bodies)('with %s is refused, and nothing of it is stored', async (_, request, status, code) => {
    expectProblem(await ask(key, request), status, code)
    expect(await stored(operator)).toEqual([])
  })

  it('without any of this is taken, by the same person with the same key', async () => {
    expect((await ask(key, asked(good))).status).toBe(202)
    expect(await stored(operator)).toHaveLength(2)
  })
})

const queries: readonly (readonly [string, string, string])[] = [
  ['/certificates', '?colour=red', 'invalid_query'],
  ['/certificates', '?limit=0', 'invalid_query'],
  ['/certificates', '?limit=201', 'invalid_query'],
  ['/certificates', '?limit=ten', 'invalid_query'],
  ['/certificates', '?status=active', 'invalid_query'],
  ['/certificates', '?expires_before=tomorrow', 'invalid_query'],
  ['/jobs', '?status=pending', 'invalid_query'],
  ['/jobs', '?certificate_id=job-1', 'invalid_query'],
  ['/approvals', '?state=open', 'invalid_query'],
  ['/approvals', '?cursor=%00', 'invalid_query'],
  ['/profiles', '?q=1', 'invalid_query'],
]

const absent: readonly (readonly [string, string])[] = [
  ['GET', '/certificates/mc-nobody'],
  ['GET', '/certificates/mc-nobody/versions'],
  ['GET', '/certificates/mc-nobody/chain.pem'],
  ['POST', '/certificates/mc-nobody/renew'],
  ['POST', '/certificates/mc-nobody/revoke'],
  ['GET', '/certificates/..%2f..%2fjobs'],
  ['GET', '/jobs/job-0000000000000000'],
  ['GET', '/jobs/JOB%23x'],
  ['POST', '/jobs/job-0000000000000000/cancel'],
  ['GET', '/approvals/ar-0000000000000000'],
  ['POST', '/approvals/ar-0000000000000000/withdraw'],
  ['GET', '/profiles/p-nobody'],
  ['GET', '/issuers/iss-nobody'],
  ['GET', '/nothing'],
  ['GET', ''],
  ['POST', '/jobs/job-0000000000000000/approve'],
]

const methods: readonly (readonly [string, string])[] = [
  ['DELETE', '/certificates'],
  ['PATCH', '/certificates'],
  ['PUT', '/certificates/mc-nobody'],
  ['GET', '/approvals/ar-0000000000000000/approve'],
  ['POST', '/approvals'],
]

describe('a path', () => {
  const key = stack.principals.alice.api_key

  it.each(queries)('%s with the query %s is refused', async (path, query, code) => {
    expectProblem(await ask(key, { method: 'GET', path: `${path}${query}` }), 400, code)
  })

  it.each(absent)('%s %s is not there', async (method, path) => {
    expectProblem(await ask(key, { method, path }), 404, 'not_found')
  })

  it.each(methods)('%s %s does not exist in this way', async (method, path) => {
    expectProblem(await ask(key, { method, path }), 405, 'method_not_allowed')
  })
})

describe('who may ask', () => {
  let issued: Ungated
  let waiting: Gated
  beforeAll(async () => {
    issued = await issueUngated()
    waiting = await requestGated()
  })

  const forbidden: readonly (readonly [Role, string, () => Request])[] = [
    ...(['approver', 'auditor', 'viewer'] as const).flatMap((role) => [
      [role, 'request a certificate', () => asked(good)] as const,
      [role, 'renew one', () => ({ path: `/certificates/${issued.certificate_id}/renew` })] as const,
      [role, 'revoke one', () => ({ path: `/certificates/${issued.certificate_id}/revoke` })] as const,
      [role, 'cancel a job', () => ({ path: `/jobs/${waiting.job_id}/cancel` })] as const,
      [role, 'withdraw a request', () => ({ path: `/approvals/${waiting.approval_id}/withdraw` })] as const,
    ]),
    ...(['admin', 'operator', 'auditor', 'viewer'] as const).flatMap((role) => [
      [role, 'approve', () => ({ path: `/approvals/${waiting.approval_id}/approve` })] as const,
      [
        role,
        'reject',
        () => ({ path: `/approvals/${waiting.approval_id}/reject`, body: { note: 'no' } }),
      ] as const,
    ]),
    ...(['operator', 'approver', 'auditor', 'viewer'] as const).flatMap((role) => [
      [role, 'delete a profile', () => ({ method: 'DELETE', path: '/profiles/p-prod-web' })] as const,
      [role, 'change a profile', () => ({ method: 'PUT', path: '/profiles/p-prod-web', body: {} })] as const,
      [role, 'create an issuer', () => ({ path: '/issuers', body: {} })] as const,
    ]),
    ...(['operator', 'approver', 'viewer'] as const).map(
      (role) => [role, 'read the audit', () => ({ method: 'GET', path: '/audit' })] as const,
    ),
  ]
  it.each(forbidden)('is not a person who is only %s and would %s', async (role, _, request) => {
    const person = await newPerson(role)
    expectProblem(await ask(await keyOf(person), request()), 403, 'forbidden')
    expect(await stored(person)).toEqual([])
  })

  const credentials: readonly (readonly [string, () => Promise<string | null>])[] = [
    ['no key', async () => null],
    ['an empty key', async () => ''],
    ['a key that is none', async () => 'secret'],
    [
      'a key with another secret',
      async () => `${stack.principals.alice.api_key.slice(0, -43)}${'A'.repeat(43)}`,
    ],
    ['a key with part of its secret', async () => stack.principals.alice.api_key.slice(0, -1)],
    [
      'the key of somebody else under its own name',
      async () => stack.principals.alice.api_key.replace('cs_alice-', 'cs_bob-'),
    ],
    ['a key that expired yesterday', async () => expiredKeyOf(await newPerson('admin'))],
    ['a key that was disabled', async () => disabledKeyOf(await newPerson('admin'))],
    [
      'the key of a person who was disabled',
      async () => {
        const person = await newPerson('admin')
        const key = await keyOf(person)
        await writeRow(items.principal({ ...person, status: 'disabled' }))
        return key
      },
    ],
  ]
  it.each(credentials)('is nobody with %s', async (_, credential) => {
    const key = await credential()
    for (const request of [
      { method: 'GET' },
      asked(good),
      { path: `/approvals/${waiting.approval_id}/approve` },
    ]) {
      const answer = await ask(key, request)
      expectProblem(answer, 401, 'unauthenticated')
      expect(answer.text).not.toMatch(/expired|disabled/)
    }
  })

  it('is nobody by another scheme', async () => {
    const authorization = `Basic ${Buffer.from(`alice:${stack.principals.alice.api_key}`).toString('base64')}`
    expectProblem(await ask(null, { method: 'GET', headers: { authorization } }), 401, 'unauthenticated')
  })
})

describe('a decision', () => {
  const notes: readonly (readonly [string, string, unknown])[] = [
    ['approve', 'an oversize note', { note: 'x'.repeat(2001) }],
    ['approve', 'an empty note', { note: ' ' }],
    ['approve', 'a note that is no text', { note: 7 }],
    ['approve', 'an unknown field', { quorum: 0 }],
    ['reject', 'no note', {}],
    ['reject', 'an oversize note', { note: 'x'.repeat(2001) }],
  ]
  it.each(notes)('to %s with %s is refused, and decides nothing', async (verdict, _, body) => {
    const { approval_id } = await requestGated()
    const path = `/approvals/${approval_id}/${verdict}`
    expectProblem(await ask(stack.principals.bob.api_key, { path, body }), 400, 'invalid_body')
    const shown = await as('bob').get(`/approvals/${approval_id}`)
    expect(shown.json).toMatchObject({ state: 'pending', decisions: [] })
  })
})
