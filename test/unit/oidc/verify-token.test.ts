import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OidcIssuer } from '../../../lib/model/oidc-issuer.ts'
import { oidcIssuer } from '../../../lib/model/oidc-issuer.ts'
import { tokenVerifier } from '../../../lib/oidc/verify-token.ts'
import { behindHttp } from '../../support/http-world.ts'
import { makeWorld } from '../../support/world.ts'

type Key = {
  readonly kid: string
  readonly private: KeyObject
  readonly public: KeyObject
  readonly alg: string
}

const rsa = (kid: string): Key => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { kid, private: privateKey, public: publicKey, alg: 'RS256' }
}
const ec = (kid: string): Key => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, private: privateKey, public: publicKey, alg: 'ES256' }
}

const now = new Date('2026-03-01T12:00:00.000Z')
const seconds = now.getTime() / 1000

/** A token issuer with a key set of its own over HTTP. */
const makeIssuer = async () => {
  let published: readonly Key[] = []
  let asked = 0
  let broken = false
  const server: Server = createServer((_, response) => {
    asked += 1
    if (broken) {
      response.writeHead(503).end('no')
      return
    }
    void Promise.all(
      published.map(async (key) => ({
        ...(await exportJWK(key.public)),
        kid: key.kid,
        alg: key.alg,
        use: 'sig',
      })),
    ).then((keys) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    publish: (...keys: readonly Key[]) => {
      published = keys
    },
    breakDown: (value: boolean) => {
      broken = value
    },
    asked: () => asked,
    close: () => server.close(),
  }
}

const first = rsa('first')
const second = ec('second')

describe('Tokens of a configured issuer', () => {
  let issuer: Awaited<ReturnType<typeof makeIssuer>>
  let settings: OidcIssuer

  beforeAll(async () => {
    issuer = await makeIssuer()
    settings = oidcIssuer.parse({
      issuer: issuer.url,
      jwks_url: `${issuer.url}/keys`,
      audience: 'countersign',
      algorithms: ['RS256', 'ES256'],
      group_roles: { 'pki-requesters': ['operator'], 'pki-audit': ['auditor'] },
    })
  })
  afterAll(() => issuer.close())
  beforeEach(() => issuer.publish(first))

  const verifier = () => tokenVerifier({ issuers: [settings], now: () => now, cooldown: 0 })

  const tokenOf = (
    claims: { [Name in keyof JWTPayload]: JWTPayload[Name] | undefined } = {},
    key: Key = first,
    header: object = {},
  ) =>
    new SignJWT({
      iss: issuer.url,
      aud: 'countersign',
      sub: 'alice',
      iat: seconds,
      exp: seconds + 300,
      ...claims,
    } as JWTPayload)
      .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
      .sign(key.private)

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const payload = () => ({ iss: issuer.url, aud: 'countersign', sub: 'alice', exp: seconds + 300 })

  it('name their subject, with the roles of the groups that are mapped, and of no other', async () => {
    const token = await tokenOf({
      groups: ['pki-requesters', 'everybody', 'constructor', 7, 'pki-requesters'],
    })
    expect(await verifier()(token)).toEqual({ issuer: issuer.url, subject: 'alice', roles: ['operator'] })
  })

  it.each([
    ['no groups', undefined],
    ['groups that are no list', 'pki-requesters'],
    ['groups in an object', { 'pki-requesters': true }],
  ])('with %s give no role', async (_, groups) => {
    const token = await tokenOf(groups === undefined ? {} : { groups })
    expect(await verifier()(token)).toMatchObject({ roles: [] })
  })

  it('may be for several audiences, of which we are one', async () => {
    expect(await verifier()(await tokenOf({ aud: ['other', 'countersign'] }))).not.toBe(null)
  })

  it.each<[string, () => Promise<string> | string]>([
    ['alg none', () => `${encode({ alg: 'none' })}.${encode(payload())}.`],
    ['alg none, with the kid', () => `${encode({ alg: 'none', kid: 'first' })}.${encode(payload())}.`],
    [
      'HS256 with the public key as its secret',
      () => {
        const head = `${encode({ alg: 'HS256', kid: 'first' })}.${encode(payload())}`
        const secret = first.public.export({ format: 'pem', type: 'spki' })
        return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
      },
    ],
    ['an algorithm that the stage does not name', () => tokenOf({}, first, { alg: 'PS256' })],
    ['another key of the same name', () => tokenOf({}, rsa('first'))],
    ['a kid that the issuer does not have', () => tokenOf({}, rsa('third'))],
    [
      'a key in its own header',
      async () => {
        const own = rsa('own')
        return tokenOf({}, own, { kid: undefined, jwk: await exportJWK(own.public) })
      },
    ],
    ['another issuer', () => tokenOf({ iss: 'https://evil.example.com' })],
    ['our issuer with a slash more', () => tokenOf({ iss: `${issuer.url}/` })],
    ['no issuer', () => tokenOf({ iss: undefined })],
    ['another audience', () => tokenOf({ aud: 'somebody-else' })],
    ['no audience', () => tokenOf({ aud: undefined })],
    ['no subject', () => tokenOf({ sub: undefined })],
    ['an empty subject', () => tokenOf({ sub: '' })],
    ['an end that is past', () => tokenOf({ exp: seconds - 60 })],
    ['no end', () => tokenOf({ exp: undefined })],
    ['a beginning that is to come', () => tokenOf({ nbf: seconds + 60 })],
    [
      'a critical header that we do not know',
      () => tokenOf({}, first, { crit: ['x'], x: 1 }).catch(() => 'a.b.c'),
    ],
    [
      'another payload under the signature',
      async () => {
        const [head, , signature] = (await tokenOf()).split('.')
        return `${head}.${encode({ ...payload(), sub: 'carol' })}.${signature}`
      },
    ],
    ['no form of a token', () => 'abc'],
    ['no JSON in it', () => 'YQ.YQ.YQ'],
  ])('%s is nobody', async (_, make) => {
    expect(await verifier()(await make())).toBe(null)
  })

  it('follow a rotation of the keys: the new one counts at once, the old one until it is withdrawn', async () => {
    const verify = verifier()
    const [old, fresh] = [await tokenOf(), await tokenOf({}, second)]
    expect(await verify(old)).not.toBe(null)
    expect(await verify(fresh)).toBe(null)
    issuer.publish(first, second)
    expect(await verify(fresh)).not.toBe(null)
    expect(await verify(old)).not.toBe(null)
    issuer.publish(second)
    expect(await verifier()(old)).toBe(null)
  })

  it('keys are fetched once for many tokens; unknown kids do not fetch again before the cooldown', async () => {
    const verify = tokenVerifier({ issuers: [settings], now: () => now, cooldown: 60_000 })
    const before = issuer.asked()
    for (let n = 0; n < 10; n += 1) await verify(await tokenOf())
    for (let n = 0; n < 10; n += 1) await verify(await tokenOf({}, rsa(`unknown-${n}`)))
    expect(issuer.asked() - before).toBe(1)
  })

  it('an issuer that does not answer is a fault, not a forged token', async () => {
    issuer.breakDown(true)
    await expect(verifier()(await tokenOf())).rejects.toThrow()
    issuer.breakDown(false)
  })

  it('no issuer configured: every token is nobody', async () => {
    expect(await tokenVerifier({ issuers: [], now: () => now, cooldown: 0 })(await tokenOf())).toBe(null)
  })

  it.each(['HS256', 'none', 'HS512'])('a stage cannot name %s', (algorithm) => {
    expect(oidcIssuer.safeParse({ ...settings, algorithms: [algorithm] }).success).toBe(false)
  })

  it.each(['approver', 'admin'])('no group makes an %s: that takes a second person', (role) => {
    expect(oidcIssuer.safeParse({ ...settings, group_roles: { all: [role] } }).success).toBe(false)
  })

  it('over HTTP: nobody until mapped; mapped, the principal, with the roles of table and groups', async () => {
    const world = await makeWorld()
    const { as, send } = await behindHttp(world, { verifyToken: verifier() })
    const token = await tokenOf({ groups: ['pki-audit'] })
    const ask = async (path: string) => (await send({ path, token })).status
    expect(await ask('/jobs')).toBe(401)
    const { json } = await as('carol')('POST', '/principals', { id: 'pr-olga', kind: 'person', name: 'Olga' })
    const mapping = { issuer: issuer.url, subject: 'alice' }
    const subject = await as('carol')('POST', `/principals/${json.id}/oidc-subjects`, mapping)
    expect([await ask('/jobs'), await ask('/audit'), await ask('/principals')]).toEqual([200, 200, 200])
    const without = await tokenOf()
    expect((await send({ path: '/jobs', token: without })).status).toBe(403)
    expect((await send({ method: 'POST', path: '/principals', token, body: {} })).status).toBe(403)
    const listed = await as('carol')('GET', `/principals/${json.id}/oidc-subjects`)
    expect(listed.json[0]).toMatchObject({ ...mapping, last_used_at: '2026-03-01T12:00:00.000Z' })
    await as('carol')('DELETE', `/principals/${json.id}/oidc-subjects/${subject.json.id}`)
    expect(await ask('/jobs')).toBe(401)
    const refused = await as('dave')('GET', '/audit?action=access_refused&actor=pr-olga')
    const reasons = refused.json.map(({ details }: { details: { reason: string } }) => details.reason)
    expect(reasons).toContain('subject disabled')
  })

  it('an API key and a token of one principal are one principal for two-person integrity', async () => {
    const { makeFurnishedWorld, csrFor } = await import('../../support/world.ts')
    const world = await makeFurnishedWorld()
    const { as, send } = await behindHttp(world, { verifyToken: verifier() })
    const mapping = { issuer: issuer.url, subject: 'alice' }
    const { json } = await as('carol')('POST', '/principals/pr-frank/oidc-subjects', mapping)
    await as('bob')('POST', `/approvals/${json.approval.id}/approve`, {})
    await world.drain()
    const body = { profile_id: 'p-prod-web', csr: csrFor('www.example.com') }
    const asked = await send({ method: 'POST', path: '/certificates', token: await tokenOf(), body })
    expect(asked.json.job.requested_by).toBe('pr-frank')
    const own = await as('frank')('POST', `/approvals/${asked.json.approval.id}/approve`, {})
    expect([own.status, own.json.detail]).toEqual([403, expect.stringContaining('two-person integrity')])
  })
})
