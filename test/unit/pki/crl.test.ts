import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { signingAlgorithms } from '../../../lib/model/algorithms.ts'
import {
  assembleCrl,
  type CrlPlan,
  crlStream,
  signedCrlStream,
  tbsCertList,
  wholeOf,
} from '../../../lib/pki/crl.ts'
import { readCrl, verifyCrl } from '../../../lib/pki/crl-reader.ts'
import { type CrlEntry, packRows } from '../../../lib/pki/crl-rows.ts'
import { reasonNames } from '../../../lib/pki/revocation-reasons.ts'
import { digestFor, verifyChunks } from '../../../lib/pki/signing.ts'
import { intermediateOf, issue, now, pemOf, rootOf, type TestAuthority } from '../../support/pki-chain.ts'
import { keyOf, signerFor, signWith } from '../../support/pki-keys.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { anySerial, planWith } from '../../support/pki-plans.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

const subject = [{ type: 'CN' as const, value: 'CRL CA' }]

const iso = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString()

const crlPlan = (
  authority: TestAuthority,
  entries: Iterable<CrlEntry>,
  more: Partial<CrlPlan> = {},
  rows = packRows(entries),
): CrlPlan => ({
  issuer_subject: Buffer.from(authority.facts.subject, 'base64'),
  key_id: authority.facts.key_id,
  signing_algorithm: authority.facts.signing_algorithm,
  number: 7,
  this_update: iso(-60),
  next_update: iso(3600),
  rows: () => [rows],
  ...more,
})

const signCrl = (plan: CrlPlan, authority: TestAuthority) => {
  const tbs = tbsCertList(plan)
  return assembleCrl(
    tbs,
    plan.signing_algorithm,
    signWith(authority.key.privateKey, plan.signing_algorithm, tbs),
  )
}

const authority = rootOf(subject, keyOf('ECDSA_P256'), 'ECDSA_SHA_256')

const anyEntry: fc.Arbitrary<CrlEntry> = fc.record({
  serial: fc.oneof(anySerial, fc.constantFrom('01', '80', 'ff'.repeat(19), '0a1b')),
  revoked_at: fc
    .date({ min: new Date('2000-01-01'), max: new Date('2060-01-01'), noInvalidDate: true })
    .map((date) => `${date.toISOString().slice(0, 19)}.000Z`),
  reason: fc.constantFrom(...reasonNames),
})

const dated = fc
  .tuple(anyEntry, fc.boolean())
  .map(
    ([entry, known]): CrlEntry => (known ? { ...entry, invalidity_date: '2019-12-31T23:59:59.000Z' } : entry),
  )

describe('a certificate revocation list', () => {
  it('reads back as it was written, chunk by chunk or whole', () => {
    const numbers = fc.bigInt({ min: 0n, max: 2n ** 158n })
    fc.assert(
      fc.property(fc.array(dated, { maxLength: 50 }), numbers, (entries, number) => {
        const plan = crlPlan(authority, entries, { number })
        const facts = readCrl(signCrl(plan, authority))
        expect([...facts.entries()]).toEqual(entries)
        expect(facts).toMatchObject({
          number,
          count: entries.length,
          this_update: plan.this_update,
          next_update: plan.next_update,
          authority_key_id: plan.key_id,
          is_shard: false,
          signing_algorithm: plan.signing_algorithm,
        })
        const stream = crlStream(plan)
        expect(digestFor(stream.chunks(), plan.signing_algorithm)).toEqual(
          digestFor(tbsCertList(plan), plan.signing_algorithm),
        )
        const signature = signWith(authority.key.privateKey, plan.signing_algorithm, tbsCertList(plan))
        const { spki } = authority.key
        expect(verifyChunks(stream.chunks(), plan.signing_algorithm, { signature, spki })).toBe(true)
        expect(wholeOf(signedCrlStream(stream, plan.signing_algorithm, signature))).toEqual(
          assembleCrl(tbsCertList(plan), plan.signing_algorithm, signature),
        )
      }),
      { numRuns: 50 },
    )
  })

  it('is read by @peculiar/x509 as it was written', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyEntry, { minLength: 1, maxLength: 20, selector: ({ serial }) => serial }),
        (entries) => {
          const crl = new x509.X509Crl(signCrl(crlPlan(authority, entries), authority))
          expect(crl.entries.map(({ serialNumber }) => serialNumber.replace(/^00(?=[89a-f])/, ''))).toEqual(
            entries.map(({ serial }) => serial),
          )
          expect(crl.entries.map(({ revocationDate }) => revocationDate.toISOString())).toEqual(
            entries.map(({ revoked_at }) => revoked_at),
          )
        },
      ),
      { numRuns: 50 },
    )
  })

  it.each(signingAlgorithms)('signed by %s is verified by OpenSSL', (signing_algorithm) => {
    const own = rootOf(subject, keyOf(signerFor[signing_algorithm]), signing_algorithm)
    const entries = reasonNames.map((reason, index) => ({
      serial: `8${index}`,
      revoked_at: iso(-100 - index),
      reason,
    }))
    const crl = signCrl(crlPlan(own, entries), own)
    const { stdout, stderr } = openssl(
      { 'ca.pem': own.pem, 'a.crl': crl },
      'crl',
      '-inform',
      'DER',
      '-in',
      'a.crl',
      '-CAfile',
      'ca.pem',
      '-noout',
      '-text',
      '-verify',
    )
    expect(stderr).toContain('verify OK')
    expect(stdout).toMatch(/X509v3 CRL Number:\s+7\n/)
    for (const text of [
      'Serial Number: 80',
      'Serial Number: 89',
      'Key Compromise',
      'CA Compromise',
      'Affiliation Changed',
      'Superseded',
      'Cessation Of Operation',
      'Certificate Hold',
      'Remove From CRL',
      'Privilege Withdrawn',
      'AA Compromise',
    ])
      expect(stdout).toContain(text)
    expect(stdout).not.toContain('Unspecified')
    expect(verifyCrl(crl, own.key.spki)).toBe(true)
    expect(verifyCrl(crl, keyOf('ED25519').spki)).toBe(false)
  })

  it.each([
    ['with the serial it lists', '80ff0102', /certificate revoked/],
    ['with another serial', '40ff0102', /leaf\.pem: OK/],
  ])('lets OpenSSL reject just the leaf %s', (_, serial, outcome) => {
    const issuing = intermediateOf(authority, [{ type: 'CN', value: 'Below' }], {
      key: keyOf('ECDSA_P384'),
      signing_algorithm: 'ECDSA_SHA_384',
    })
    const leaf = issue(planWith({ issuer: issuing.facts, serial }), issuing.key)
    const listed = signCrl(
      crlPlan(issuing, [{ serial: '80ff0102', revoked_at: iso(-5), reason: 'keyCompromise' }]),
      issuing,
    )
    const pem = openssl({ 'a.crl': listed }, 'crl', '-inform', 'DER', '-in', 'a.crl').stdout
    const { stdout, stderr } = openssl(
      { 'root.pem': authority.pem, 'below.pem': issuing.pem, 'a.pem': pem, 'leaf.pem': pemOf(leaf) },
      'verify',
      '-x509_strict',
      '-crl_check',
      '-CRLfile',
      'a.pem',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'below.pem',
      'leaf.pem',
    )
    expect(stdout + stderr).toMatch(outcome)
  })

  it('without entries has no list at all', () => {
    const crl = signCrl(crlPlan(authority, []), authority)
    expect(readCrl(crl).count).toBe(0)
    const { stdout } = openssl({ 'a.crl': crl }, 'crl', '-inform', 'DER', '-in', 'a.crl', '-noout', '-text')
    expect(stdout).toContain('No Revoked Certificates')
  })

  it('for a shard is critical about its scope, word for word', () => {
    const url = 'http://pki.example.com/.well-known/pki/crl/iss-test/3'
    const crl = signCrl(crlPlan(authority, [], { shard_url: url }), authority)
    const { stdout } = openssl({ 'a.crl': crl }, 'crl', '-inform', 'DER', '-in', 'a.crl', '-noout', '-text')
    expect(stdout).toMatch(
      /X509v3 Issuing Distribution Point: critical\s+Full Name:\s+URI:http:\/\/pki\.example\.com\/\.well-known\/pki\/crl\/iss-test\/3/,
    )
    expect(readCrl(crl).is_shard).toBe(true)
  })

  it('is the same octets every time', () => {
    const entries = [
      { serial: '01', revoked_at: iso(0), reason: null },
      { serial: '02', revoked_at: iso(1) },
    ]
    expect(tbsCertList(crlPlan(authority, entries))).toEqual(tbsCertList(crlPlan(authority, entries)))
  })

  it.each<[string, Partial<CrlPlan>]>([
    ['a negative number', { number: -1 }],
    ['a number of 21 octets', { number: 1n << 159n }],
    ['a next update before this one', { next_update: iso(-61) }],
    ['no next update', { next_update: '' }],
    ['a key identifier that is not hex', { key_id: 'xx' }],
  ])('is not built with %s', (_, changes) => {
    expect(refusalOf(() => tbsCertList(crlPlan(authority, [], changes))).code).toBe('issuer_invalid')
  })

  it.each([
    ['a leading zero', { serial: '0001', revoked_at: iso(0) }],
    ['capitals', { serial: 'AB', revoked_at: iso(0) }],
    ['nothing', { serial: '', revoked_at: iso(0) }],
    ['21 octets', { serial: 'ff'.repeat(21), revoked_at: iso(0) }],
    ['no date', { serial: '01', revoked_at: 'soon' }],
  ])('is not built from an entry with %s: that is a fault, not a list without it', (_, entry) => {
    expect(() => tbsCertList(crlPlan(authority, [entry]))).toThrow()
  })

  describe('of a hundred thousand entries', () => {
    const count = 100_000
    const entries = function* (): Generator<CrlEntry> {
      for (let index = 0; index < count; index++) {
        yield {
          serial: `7f${index.toString(16).padStart(38, '0')}`,
          revoked_at: iso(-(index >> 7)),
          reason: 'superseded',
        }
      }
    }
    let crl: Uint8Array
    beforeAll(() => {
      crl = signCrl(crlPlan(authority, entries()), authority)
    })

    it('is built from a generator and verified by OpenSSL', () => {
      const { stdout, stderr } = openssl(
        { 'ca.pem': authority.pem, 'a.crl': crl },
        'crl',
        '-inform',
        'DER',
        '-in',
        'a.crl',
        '-CAfile',
        'ca.pem',
        '-noout',
        '-verify',
        '-hash',
      )
      expect(stderr).toContain('verify OK')
      expect(stdout).toMatch(/[0-9a-f]{8}/)
    })

    it('is read back entry by entry', () => {
      const facts = readCrl(crl)
      expect(facts.count).toBe(count)
      const written = entries()
      let same = 0
      for (const { serial } of facts.entries()) if (serial === written.next().value?.serial) same++
      expect(same).toBe(count)
    })
  })
})

describe('reading a list', () => {
  const crl = signCrl(
    crlPlan(authority, [
      { serial: '80', revoked_at: iso(0), reason: 'superseded' },
      { serial: '01', revoked_at: iso(0) },
    ]),
    authority,
  )

  it('refuses every truncation', () => {
    for (let length = 0; length < crl.length; length++)
      expect(refusalOf(() => readCrl(crl.subarray(0, length))).code).toBe('plan_mismatch')
  })

  it('ends in facts or a refusal for any bit turned over, and never verifies', () => {
    for (let bit = 0; bit < crl.length * 8; bit++) {
      const turned = Uint8Array.from(crl)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      try {
        void [...readCrl(turned, 'issuer_invalid').entries()]
      } catch (error) {
        expect(error).toMatchObject({ name: 'Refusal', code: 'issuer_invalid' })
      }
      if (bit % 8 === 0) expect(verifyCrl(turned, authority.key.spki)).toBe(false)
    }
  })
})
