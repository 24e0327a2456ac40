import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SigningAlgorithm } from '../../../lib/model/algorithms.ts'
import { type CertificatePlan, certificatePlan, type ValidityPeriod } from '../../../lib/model/plan.ts'
import { Refusal } from '../../../lib/model/refusal.ts'
import { periodFor, tbsCertificate } from '../../../lib/pki/certificate.ts'
import { encodeExtension } from '../../../lib/pki/certificate-extensions.ts'
import { asn1Null, element, explicit, integer, sequence } from '../../../lib/pki/der.ts'
import { elementAt, listOf, rawOf } from '../../../lib/pki/der-reader.ts'
import { time } from '../../../lib/pki/der-time.ts'
import { assembleSigned, lintCertificate } from '../../../lib/pki/lint.ts'
import { encodeName } from '../../../lib/pki/name.ts'
import { digestFor } from '../../../lib/pki/signing.ts'
import { now } from '../../support/pki-chain.ts'
import { keyOf, publicKeyFor, signerFor, signWith } from '../../support/pki-keys.ts'
import { anyPlan, planWith } from '../../support/pki-plans.ts'

const plan = planWith()
const period = periodFor(plan, now, null)
const tbs = tbsCertificate(plan, period)

const pointersOf = (octets: Uint8Array, expected: CertificatePlan = plan, at: ValidityPeriod = period) => {
  try {
    lintCertificate(octets, expected, at)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'lint_failed')
      return error.violations.map(({ pointer }) => pointer)
    throw error
  }
  return 'passed'
}

const parts = membersOf(tbs)

function membersOf(der: Uint8Array): readonly Uint8Array[] {
  return listOf(elementAt(der, 0)).map(rawOf)
}

/** The TBSCertificate with one of its parts replaced. */
const withPart = (index: number, part: Uint8Array) => sequence(...parts.with(index, part))

const extensions = membersOf(parts[7] ?? new Uint8Array()).flatMap(membersOf)

const withExtensions = (...list: readonly Uint8Array[]) => withPart(7, explicit(3, sequence(...list)))

describe('the lint', () => {
  it('passes whatever was built from its plan', () => {
    fc.assert(
      fc.property(anyPlan, (any) => {
        const at = periodFor(any, now, null)
        const octets = tbsCertificate(any, at)
        expect(lintCertificate(octets, any, at)).toMatchObject({ tbs: octets, plan: any, period: at })
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    ['ends a second later than planned', 0, 1],
    ['begins a second earlier than its backdating', -1, 0],
    ['begins after the moment it is issued at', plan.validity.backdate_seconds + 1, 0],
  ])('refuses a period that %s', (_, begins, ends) => {
    const moved = (instant: string, seconds: number) =>
      new Date(Date.parse(instant) + seconds * 1000).toISOString()
    const other = { not_before: moved(period.not_before, begins), not_after: moved(period.not_after, ends) }
    expect(pointersOf(tbsCertificate(plan, other), plan, other)).toEqual(['/validity'])
  })

  it('does not mind in which order the members of a stored plan come', () => {
    const shuffled = JSON.parse(
      JSON.stringify(plan, (_, value) =>
        value && typeof value === 'object' && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).reverse())
          : value,
      ),
    )
    expect(pointersOf(tbs, certificatePlan.parse(shuffled))).toBe('passed')
    expect(pointersOf(tbs, shuffled)).toBe('passed')
  })

  it.each<[string, Partial<CertificatePlan>, string]>([
    ['serial', { serial: '02' }, '/serial'],
    [
      'issuer name',
      {
        issuer: {
          ...plan.issuer,
          subject: Buffer.from(encodeName([{ type: 'CN', value: 'Other' }])).toString('base64'),
        },
      },
      '/issuer/subject',
    ],
    ['issuer key', { issuer: { ...plan.issuer, key_id: 'ff'.repeat(20) } }, '/issuer/key_id'],
    [
      'signing algorithm',
      { issuer: { ...plan.issuer, signing_algorithm: 'ECDSA_SHA_384' } },
      '/issuer/signing_algorithm',
    ],
    ['end of the issuer', { issuer: { ...plan.issuer, not_after: now.toISOString() } }, '/issuer/not_after'],
    ['subject', { subject: [{ type: 'CN', value: 'other' }] }, '/subject'],
    ['order of the subject', { subject: [{ type: 'O', value: 'www.example.com' }] }, '/subject'],
    [
      'names',
      { subject_alternative_names: [{ type: 'dns', value: 'other.example.com' }] },
      '/subject_alternative_names',
    ],
    [
      'type of a name',
      { subject_alternative_names: [{ type: 'uri', value: 'www.example.com' }] },
      '/subject_alternative_names',
    ],
    ['number of names', { subject_alternative_names: [] }, ''],
    ['public key', { public_key: publicKeyFor('ECDSA_P384') }, '/public_key/spki'],
    [
      'digest of the key',
      { public_key: { ...plan.public_key, spki_sha256: '0'.repeat(64) } },
      '/public_key/spki_sha256',
    ],
    [
      'algorithm of the key',
      { public_key: { ...plan.public_key, algorithm: 'ECDSA_P384' } },
      '/public_key/algorithm',
    ],
    ['lifetime', { validity: { ...plan.validity, lifetime_seconds: 61 } }, '/validity'],
    ['backdating', { validity: { ...plan.validity, backdate_seconds: 0 } }, '/validity'],
    ['key usage', { key_usage: ['digitalSignature', 'contentCommitment'] }, '/key_usage'],
    ['purpose', { extended_key_usage: ['clientAuth'] }, '/extended_key_usage'],
    ['absence of a purpose', { extended_key_usage: [] }, ''],
    ['policies', { policies: ['2.23.140.1.2.1'] }, '/policies'],
    ['must-staple', { must_staple: true }, '/must_staple'],
    [
      'name constraints',
      { name_constraints: { permitted: [{ type: 'dns', value: 'a.b' }], excluded: [] } },
      '/name_constraints',
    ],
    [
      'names that the issuer may certify',
      {
        issuer: {
          ...plan.issuer,
          name_constraints: [{ permitted: [], excluded: [{ type: 'dns', value: 'example.com' }] }],
        },
      },
      '/subject_alternative_names',
    ],
    ['CRL address', { crl_distribution_points: ['http://other.example/crl'] }, '/crl_distribution_points'],
    ['OCSP address', { ocsp: ['http://other.example/ocsp'] }, '/ocsp'],
    ['CA address', { ca_issuers: [] }, '/ocsp'],
    ['nocheck', { ocsp_no_check: true }, '/ocsp_no_check'],
    ['noRevAvail', { no_revocation_available: true }, '/no_revocation_available'],
  ])('refuses a certificate whose %s is not that of the plan', (_, changes, pointer) => {
    expect(pointersOf(tbs, { ...plan, ...changes })).toContain(pointer)
  })

  it.each<[string, Partial<CertificatePlan>, string]>([
    [
      'keyEncipherment on an elliptic curve',
      { key_usage: ['digitalSignature', 'keyEncipherment'] },
      '/key_usage',
    ],
    [
      'keyAgreement on RSA',
      { public_key: publicKeyFor('RSA_2048'), key_usage: ['keyAgreement'] },
      '/key_usage',
    ],
    [
      'keyAgreement on Ed25519',
      { public_key: publicKeyFor('ED25519'), key_usage: ['keyAgreement'] },
      '/key_usage',
    ],
    ['keyCertSign on a leaf', { key_usage: ['digitalSignature', 'keyCertSign'] }, '/key_usage'],
    ['a CA without keyCertSign', { basic_constraints: { ca: true, path_length: null } }, '/key_usage'],
    [
      'a path length on a leaf',
      { basic_constraints: { ca: false, path_length: 0 } },
      '/basic_constraints/path_length',
    ],
    [
      'a CA without a subject',
      { basic_constraints: { ca: true, path_length: null }, key_usage: ['keyCertSign'], subject: [] },
      '/subject',
    ],
    ['no name at all', { subject: [], subject_alternative_names: [] }, '/subject_alternative_names'],
    [
      'time stamping among other purposes',
      { extended_key_usage: ['timeStamping', 'serverAuth'] },
      '/extended_key_usage',
    ],
    ['a purpose twice', { extended_key_usage: ['serverAuth', 'serverAuth'] }, '/extended_key_usage'],
    ['noRevAvail beside a CRL address', { no_revocation_available: true }, '/no_revocation_available'],
    ['nocheck on what is no OCSP responder', { ocsp_no_check: true }, '/ocsp_no_check'],
    ['a serial of 21 octets', { serial: 'ff'.repeat(20) }, '/serial'],
    ['an issuer without a name', { issuer: { ...plan.issuer, subject: 'MAA=' } }, '/issuer/subject'],
    [
      'a self-signed CA of another name',
      { issuer: { ...plan.issuer, certificate_sha256: null, not_after: null } },
      '/issuer/certificate_sha256',
    ],
    ['an issuer without an end', { issuer: { ...plan.issuer, not_after: null } }, '/issuer/not_after'],
  ])('refuses a plan with %s, even when the certificate is just that', (_, changes, pointer) => {
    const broken = planWith(changes)
    const at = periodFor(broken, now, null)
    expect(pointersOf(tbsCertificate(broken, at), broken, at)).toContain(pointer)
  })

  it.each<[string, Uint8Array, string]>([
    [
      'a serial with the sign bit',
      withPart(1, element(0x02, Buffer.from(`da${plan.serial.slice(2)}`, 'hex'))),
      'malformed',
    ],
    ['a serial of zero', withPart(1, integer(Uint8Array.of(0))), 'malformed'],
    ['version 1', sequence(...parts.slice(1)), 'malformed'],
    ['version 2', withPart(0, explicit(0, integer(Uint8Array.of(1)))), 'malformed'],
    [
      'GeneralizedTime before 2050',
      withPart(
        4,
        sequence(
          element(0x18, Buffer.from(`${period.not_before.slice(0, 19).replaceAll(/[-:T]/g, '')}Z`)),
          time(new Date(period.not_after)),
        ),
      ),
      '/validity',
    ],
    ['an issuer re-encoded', withPart(3, encodeName([{ type: 'O', value: 'Test CA' }])), '/issuer/subject'],
    ['an extension twice', withExtensions(...extensions, ...extensions.slice(0, 1)), 'malformed'],
    ['an extension more', withExtensions(...extensions, encodeExtension('1.2.3.4', false, asn1Null)), ''],
    ['no basicConstraints', withExtensions(...extensions.slice(1)), '/basic_constraints'],
    ['no extensions', sequence(...parts.slice(0, 7)), 'malformed'],
    ['extensions of nothing', withExtensions(), 'malformed'],
    [
      'key usage that is not critical',
      withExtensions(
        ...extensions.with(1, encodeExtension('2.5.29.15', false, Buffer.from('03020780', 'hex'))),
      ),
      '/key_usage',
    ],
    [
      'CA:TRUE',
      withExtensions(
        ...extensions.with(0, encodeExtension('2.5.29.19', true, Buffer.from('30030101ff', 'hex'))),
      ),
      '/basic_constraints',
    ],
    ['octets after the end', Buffer.concat([tbs, Buffer.of(0)]), 'malformed'],
    [
      'unique identifiers',
      sequence(...parts.slice(0, 7), element(0x81, Buffer.of(0, 1)), ...parts.slice(7)),
      'malformed',
    ],
  ])('refuses a certificate with %s', (_, octets, pointer) => {
    const found = pointersOf(octets)
    expect(found === 'passed' ? found : found.length === 0 ? 'malformed' : found).toEqual(
      pointer === 'malformed' ? 'malformed' : expect.arrayContaining([pointer]),
    )
  })

  it('refuses any bit that is turned over', () => {
    for (let bit = 0; bit < tbs.length * 8; bit++) {
      const changed = Uint8Array.from(tbs)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(pointersOf(changed)).not.toBe('passed')
    }
  })

  it('names every violation at once', () => {
    const pointers = pointersOf(tbs, { ...plan, serial: '02', subject: [], key_usage: ['keyAgreement'] })
    expect(pointers).toEqual(expect.arrayContaining(['/serial', '/subject', '/key_usage']))
  })
})

describe('assembling', () => {
  const key = keyOf(signerFor.ECDSA_SHA_256)
  const linted = lintCertificate(tbs, plan, period)
  const signed = (algorithm: SigningAlgorithm = 'ECDSA_SHA_256') => signWith(key.privateKey, algorithm, tbs)

  it('gives the certificate when the signature holds', () => {
    expect(assembleSigned(linted, signed(), key.spki).length).toBeGreaterThan(tbs.length)
    expect(Buffer.from(digestFor(tbs, 'ECDSA_SHA_256')).toString('hex')).toBe(linted.tbs_sha256)
  })

  it.each<[string, () => unknown]>([
    [
      'the signature of another key',
      () => assembleSigned(linted, signWith(keyOf('ECDSA_P384').privateKey, 'ECDSA_SHA_256', tbs), key.spki),
    ],
    ['another hash', () => assembleSigned(linted, signed('ECDSA_SHA_384'), key.spki)],
    ['no signature', () => assembleSigned(linted, new Uint8Array(), key.spki)],
    ['another key of the issuer', () => assembleSigned(linted, signed(), keyOf('ECDSA_P384').spki)],
    ['a key of another kind', () => assembleSigned(linted, signed(), keyOf('RSA_2048').spki)],
    ['a key that is none', () => assembleSigned(linted, signed(), Buffer.from('rubbish'))],
    ['a copy of what was linted', () => assembleSigned({ ...linted }, signed(), key.spki)],
  ])('refuses %s', (_, assemble) => {
    expect(assemble).toThrow(expect.objectContaining({ name: 'Refusal', code: 'plan_mismatch' }))
  })

  it('refuses octets that were changed after the lint', () => {
    const octets = Uint8Array.from(tbs)
    const certificate = lintCertificate(octets, plan, period)
    octets[20] = (octets[20] ?? 0) ^ 1
    const signature = signWith(key.privateKey, 'ECDSA_SHA_256', octets)
    expect(() => assembleSigned(certificate, signature, key.spki)).toThrow('changed after it')
  })
})
