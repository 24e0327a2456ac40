import { beforeAll, describe, expect, it } from 'vitest'
import { createApiKey } from '../../../lib/flows/create-api-key.ts'
import { createPrincipal } from '../../../lib/flows/create-principal.ts'
import { type OperationId, operations, routes } from '../../../lib/http/routes.ts'
import { roles } from '../../../lib/model/principal.ts'
import { behindHttp, type HttpAnswer } from '../../support/http-world.ts'
import { makeWorld, type World } from '../../support/world.ts'

/** Who may be heard, written down a second time: a row that is not here fails, and so does one that differs. */
const heard: Readonly<Record<OperationId, readonly (typeof roles)[number][] | 'anybody'>> = {
  ...inOne(
    ['admin', 'operator', 'approver', 'auditor', 'viewer'],
    [
      'listCertificates',
      'getCertificate',
      'listCertificateVersions',
      'getCertificateChain',
      'listPlannedRevocations',
      'listPlannedRenewals',
      'listBatchRenewals',
      'listJobs',
      'getJob',
      'listApprovals',
      'getApproval',
      'listProfiles',
      'getProfile',
      'listIssuers',
      'getIssuer',
      'getIssuerCsr',
      'getEvidence',
      'listGrants',
      'getGrant',
      'getRenewal',
      'getRenewalInfo',
      // What more it takes is said by the decision itself, after two-person integrity, …
      'approve',
      'reject',
      // … by the withdrawal of a grant, which whoever owns it may do, …
      'withdrawGrant',
      'withdraw',
      // … and by the rotation, for keys of one's own.
      'rotateApiKey',
      'listDelegations',
      'endDelegation',
    ],
  ),
  ...inOne(
    ['admin', 'operator'],
    [
      'requestCertificate',
      'renewCertificate',
      'planRenewals',
      'renewInBulk',
      'requestGrant',
      'uploadNextCsr',
      'revokeCertificate',
      'rebindCertificate',
      'releaseCertificate',
      'cancelJob',
    ],
  ),
  ...inOne(
    ['admin'],
    [
      'createProfile',
      'changeProfile',
      'deleteProfile',
      'createIssuer',
      'planRevocation',
      'revokeInBulk',
      'requestIssuerCsr',
      'importIssuer',
      'importAuthority',
      'retireIssuer',
      'revokeIssuer',
      'createPrincipal',
      'changePrincipal',
      'createApiKey',
      'disableApiKey',
      'addOidcSubject',
      'disableOidcSubject',
    ],
  ),
  ...inOne(
    ['admin', 'auditor'],
    ['listEvents', 'exportEvents', 'listPrincipals', 'getPrincipal', 'listApiKeys', 'listOidcSubjects'],
  ),
  ...inOne(['approver'], ['giveDelegation']),
  getOpenApi: 'anybody',
  getReceiptKeys: 'anybody',
}

function inOne<Id extends OperationId, What>(what: What, ids: readonly Id[]): Record<Id, What> {
  return Object.fromEntries(ids.map((id) => [id, what])) as Record<Id, What>
}

const pathOf = (id: OperationId): string =>
  operations[id].path
    .replace('/api/v1', '')
    .replace('{number}', '1')
    .replace('{delegation}', `dl-${'0'.repeat(16)}`)
    .replace('{key}', 'nobody-key')
    .replace('{subject}', `sub-${'0'.repeat(32)}`)
    .replace('/certificates/{id}', '/certificates/mc-none')
    .replace('/jobs/{id}', '/jobs/job-000000')
    .replace('/approvals/{id}', '/approvals/ar-000000')
    .replace('/profiles/{id}', '/profiles/p-none')
    .replace('/issuers/{id}', '/issuers/iss-none')
    .replace('/principals/{id}', '/principals/pr-none')

const ids = routes.map(({ operation_id }) => operation_id as OperationId)

describe('Every route, every role', () => {
  let world: World
  let http: Awaited<ReturnType<typeof behindHttp>>
  const tokens = {} as Record<(typeof roles)[number] | 'none', string>

  const ask = (id: OperationId, token: string | null): Promise<HttpAnswer> =>
    http.send({ method: operations[id].method, path: pathOf(id), token })

  beforeAll(async () => {
    world = await makeWorld()
    http = await behindHttp(world)
    const actor = { id: 'system-setup', type: 'System' } as const
    for (const role of [...roles, 'none'] as const) {
      const id = `pr-only${role}`
      const request = { id, kind: 'person', name: role, email: null } as const
      await createPrincipal(world, actor, { ...request, roles: role === 'none' ? [] : [role] })
      tokens[role] = (await createApiKey(world, actor, { principal_id: id, expires_at: null })).token
    }
  })

  it('the table of this test and the table of operations name the same operations', () => {
    expect(Object.keys(heard).sort()).toEqual([...ids].sort())
  })

  it.each(ids)('%s', async (id) => {
    const allowed = heard[id]
    const uncredentialed = [
      await ask(id, null),
      await ask(id, 'cs_alice-00000000_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
      await ask(id, 'eyJhbGciOiJub25lIn0.e30.'),
    ]
    if (allowed === 'anybody') {
      expect(uncredentialed.map(({ status }) => status)).toEqual([200, 200, 200])
      return
    }
    expect(uncredentialed.map(({ status }) => status)).toEqual([401, 401, 401])
    for (const { headers } of uncredentialed) expect(headers['www-authenticate']).toBe('Bearer')
    const refused = await ask(id, tokens.none)
    expect(refused.status).toBe(403)
    for (const role of roles) {
      const { status, json } = await ask(id, tokens[role])
      // Keys of others take an admin, which the rotation itself says.
      const may = allowed.includes(role) && (id !== 'rotateApiKey' || role === 'admin')
      if (may) expect([200, 400, 404], `${role}: ${json?.detail}`).toContain(status)
      else expect([status, json.code], role).toEqual([403, 'forbidden'])
    }
  })

  it('puts every 403 of somebody known on record, with what they asked for', async () => {
    const events = await http.as('dave')('GET', '/audit?action=access_refused&actor=pr-onlyviewer&limit=200')
    const asked = events.json.map(({ details }: { details: { operation: string } }) => details.operation)
    const forbidden = ids.filter(
      (id) => (heard[id] !== 'anybody' && !heard[id].includes('viewer')) || id === 'rotateApiKey',
    )
    expect(asked.sort()).toEqual([...forbidden].sort())
  })

  it('has nothing but the table: a path of no row is 404, a method of no row 405, whoever asks', async () => {
    for (const path of ['/jobs/job-000000/approve', '/nothing', '/certificates/mc-a/', '/']) {
      const { status, json } = await http.send({ method: 'POST', path, token: tokens.admin, body: {} })
      expect([status, json.code]).toEqual([404, 'not_found'])
    }
    const { status, headers } = await http.send({ method: 'PATCH', path: '/profiles/p-none' })
    expect([status, headers.allow]).toEqual([405, 'HEAD, GET, PUT, DELETE'])
  })
})
