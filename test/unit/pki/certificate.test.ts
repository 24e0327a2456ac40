import 'reflect-metadata'
import { createHash, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import * as pkijs from 'pkijs'
import { describe, expect, it } from 'vitest'
import { signingAlgorithms } from '../../../lib/model/algorithms.ts'
import type { DistinguishedName, GeneralName } from '../../../lib/model/names.ts'
import { type CertificatePlan, keyUsages } from '../../../lib/model/plan.ts'
import { periodFor, tbsCertificate } from '../../../lib/pki/certificate.ts'
import { readCertificate, verifyCertificate } from '../../../lib/pki/certificate-reader.ts'
import { element, sequence } from '../../../lib/pki/der.ts'
import { purposeIds } from '../../../lib/pki/extension-values.ts'
import { octetsOfIp, textOfIp } from '../../../lib/pki/ip-address.ts'
import { lintCertificate } from '../../../lib/pki/lint.ts'
import { issue, now, pemOf } from '../../support/pki-chain.ts'
import { rdn } from '../../support/pki-csr.ts'
import { keyOf, signerFor } from '../../support/pki-keys.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { anyPlan, planWith } from '../../support/pki-plans.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

const signerOf = (plan: CertificatePlan) => keyOf(signerFor[plan.issuer.signing_algorithm])

const hex = (octets: ArrayBuffer | Uint8Array) =>
  Buffer.from(octets instanceof Uint8Array ? octets : new Uint8Array(octets)).toString('hex')

const x509Types: Readonly<Record<string, GeneralName['type']>> = {
  dns: 'dns',
  ip: 'ip',
  url: 'uri',
  email: 'email',
}

const attributeIds: Readonly<Record<string, string>> = {
  '2.5.4.6': 'C',
  '2.5.4.8': 'ST',
  '2.5.4.7': 'L',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '0.9.2342.19200300.100.1.25': 'DC',
}

describe('a certificate built from any plan', () => {
  it('is read by node:crypto as the plan says', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const certificate = new X509Certificate(issue(plan, signerOf(plan)))
        expect(certificate.verify(signerOf(plan).publicKey)).toBe(true)
        expect(certificate.serialNumber.toLowerCase()).toBe(plan.serial)
        expect(certificate.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')).toBe(
          plan.public_key.spki,
        )
        expect(certificate.validFromDate.getTime()).toBe(
          now.getTime() - plan.validity.backdate_seconds * 1000,
        )
        expect(certificate.validToDate.getTime()).toBe(
          now.getTime() + (plan.validity.lifetime_seconds - 1) * 1000,
        )
        expect(certificate.ca).toBe(false)
        expect(certificate.keyUsage ?? []).toEqual(
          plan.extended_key_usage.map((purpose) => purposeIds[purpose]),
        )
      }),
      { numRuns: 30 },
    )
  })

  it('is read by @peculiar/x509 as the plan says', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const certificate = new x509.X509Certificate(issue(plan, signerOf(plan)))
        const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)
        const list = names?.names.items.map(({ type, value }) => ({
          type: x509Types[type],
          value: type === 'ip' ? textOfIp(octetsOfIp(value) ?? new Uint8Array(4)) : value,
        }))
        expect(list).toEqual(plan.subject_alternative_names)
        expect(names?.critical).toBe(plan.subject.length === 0)
        const usage = certificate.getExtension(x509.KeyUsagesExtension)
        expect(usage?.usages).toBe(
          plan.key_usage.reduce((bits, name) => bits | (1 << keyUsages.indexOf(name)), 0),
        )
        expect(usage?.critical).toBe(true)
        expect(certificate.getExtension(x509.BasicConstraintsExtension)).toMatchObject({
          ca: false,
          critical: true,
        })
        expect(certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(plan.issuer.key_id)
        const key_id = createHash('sha256')
          .update(Buffer.from(new Uint8Array(keyBits(plan))))
          .digest('hex')
          .slice(0, 40)
        expect(certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId).toBe(key_id)
        const policies = certificate.getExtension(x509.CertificatePolicyExtension)
        expect(policies?.policies ?? []).toEqual(plan.policies)
        expect(hex(certificate.getExtension('1.3.6.1.5.5.7.1.24')?.value ?? new Uint8Array())).toBe(
          plan.must_staple ? '3003020105' : '',
        )
        const access = certificate.getExtension(x509.AuthorityInfoAccessExtension)
        expect((access?.ocsp ?? []).map(({ value }) => value)).toEqual(plan.ocsp)
        expect((access?.caIssuers ?? []).map(({ value }) => value)).toEqual(plan.ca_issuers)
        const points = certificate.getExtension(x509.CRLDistributionPointsExtension)?.distributionPoints ?? []
        expect(
          points.map((point) => point.distributionPoint?.fullName?.[0]?.uniformResourceIdentifier),
        ).toEqual(plan.crl_distribution_points)
      }),
      { numRuns: 30 },
    )
  })

  it('is read by pkijs as the plan says', () => {
    const nameOf = (name: pkijs.RelativeDistinguishedNames) =>
      name.typesAndValues.map(({ type, value }) => ({
        type: attributeIds[type],
        value: value.valueBlock.value,
      }))
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const certificate = pkijs.Certificate.fromBER(Uint8Array.from(issue(plan, signerOf(plan))))
        expect(certificate.version).toBe(2)
        expect(hex(certificate.serialNumber.valueBlock.valueHexView)).toBe(plan.serial)
        expect(nameOf(certificate.subject)).toEqual(plan.subject)
        expect(Buffer.from(certificate.issuer.toSchema().toBER()).length).toBeGreaterThan(2)
        const ids = certificate.extensions?.map(({ extnID }) => extnID) ?? []
        expect(new Set(ids).size).toBe(ids.length)
        expect(
          certificate.extensions?.filter(({ critical }) => critical).map(({ extnID }) => extnID),
        ).toEqual(
          plan.subject.length === 0 ? ['2.5.29.19', '2.5.29.15', '2.5.29.17'] : ['2.5.29.19', '2.5.29.15'],
        )
      }),
      { numRuns: 30 },
    )
  })

  it('is read back by our own reader, and is the same octets every time', () => {
    fc.assert(
      fc.property(anyPlan, (plan) => {
        const period = periodFor(plan, now, null)
        expect(tbsCertificate(plan, period)).toEqual(tbsCertificate(structuredClone(plan), { ...period }))
        const facts = readCertificate(pemOf(issue(plan, signerOf(plan))))
        expect(facts).toMatchObject({
          serial: plan.serial,
          subject: plan.subject,
          subject_alternative_names: plan.subject_alternative_names,
          not_before: period.not_before,
          not_after: period.not_after,
          authority_key_id: plan.issuer.key_id,
          key_usage: keyUsages.filter((usage) => plan.key_usage.includes(usage)),
          extended_key_usage: plan.extended_key_usage,
          is_ca: false,
          path_length: null,
          signing_algorithm: plan.issuer.signing_algorithm,
        })
        expect(Buffer.from(facts.issuer_der).toString('base64')).toBe(plan.issuer.subject)
        expect(verifyCertificate(facts.der, signerOf(plan).spki)).toBe(true)
        expect(verifyCertificate(facts.der, keyOf('ED25519').spki)).toBe(false)
      }),
      { numRuns: 30 },
    )
  })
})

function keyBits(plan: CertificatePlan): ArrayBuffer {
  const info = pkijs.PublicKeyInfo.fromBER(Uint8Array.from(Buffer.from(plan.public_key.spki, 'base64')))
  return info.subjectPublicKey.valueBlock.valueHexView.slice().buffer
}

describe('a certificate', () => {
  it.each(signingAlgorithms)('signed by %s is read by OpenSSL', (signing_algorithm) => {
    const plan = planWith({ issuer: { ...planWith().issuer, signing_algorithm } })
    const { stdout, status } = openssl(
      { 'a.pem': pemOf(issue(plan, signerOf(plan))) },
      'x509',
      '-in',
      'a.pem',
      '-noout',
      '-text',
    )
    expect(status).toBe(0)
    expect(stdout).toContain('DNS:www.example.com')
    expect(stdout).toContain('OCSP - URI:http://pki.example.com/.well-known/pki/ocsp/iss-test')
  })

  it.each<[string, Uint8Array]>([
    ['a TeletexString', sequence(rdn('2.5.4.10', 0x14, Buffer.from('Zürich', 'latin1')))],
    ['a PrintableString where we would write UTF-8', sequence(rdn('2.5.4.3', 0x13, 'Old CA'))],
    ['an attribute that we do not know', sequence(rdn('1.2.840.113549.1.9.1', 0x16, 'ca@a.example'))],
    [
      'an RDN of two attributes',
      sequence(
        element(
          0x31,
          sequence(Buffer.from('0603550403', 'hex'), element(12, Buffer.from('a'))),
          sequence(Buffer.from('060355040a', 'hex'), element(12, Buffer.from('b'))),
        ),
      ),
    ],
  ])('carries the name of its issuer octet for octet when that has %s', (_, subject) => {
    const plan = planWith({
      issuer: { ...planWith().issuer, subject: Buffer.from(subject).toString('base64') },
    })
    const facts = readCertificate(issue(plan, signerOf(plan)))
    expect(hex(facts.issuer_der)).toBe(hex(subject))
  })

  it('with a long list of names keeps every one of them, in order', () => {
    const names = Array.from({ length: 1000 }, (_, index) => ({
      type: 'dns' as const,
      value: `host-${index}.example.com`,
    }))
    const plan = planWith({ subject_alternative_names: names })
    const der = issue(plan, signerOf(plan))
    expect(readCertificate(der).subject_alternative_names).toEqual(names)
    expect(new X509Certificate(der).subjectAltName?.split(', ')).toHaveLength(1000)
  })

  it.each<DistinguishedName>([
    [{ type: 'CN', value: '東京' }],
    [{ type: 'O', value: 'Ελλάς 🦊' }],
    [
      { type: 'C', value: 'DE' },
      { type: 'DC', value: 'example' },
      { type: 'serialNumber', value: 'A-1' },
    ],
  ])('carries %j', (...subject) => {
    const plan = planWith({ subject })
    const { stdout } = openssl(
      { 'a.pem': pemOf(issue(plan, signerOf(plan))) },
      'x509',
      '-in',
      'a.pem',
      '-noout',
      '-subject',
      '-nameopt',
      'utf8,sep_comma_plus,sname',
    )
    for (const { value } of subject) expect(stdout).toContain(value)
  })

  it('that is short-lived says noRevAvail and nothing about CRL or OCSP', () => {
    const plan = planWith({ no_revocation_available: true, crl_distribution_points: [], ocsp: [] })
    const text = openssl(
      { 'a.pem': pemOf(issue(plan, signerOf(plan))) },
      'x509',
      '-in',
      'a.pem',
      '-noout',
      '-text',
    ).stdout
    expect(text).toMatch(/2\.5\.29\.56|No Revocation Available/)
    expect(text).not.toMatch(/CRL Distribution|OCSP/)
  })

  it.each([
    ['1 octet', '01'],
    ['1 octet with the high bit', '80'],
    ['2 octets', '0a1b'],
    ['19 octets with the high bit', 'ff'.repeat(19)],
    ['20 octets', `7f${'ff'.repeat(19)}`],
  ])('has a serial number of %s as everybody reads it', (_, serial) => {
    const der = issue(planWith({ serial }), signerOf(planWith()))
    expect(readCertificate(der).serial).toBe(serial)
    expect(new X509Certificate(der).serialNumber.toLowerCase()).toBe(serial)
    expect(new x509.X509Certificate(der).serialNumber.replace(/^00/, '')).toBe(serial)
  })

  it.each([
    ['in 2049', '2049-01-01T00:00:00Z', '170d'],
    ['across the end of 2049', '2049-12-31T23:59:30Z', '180f'],
  ])('that ends %s has its end in the right type of time', (_, at, header) => {
    const plan = planWith({ validity: { lifetime_seconds: 60, backdate_seconds: 0 } })
    const tbs = hex(tbsCertificate(plan, periodFor(plan, new Date(at), null)))
    const start = '170d343930313031' // 170d "4901…"
    expect(
      tbs.includes(header === '170d' ? start : `180f${Buffer.from('20500101000029Z').toString('hex')}`),
    ).toBe(true)
  })

  it('has a validity of exactly its lifetime, whatever the fraction of the second it is issued in', () => {
    const plan = planWith({ validity: { lifetime_seconds: 3600, backdate_seconds: 60 } })
    expect(periodFor(plan, new Date('2026-01-01T00:00:00.999Z'), null)).toEqual({
      not_before: '2025-12-31T23:59:00.000Z',
      not_after: '2026-01-01T00:59:59.000Z',
    })
  })

  it.each([
    ['an older issuer', '2025-12-31T23:58:59.000Z', '2025-12-31T23:59:00.000Z'],
    ['an issuer that began meanwhile', '2025-12-31T23:59:30.000Z', '2025-12-31T23:59:30.000Z'],
    ['an issuer that begins now', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
  ])('of %s begins with it at the earliest, and ends when it was to', (_, since, not_before) => {
    const plan = planWith({ validity: { lifetime_seconds: 3600, backdate_seconds: 60 } })
    const period = periodFor(plan, new Date('2026-01-01T00:00:00.999Z'), since)
    expect(period).toEqual({ not_before, not_after: '2026-01-01T00:59:59.000Z' })
    expect(lintCertificate(tbsCertificate(plan, period), plan, period).period).toEqual(period)
  })

  it.each([
    ['a second', '2026-01-01T00:00:01.000Z', '2026-01-01T01:00:00.000Z'],
    ['five minutes', '2026-01-01T00:05:00.000Z', '2026-01-01T01:04:59.000Z'],
  ])('of an issuer that begins in %s begins with it, and is as long as any', (_, since, not_after) => {
    const plan = planWith({ validity: { lifetime_seconds: 3600, backdate_seconds: 60 } })
    const period = periodFor(plan, new Date('2026-01-01T00:00:00.999Z'), since)
    expect(period).toEqual({ not_before: since, not_after })
    expect(lintCertificate(tbsCertificate(plan, period), plan, period).period).toEqual(period)
  })

  it('is made by no issuer that begins later than that', () => {
    const at = () => periodFor(planWith(), new Date('2026-01-01T00:00:00Z'), '2026-01-01T00:05:01.000Z')
    expect(refusalOf(at).code).toBe('issuer_inactive')
    expect(at).toThrow('the issuer begins at 2026-01-01T00:05:01.000Z')
  })

  it('never outlives its issuer, however late that begins', () => {
    const issuer = { ...planWith().issuer, not_after: '2026-01-01T01:00:00.000Z' }
    const plan = planWith({ issuer, validity: { lifetime_seconds: 3600, backdate_seconds: 0 } })
    const at = new Date('2026-01-01T00:00:00Z')
    expect(refusalOf(() => periodFor(plan, at, '2026-01-01T00:01:00.000Z')).code).toBe('profile_violation')
  })

  it('never outlives its issuer', () => {
    const at = new Date('2026-01-01T00:00:00Z')
    const ending = (not_after: string) =>
      planWith({
        issuer: { ...planWith().issuer, not_after },
        validity: { lifetime_seconds: 3600, backdate_seconds: 0 },
      })
    expect(periodFor(ending('2026-01-01T00:59:59.000Z'), at, null).not_after).toBe('2026-01-01T00:59:59.000Z')
    expect(refusalOf(() => periodFor(ending('2026-01-01T00:59:58.000Z'), at, null)).code).toBe(
      'profile_violation',
    )
  })

  it.each([
    [
      'a name that is not canonical',
      { subject_alternative_names: [{ type: 'dns' as const, value: 'A.example' }] },
      'profile_violation',
    ],
    [
      'a subject with a control character',
      { subject: [{ type: 'CN' as const, value: 'a\u0007' }] },
      'profile_violation',
    ],
    [
      'a public key that is none',
      { public_key: { ...planWith().public_key, spki: 'AAAA' } },
      'csr_key_refused',
    ],
    [
      'half an octet of key identifier',
      { issuer: { ...planWith().issuer, key_id: 'abcdef012' } },
      'issuer_invalid',
    ],
    ['a URL that is not ASCII', { ocsp: ['http://ü.example/'] }, 'profile_violation'],
  ])('is not built from a plan with %s', (_, changes, code) => {
    const plan = { ...planWith(), ...changes }
    expect(refusalOf(() => tbsCertificate(plan, periodFor(plan, now, null))).code).toBe(code)
  })
})

describe('reading a certificate', () => {
  const der = issue(planWith(), signerOf(planWith()))

  it('refuses every truncation under the code of the caller', () => {
    for (let length = 0; length < der.length; length++) {
      expect(refusalOf(() => readCertificate(der.subarray(0, length), 'plan_mismatch')).code).toBe(
        'plan_mismatch',
      )
    }
  })

  it('ends in facts or a refusal, whatever the octets', () => {
    const edit = fc.record({
      at: fc.nat(der.length),
      remove: fc.nat(4),
      insert: fc.uint8Array({ maxLength: 4 }),
    })
    fc.assert(
      fc.property(edit, ({ at, remove, insert }) => {
        const edited = Buffer.concat([der.subarray(0, at), insert, der.subarray(at + remove)])
        try {
          readCertificate(edited)
        } catch (error) {
          expect(error).toMatchObject({ name: 'Refusal', code: 'issuer_invalid' })
        }
        if (!edited.equals(Buffer.from(der)))
          expect(verifyCertificate(edited, signerOf(planWith()).spki)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('takes real CA certificates of others as they are', () => {
    const pem = openssl(
      {},
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'k.pem',
      '-subj',
      '/C=US/O=Other/emailAddress=ca@a.example',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
    ).stdout
    const facts = readCertificate(pem)
    const oracle = new X509Certificate(pem)
    expect(facts).toMatchObject({
      is_ca: true,
      subject: null,
      sha256: oracle.fingerprint256.replaceAll(':', '').toLowerCase(),
      serial: oracle.serialNumber.toLowerCase(),
    })
    expect(verifyCertificate(facts.der, facts.spki)).toBe(true)
  })
})
