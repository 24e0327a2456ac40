import { randomBytes } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import { answerOcsp, type OcspDeps } from '../../../lib/flows/answer-ocsp.ts'
import { refreshStatus } from '../../../lib/flows/publish-status.ts'
import { ocspFunction } from '../../../lib/lambda/ocsp.ts'
import { readCrl } from '../../../lib/pki/crl-reader.ts'
import { explicit, octetString, sequence } from '../../../lib/pki/der.ts'
import { oid } from '../../../lib/pki/der-oid.ts'
import { certIdOf, type OcspHash } from '../../../lib/pki/ocsp-cert-id.ts'
import { encodePem } from '../../../lib/pki/pem.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

const depsOf = (world: World, faults: unknown[] = []): OcspDeps => ({
  ...world,
  unseal: async (sealed) => Buffer.from(sealed, 'base64'),
  isPassing: (error) => error instanceof Error && error.name === 'ThrottlingException',
  onFault: (error) => void faults.push(error),
})

const base = '/.well-known/pki/ocsp/iss-web'

const eventOf = (method: string, rawPath: string, more: object = {}) =>
  ({ rawPath, headers: {}, requestContext: { http: { method } }, ...more }) as APIGatewayProxyEventV2

/** The responder as HTTP sees it. */
const siteOf = (world: World, deps: OcspDeps = depsOf(world)) => {
  const handler = ocspFunction({ answer: (id, query) => answerOcsp(deps, id, query), now: world.now })
  const bodyOf = (body: string | undefined) => Buffer.from(body ?? '', 'base64')
  const result = async (event: APIGatewayProxyEventV2) => {
    const { statusCode, headers, body } = await handler(event)
    return { status: statusCode, headers: headers as Record<string, string>, body: bodyOf(body) }
  }
  return {
    get: (path: string, headers: object = {}) => result(eventOf('GET', `${base}/${path}`, { headers })),
    post: (der: Uint8Array) =>
      result(eventOf('POST', base, { body: Buffer.from(der).toString('base64'), isBase64Encoded: true })),
  }
}

const requestOf = async (
  world: World,
  serials: readonly string[],
  { hash = 'sha1', nonce }: { hash?: OcspHash; nonce?: Uint8Array } = {},
) => {
  const issuer = await world.issuers.get('iss-web')
  const of = {
    subject: Buffer.from(issuer?.facts.subject ?? '', 'base64'),
    spki: Buffer.from(issuer?.spki ?? '', 'base64'),
  }
  const ids = serials.map((serial) => sequence(certIdOf(of, serial, hash).der))
  const extension =
    nonce === undefined
      ? []
      : [explicit(2, sequence(sequence(oid('1.3.6.1.5.5.7.48.1.2'), octetString(octetString(nonce)))))]
  return sequence(sequence(sequence(...ids), ...extension))
}

/** What OpenSSL reads of an answer, its signature and responder verified. */
const judged = async (world: World, body: Uint8Array) => {
  const chain = (await world.issuers.get('iss-web'))?.chain.map((der) => Buffer.from(der, 'base64')) ?? []
  const [issuer = '', root = ''] = chain.map((der) => encodePem('CERTIFICATE', der))
  const files = { 'a.resp': body, 'issuer.pem': issuer, 'root.pem': root }
  const at = String(Math.floor(world.now().getTime() / 1000))
  const { stdout, stderr } = openssl(
    files,
    ...['ocsp', '-respin', 'a.resp', '-resp_text', '-CAfile', 'root.pem', '-verify_other', 'issuer.pem'],
    ...['-attime', at],
  )
  return stdout + stderr
}

const issued = async () => {
  const world = await makeFurnishedWorld()
  const { certificate_id } = await world.made()
  const [version] = (await world.certificates.load(certificate_id))?.versions ?? []
  return { world, certificate_id, serial: version?.serial ?? '' }
}

const revoke = async (world: World, id: string, reason = 'keyCompromise') => {
  await world.call('alice', 'revokeCertificate', { id, body: { reason } })
  await world.drain()
}

describe('an OCSP answer', () => {
  it.each(['sha1', 'sha256'] as const)('is good, revoked or unknown, asked with %s', async (hash) => {
    const { world, certificate_id, serial } = await issued()
    const { post } = siteOf(world)
    const ask = async (of: string) => judged(world, (await post(await requestOf(world, [of], { hash }))).body)
    const good = await ask(serial)
    expect(good).toContain('Response verify OK')
    expect(good).toContain('Cert Status: good')
    expect(good).toContain(`Hash Algorithm: ${hash}`)
    expect(await ask('0badc0de')).toContain('Cert Status: unknown')
    await revoke(world, certificate_id)
    const revoked = await ask(serial)
    expect(revoked).toContain('Cert Status: revoked')
    expect(revoked).toContain('keyCompromise')
  })

  it('answers every question of a request, in order', async () => {
    const { world, certificate_id, serial } = await issued()
    const { certificate_id: other } = await world.made()
    const [second] = (await world.certificates.load(other))?.versions ?? []
    await revoke(world, certificate_id)
    const der = await requestOf(world, [serial, second?.serial ?? '', '0badc0de'])
    const { post } = siteOf(world)
    const [one, two] = [await post(der), await post(der)]
    const text = await judged(world, one.body)
    expect(text.match(/Cert Status: \w+/g)).toEqual([
      'Cert Status: revoked',
      'Cert Status: good',
      'Cert Status: unknown',
    ])
    expect(Buffer.compare(one.body, two.body)).toBe(0)
  })

  it('is the same octets in its window, from any process, and is renewed after it', async () => {
    const { world, serial } = await issued()
    const first = await siteOf(world).get(serial)
    world.pass(899)
    const again = await siteOf(world).get(serial)
    expect(Buffer.compare(first.body, again.body)).toBe(0)
    world.pass(2)
    const renewed = await siteOf(world).get(serial)
    expect(Buffer.compare(first.body, renewed.body)).not.toBe(0)
  })

  it('given by two processes at once is one answer', async () => {
    const { world, serial } = await issued()
    const answers = await Promise.all(Array.from({ length: 8 }, () => siteOf(world).get(serial)))
    expect(new Set(answers.map(({ body }) => body.toString('base64'))).size).toBe(1)
  })

  it.each([1, 32, 33, 128])(
    'with a nonce of %d octets echoes it for the whole, and is not kept',
    async (octets) => {
      const { world, serial } = await issued()
      const nonce = randomBytes(octets)
      const { post } = siteOf(world)
      const der = await requestOf(world, [serial], { nonce })
      const [one, two] = [await post(der), await post(der)]
      expect(one.headers['cache-control']).toBe('no-store')
      expect(one.headers.etag).toBe(undefined)
      expect(Buffer.compare(one.body, two.body)).not.toBe(0)
      const text = await judged(world, one.body)
      expect(text).toMatch(/Response Extensions:\s+OCSP Nonce/)
      expect([...world.table.rows.values()].some(({ pk }) => String(pk).startsWith('OCSP#'))).toBe(false)
    },
  )

  it('signed "good" while the certificate is revoked is neither given nor kept', async () => {
    const { world, certificate_id, serial } = await issued()
    let raced = false
    const answers: OcspDeps['answers'] = {
      ...world.answers,
      get: async (issuer_id, key) => {
        // The serial was read as good; before the answer is kept, somebody revokes it.
        if (!raced) {
          raced = true
          await revoke(world, certificate_id)
        }
        return world.answers.get(issuer_id, key)
      },
    }
    const { get } = siteOf(world, { ...depsOf(world), answers })
    expect(await judged(world, (await get(serial)).body)).toContain('Cert Status: revoked')
    expect(await judged(world, (await siteOf(world).get(serial)).body)).toContain('Cert Status: revoked')
  })

  it('is revoked at once after a revocation, whatever was kept before; and good again after a hold', async () => {
    const { world, certificate_id, serial } = await issued()
    const { get } = siteOf(world)
    expect(await judged(world, (await get(serial)).body)).toContain('Cert Status: good')
    await revoke(world, certificate_id, 'certificateHold')
    expect(await judged(world, (await get(serial)).body)).toContain('certificateHold')
    world.pass(1)
    await world.call('alice', 'releaseCertificate', { id: certificate_id })
    await world.drain()
    expect(await judged(world, (await get(serial)).body)).toContain('Cert Status: good')
  })
})

describe('an OCSP answer about a certificate that has ended', () => {
  it('is the last word on it, also when no list has it any more', async () => {
    const { world, certificate_id, serial } = await issued()
    const { certificate_id: other } = await world.made()
    const [kept] = (await world.certificates.load(other))?.versions ?? []
    await revoke(world, certificate_id)
    world.pass(91 * 86_400)
    await refreshStatus(world)
    world.pass(86_400)
    await refreshStatus(world)
    const list = world.published.get('.well-known/pki/crl/iss-web')?.body ?? new Uint8Array()
    expect(readCrl(list).count).toBe(0)
    const { get } = siteOf(world)
    expect(await judged(world, (await get(serial)).body)).toContain('Cert Status: revoked')
    expect(await judged(world, (await get(kept?.serial ?? '')).body)).toContain('Cert Status: good')
  })
})

describe('an OCSP answer over HTTP', () => {
  it('says how long it may be kept, never past its next update', async () => {
    const { world, serial } = await issued()
    const { headers } = await siteOf(world).get(serial)
    expect(headers).toMatchObject({
      'content-type': 'application/ocsp-response',
      'cache-control': 'max-age=60, public, no-transform, must-revalidate',
      etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
      'last-modified': world.now().toUTCString(),
      expires: new Date(world.now().getTime() + 60_000).toUTCString(),
    })
  })

  it('does not outlive its responder, and asks to try later once that has expired', async () => {
    const { world, serial } = await issued()
    const { not_after } = (await world.responders.get('iss-web')) ?? {}
    const left = (Date.parse(not_after ?? '') - world.now().getTime()) / 1000
    world.pass(left - 20)
    const { headers, body } = await siteOf(world).get(serial)
    expect(headers['cache-control']).toContain('max-age=20,')
    expect(await judged(world, body)).toContain('Cert Status: good')
    world.pass(20)
    const late = await siteOf(world).get(serial)
    expect(late.headers['cache-control']).toBe('no-store')
    expect(late.body.toString('hex')).toBe('30030a0103')
    await refreshStatus(world)
    expect(await judged(world, (await siteOf(world).get(serial)).body)).toContain('Cert Status: good')
  })

  it('is 304 for whoever has it, and whole for whoever has another', async () => {
    const { world, certificate_id, serial } = await issued()
    const { get } = siteOf(world)
    const { headers } = await get(serial)
    const held = await get(serial, { 'if-none-match': `"other", W/${headers.etag}` })
    expect(held).toMatchObject({ status: 304, headers: { etag: headers.etag } })
    expect(held.body).toHaveLength(0)
    await revoke(world, certificate_id)
    expect(await get(serial, { 'if-none-match': headers.etag })).toMatchObject({ status: 200 })
  })

  it.each([
    ['base64', (der: Buffer) => der.toString('base64')],
    ['base64, escaped', (der: Buffer) => encodeURIComponent(der.toString('base64'))],
    ['base64 without padding', (der: Buffer) => der.toString('base64').replace(/=+$/, '')],
    ['base64url', (der: Buffer) => der.toString('base64url')],
  ])('by GET takes %s', async (_, written) => {
    const { world, serial } = await issued()
    const der = Buffer.from(await requestOf(world, [serial]))
    const { body } = await siteOf(world).get(written(der))
    expect(await judged(world, body)).toContain('Cert Status: good')
  })

  it.each([
    ['as it is', (serial: string) => serial],
    ['in capitals', (serial: string) => serial.toUpperCase()],
    ['with leading zeros and 0x', (serial: string) => `0x00${serial}`.slice(0, 44)],
  ])('by GET takes a serial number %s', async (_, written) => {
    const { world, serial } = await issued()
    const short = serial.slice(0, 36)
    const status = await world.serials.get('iss-web', serial)
    const row = { ...status, serial: short }
    world.table.write({ pk: `SERIAL#iss-web#${short}`, sk: 'STATUS', ...row })
    expect(await judged(world, (await siteOf(world).get(written(short))).body)).toContain('Cert Status: good')
  })

  it.each([
    ['what is no DER', Buffer.from('nonsense'), '30030a0101'],
    ['nothing', Buffer.alloc(0), '30030a0101'],
    ['a request of more than 16 KB', Buffer.alloc(20_000, 0x30), '30030a0101'],
  ])('is malformedRequest for %s', async (_, der, expected) => {
    const world = await makeFurnishedWorld()
    const { status, body, headers } = await siteOf(world).post(der)
    expect([status, body.toString('hex'), headers['cache-control']]).toEqual([200, expected, 'no-store'])
  })

  it('is unauthorized for certificates of another CA', async () => {
    const { world, serial } = await issued()
    const issuer = await world.issuers.get('iss-root')
    const of = {
      subject: Buffer.from(issuer?.facts.subject ?? '', 'base64'),
      spki: Buffer.from(issuer?.spki ?? '', 'base64'),
    }
    const der = sequence(sequence(sequence(sequence(certIdOf(of, serial).der))))
    expect((await siteOf(world).post(der)).body.toString('hex')).toBe('30030a0106')
  })

  it.each([
    ['tryLater while AWS is too busy', 'ThrottlingException', '30030a0103'],
    ['internalError for any other fault', 'Error', '30030a0102'],
  ])('is %s, and never "good"', async (_, name, expected) => {
    const { world, serial } = await issued()
    const faults: unknown[] = []
    const fault = Object.assign(new Error('no'), { name })
    const serials = { get: () => Promise.reject(fault) }
    const { body, headers } = await siteOf(world, { ...depsOf(world, faults), serials }).get(serial)
    expect([body.toString('hex'), headers['cache-control']]).toEqual([expected, 'no-store'])
    expect(faults).toEqual([fault])
  })

  it('is 404 for an issuer that is not there', async () => {
    const world = await makeFurnishedWorld()
    const answer = (id: string) => answerOcsp(depsOf(world), id, { serial: '01' })
    const handler = ocspFunction({ answer, now: world.now })
    const { statusCode } = await handler(eventOf('GET', '/.well-known/pki/ocsp/iss-nothing/01'))
    expect(statusCode).toBe(404)
  })
})
