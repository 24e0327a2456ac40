import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import * as pkijs from 'pkijs'
import { describe, expect, it } from 'vitest'
import {
  asn1Null,
  boolean,
  element,
  enumerated,
  explicit,
  implicit,
  integer,
  number,
  octetString,
  sequence,
} from '../../../lib/pki/der.ts'
import { oid } from '../../../lib/pki/der-oid.ts'
import { certIdOf, isIssuedBy, type OcspHash } from '../../../lib/pki/ocsp-cert-id.ts'
import { readOcspRequest } from '../../../lib/pki/ocsp-request.ts'
import { ocspErrors, ocspResponse, tbsResponseData } from '../../../lib/pki/ocsp-response.ts'
import { reasonCodes, reasonNames } from '../../../lib/pki/revocation-reasons.ts'
import type { SignDigest } from '../../../lib/pki/signing.ts'
import { issue, now, pemOf, rootOf } from '../../support/pki-chain.ts'
import { keyOf } from '../../support/pki-keys.ts'
import { answerOf, responderOf, responsePlan, signDigestWith } from '../../support/pki-ocsp.ts'
import { openssl, opensslOutput } from '../../support/pki-openssl.ts'
import { planWith } from '../../support/pki-plans.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

const authority = rootOf([{ type: 'CN', value: 'OCSP CA' }], keyOf('ECDSA_P384'), 'ECDSA_SHA_384')
const issuer = { subject: Buffer.from(authority.facts.subject, 'base64'), spki: authority.key.spki }
const responder = responderOf(authority)
const sign: SignDigest = signDigestWith(responder.key.privateKey)
const iso = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString()

const serials = ['01', '80', '7f01', 'ff01', '0a1b2c', 'ff'.repeat(19), `7f${'ff'.repeat(19)}`]
const leafOf = (serial: string) => pemOf(issue(planWith({ issuer: authority.facts, serial }), authority.key))

const files = (serial: string) => ({ 'ca.pem': authority.pem, 'leaf.pem': leafOf(serial) })

const requestOf = (serial: string, hash: OcspHash, ...more: readonly string[]) =>
  opensslOutput(
    files(serial),
    'req.der',
    'ocsp',
    ...more,
    '-issuer',
    'ca.pem',
    `-${hash}`,
    '-cert',
    'leaf.pem',
    '-reqout',
    'req.der',
  )

/** What OpenSSL makes of the status of the leaf. */
const statusOf = (serial: string, hash: OcspHash, response: Uint8Array) =>
  openssl(
    { ...files(serial), 'resp.der': response },
    ...[
      'ocsp',
      '-no_nonce',
      '-issuer',
      'ca.pem',
      `-${hash}`,
      '-cert',
      'leaf.pem',
      '-respin',
      'resp.der',
      '-CAfile',
      'ca.pem',
    ],
  )

/** What OpenSSL makes of the response to a request: signature, responder, nonce. */
const verdictOf = (request: Uint8Array, response: Uint8Array) =>
  openssl(
    { 'ca.pem': authority.pem, 'resp.der': response, 'req.der': request },
    ...['ocsp', '-reqin', 'req.der', '-respin', 'resp.der', '-CAfile', 'ca.pem'],
  ).stderr

describe('an OCSP request from OpenSSL', () => {
  it.each(serials)('names serial %s in the form that certificates have', (serial) => {
    const { certificate_ids } = readOcspRequest(requestOf(serial, 'sha1', '-no_nonce'))
    expect(certificate_ids.map((id) => id.serial)).toEqual([serial])
  })

  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('names its issuer by %s, as we would', (hash) => {
    const { certificate_ids, nonce } = readOcspRequest(requestOf('0a1b2c', hash, '-no_nonce'))
    expect(nonce).toBeNull()
    expect(certificate_ids).toEqual([certIdOf(issuer, '0a1b2c', hash)])
    const [id] = certificate_ids
    expect(id && isIssuedBy(id, issuer)).toBe(true)
    expect(id && isIssuedBy(id, { ...issuer, subject: Buffer.from('3000', 'hex') })).toBe(false)
    expect(id && isIssuedBy(id, { ...issuer, spki: keyOf('ECDSA_P256').spki })).toBe(false)
  })

  it('may ask for several, with a nonce', () => {
    const request = opensslOutput(
      files('01'),
      'req.der',
      'ocsp',
      '-issuer',
      'ca.pem',
      '-serial',
      '1',
      '-serial',
      '0x80ff',
      '-sha256',
      '-serial',
      '255',
      '-reqout',
      'req.der',
    )
    const { certificate_ids, nonce } = readOcspRequest(request)
    expect(certificate_ids.map(({ hash, serial }) => [hash, serial])).toEqual([
      ['sha1', '01'],
      ['sha1', '80ff'],
      ['sha256', 'ff'],
    ])
    expect(nonce).toHaveLength(16)
  })
})

const certId = certIdOf(issuer, '0a1b2c').der
const single = sequence(certId)
const request = (...parts: readonly Uint8Array[]) => sequence(sequence(...parts))
const extension = (id: string, value: Uint8Array, ...critical: readonly Uint8Array[]) =>
  sequence(oid(id), ...critical, octetString(value))
const nonceId = '1.3.6.1.5.5.7.48.1.2'
const withNonce = (value: Uint8Array) =>
  request(sequence(single), explicit(2, sequence(extension(nonceId, value))))
const withId = (...parts: readonly Uint8Array[]) => request(sequence(sequence(sequence(...parts))))
const sha1Id = sequence(oid('1.3.14.3.2.26'), asn1Null)
const hashOf = (length: number) => octetString(new Uint8Array(length))

describe('an OCSP request', () => {
  it.each([1, 16, 32, 33, 127, 128])('may have a nonce of %i octets (RFC 9654)', (length) => {
    const nonce = new Uint8Array(randomBytes(length))
    expect(readOcspRequest(withNonce(octetString(nonce))).nonce).toEqual(nonce)
  })

  it.each<[string, Uint8Array]>([
    ['its version written out', request(explicit(0, number(0)), sequence(single))],
    [
      'a requestor and a signature',
      sequence(
        sequence(explicit(1, implicit(2, Buffer.from('a'))), sequence(single)),
        explicit(0, sequence()),
      ),
    ],
    [
      'an extension that it does not insist on',
      request(sequence(single), explicit(2, sequence(extension('1.2.3', asn1Null)))),
    ],
    [
      'a hash algorithm without parameters',
      withId(sequence(oid('1.3.14.3.2.26')), hashOf(20), hashOf(20), number(0x0a1b2c)),
    ],
  ])('may have %s', (_, der) => {
    expect(readOcspRequest(der).certificate_ids.map(({ serial }) => serial)).toEqual(['0a1b2c'])
  })

  it('may name a hash that is not known here, and then names no issuer', () => {
    const { certificate_ids } = readOcspRequest(
      withId(sequence(oid('1.2.840.113549.2.5')), hashOf(16), hashOf(16), number(5)),
    )
    const [id] = certificate_ids
    expect(id).toMatchObject({ hash: null, serial: '05' })
    expect(id && isIssuedBy(id, issuer)).toBe(false)
  })

  it.each<[string, Uint8Array]>([
    ['a nonce of 129 octets', withNonce(octetString(new Uint8Array(129)))],
    ['an empty nonce', withNonce(octetString(new Uint8Array()))],
    ['a nonce without its own OCTET STRING', withNonce(new Uint8Array(16).fill(7))],
    ['octets after its nonce', withNonce(Buffer.concat([octetString(new Uint8Array(16)), Buffer.of(0)]))],
    [
      'two nonces',
      request(
        sequence(single),
        explicit(
          2,
          sequence(
            extension(nonceId, octetString(Uint8Array.of(1))),
            extension(nonceId, octetString(Uint8Array.of(2))),
          ),
        ),
      ),
    ],
    [
      'a critical extension that is not known',
      request(sequence(single), explicit(2, sequence(extension('1.2.3', asn1Null, boolean(true))))),
    ],
    [
      'a critical extension of one request',
      request(sequence(sequence(certId, explicit(0, sequence(extension('1.2.3', asn1Null, boolean(true))))))),
    ],
    ['version 2', request(explicit(0, number(1)), sequence(single))],
    ['nothing asked', request(sequence())],
    ['no list', request()],
    ['a SHA-1 hash of 32 octets', withId(sha1Id, hashOf(32), hashOf(32), number(5))],
    ['a serial of zero', withId(sha1Id, hashOf(20), hashOf(20), number(0))],
    ['a negative serial', withId(sha1Id, hashOf(20), hashOf(20), element(2, Uint8Array.of(0x80)))],
    [
      'a serial with needless zeros',
      withId(sha1Id, hashOf(20), hashOf(20), element(2, Uint8Array.of(0, 0, 5))),
    ],
    ['a serial of 21 octets', withId(sha1Id, hashOf(20), hashOf(20), integer(new Uint8Array(21).fill(1)))],
    ['an empty serial', withId(sha1Id, hashOf(20), hashOf(20), element(2))],
    ['something after it', Buffer.concat([request(sequence(single)), Buffer.of(0)])],
    ['more than 16 KB', request(sequence(...Array.from({ length: 300 }, () => single)))],
    ['10,000 levels', Buffer.from('3080'.repeat(5000), 'hex')],
    ['1 MB of rubbish', new Uint8Array(1_000_000).fill(0x30)],
    ['no octets', new Uint8Array()],
    ['text', Buffer.from('hello')],
  ])('with %s is malformed', (_, der) => {
    expect(refusalOf(() => readOcspRequest(der)).code).toBe('ocsp_malformed')
  })

  it('is malformed at every length that it is cut to', () => {
    const whole = withNonce(octetString(new Uint8Array(32)))
    for (let length = 0; length < whole.length; length++)
      expect(refusalOf(() => readOcspRequest(whole.subarray(0, length))).code).toBe('ocsp_malformed')
  })

  it('is read or malformed, whatever the octets', () => {
    const whole = Buffer.from(withNonce(octetString(new Uint8Array(8))))
    const edit = fc.record({
      at: fc.nat(whole.length),
      remove: fc.nat(4),
      insert: fc.uint8Array({ maxLength: 4 }),
    })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          edit.map(({ at, remove, insert }) =>
            Buffer.concat([whole.subarray(0, at), insert, whole.subarray(at + remove)]),
          ),
        ),
        (octets) => {
          try {
            expect(readOcspRequest(octets).certificate_ids.length).toBeGreaterThan(0)
          } catch (error) {
            expect(error).toMatchObject({ name: 'Refusal', code: 'ocsp_malformed' })
          }
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('an OCSP response', () => {
  it.each([
    ['sha1', '-nonce'],
    ['sha256', '-nonce'],
    ['sha1', '-no_nonce'],
    ['sha256', '-no_nonce'],
    ['sha384', '-no_nonce'],
  ] as const)('to a CertID of %s with %s is accepted by OpenSSL', async (hash, nonceOption) => {
    const der = requestOf('80ff', hash, nonceOption)
    const { certificate_ids, nonce } = readOcspRequest(der)
    const response = await ocspResponse(
      responsePlan(
        responder,
        certificate_ids.map((id) => answerOf(id)),
        nonce,
      ),
      sign,
    )
    expect(verdictOf(der, response)).toBe('Response verify OK\n')
    expect(statusOf('80ff', hash, response).stdout).toContain('leaf.pem: good')
  })

  it.each(reasonNames)('says revoked for the reason %s', async (reason) => {
    const status = { status: 'revoked', revoked_at: '2026-01-02T03:04:05.678Z', reason } as const
    const response = await ocspResponse(
      responsePlan(responder, [answerOf(certIdOf(issuer, '0c'), status)]),
      sign,
    )
    const { stdout, stderr } = statusOf('0c', 'sha1', response)
    expect(stderr).toContain('Response verify OK')
    expect(stdout).toContain('leaf.pem: revoked')
    expect(stdout).toContain('Revocation Time: Jan  2 03:04:05 2026 GMT')
    // OpenSSL 3.0 has no words for the codes 9 and 10
    const word = reasonCodes[reason] > 8 ? '(UNKNOWN)' : reason
    if (reason === 'unspecified') expect(stdout).not.toContain('Reason')
    else expect(stdout.toLowerCase()).toContain(`reason: ${word.toLowerCase()}`)
    const encoded = Buffer.from(explicit(0, enumerated(reasonCodes[reason])))
    expect(Buffer.from(response).includes(encoded)).toBe(reason !== 'unspecified')
  })

  it('says unknown', async () => {
    const plan = responsePlan(responder, [answerOf(certIdOf(issuer, '0c'), { status: 'unknown' })])
    expect(statusOf('0c', 'sha1', await ocspResponse(plan, sign)).stdout).toContain('leaf.pem: unknown')
  })

  it('is not taken with the nonce of another request, from another key, or for another serial', async () => {
    const der = requestOf('0c', 'sha1')
    const { certificate_ids, nonce } = readOcspRequest(der)
    const answers = certificate_ids.map((id) => answerOf(id))
    const other = await ocspResponse(responsePlan(responder, answers, new Uint8Array(16)), sign)
    expect(verdictOf(der, other)).toContain('Nonce Verify error')
    const forger = signDigestWith(keyOf('ECDSA_P256').privateKey)
    expect(verdictOf(der, await ocspResponse(responsePlan(responder, answers, nonce), forger))).toContain(
      'Response Verify Failure',
    )
    const elsewhere = await ocspResponse(responsePlan(responder, [answerOf(certIdOf(issuer, '0d'))]), sign)
    expect(statusOf('0c', 'sha1', elsewhere).stdout).toContain('ERROR: No Status found')
  })

  it('answers every certificate that was asked for, each in its own hash', async () => {
    const ids = (['sha1', 'sha256', 'sha512'] as const).flatMap((hash) =>
      serials.map((serial) => certIdOf(issuer, serial, hash)),
    )
    const nonce = new Uint8Array(randomBytes(128))
    const answers = ids.map((id, index) =>
      answerOf(id, index % 2 ? { status: 'good' } : { status: 'revoked', revoked_at: iso(-5), reason: null }),
    )
    const der = await ocspResponse(responsePlan(responder, answers, nonce), sign)
    const parsed = pkijs.OCSPResponse.fromBER(Uint8Array.from(der))
    const basic = pkijs.BasicOCSPResponse.fromBER(
      Uint8Array.from(parsed.responseBytes?.response.valueBlock.valueHexView ?? []),
    )
    const hexOf = (octets: ArrayBuffer) => Buffer.from(octets).toString('hex')
    expect(basic.tbsResponseData.responses.map(({ certID }) => hexOf(certID.toSchema().toBER()))).toEqual(
      ids.map((id) => Buffer.from(id.der).toString('hex')),
    )
    expect(
      basic.tbsResponseData.responses.every(({ singleExtensions }) => singleExtensions === undefined),
    ).toBe(true)
    const extensions = basic.tbsResponseData.responseExtensions ?? []
    expect(extensions.map(({ extnID, critical }) => [extnID, critical])).toEqual([[nonceId, false]])
    expect(hexOf(extensions[0]?.extnValue.valueBlock.valueHexView.slice().buffer ?? new ArrayBuffer(0))).toBe(
      Buffer.from(octetString(nonce)).toString('hex'),
    )
    expect(basic.certs).toHaveLength(1)
  })

  it('is the same octets every time, and has no extensions without a nonce', () => {
    const plan = responsePlan(responder, [answerOf(certIdOf(issuer, '01'))])
    expect(tbsResponseData(plan)).toEqual(tbsResponseData(plan))
    expect(Buffer.from(tbsResponseData(plan)).includes(Buffer.from(oid(nonceId)))).toBe(false)
  })

  it('passes on what the signer throws', async () => {
    const plan = responsePlan(responder, [answerOf(certIdOf(issuer, '01'))])
    await expect(ocspResponse(plan, () => Promise.reject(new Error('throttled')))).rejects.toThrow(
      'throttled',
    )
  })

  it.each([
    ['malformedRequest', /malformedrequest/],
    ['internalError', /internalerror/],
    ['tryLater', /trylater/],
    ['unauthorized', /unauthorized/],
  ] as const)('that is %s is what OpenSSL calls so', (name, expected) => {
    const { stdout, stderr } = openssl({ 'resp.der': ocspErrors[name] }, 'ocsp', '-respin', 'resp.der')
    expect(stdout + stderr).toMatch(expected)
  })
})
