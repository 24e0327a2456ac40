import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkRequest } from '../../../lib/flows/check-request.ts'
import { planLeaf } from '../../../lib/flows/plan-certificate.ts'
import { profileViolations } from '../../../lib/model/check-profile.ts'
import type { GeneralName } from '../../../lib/model/names.ts'
import { type ProfileDocument, profileDocument } from '../../../lib/model/profile.ts'
import { Refusal } from '../../../lib/model/refusal.ts'
import { secondsOf } from '../../../lib/model/time.ts'
import { periodFor, tbsCertificate } from '../../../lib/pki/certificate.ts'
import { readCsr } from '../../../lib/pki/csr.ts'
import { namedBits, number, sequence } from '../../../lib/pki/der.ts'
import { oid } from '../../../lib/pki/der-oid.ts'
import { lintCertificate } from '../../../lib/pki/lint.ts'
import { now } from '../../support/pki-chain.ts'
import { extension } from '../../support/pki-csr.ts'
import { planWith } from '../../support/pki-plans.ts'
import { anyDocument, anyRequest, documentWith, requestFor } from '../../support/profile-requests.ts'

const { issuer } = planWith()

const planned = (der: Uint8Array, document: ProfileDocument, lifetime?: string) => {
  const csr = readCsr(der)
  const seconds = secondsOf(lifetime ?? document.validity.default)
  const request = { csr, document, issuer, lifetime: seconds }
  const plan = planLeaf(request, 'http://pki.example.com', '5a'.repeat(20))
  return { csr, plan, document }
}

/** What a profile has against a request, by pointer; empty when it is accepted. */
const complaintsOf = (der: Uint8Array, document: ProfileDocument, lifetime?: string): readonly string[] => {
  try {
    checkRequest(planned(der, document, lifetime))
    return []
  } catch (error) {
    if (error instanceof Refusal && error.code === 'profile_violation')
      return error.violations.map(({ pointer }) => pointer)
    throw error
  }
}

const dns = (value: string): GeneralName => ({ type: 'dns', value })
const uri = (value: string): GeneralName => ({ type: 'uri', value })

describe('what a profile accepts', () => {
  it('lints clean, whatever the profile and the request', () => {
    let accepted = 0
    fc.assert(
      fc.property(anyDocument, anyRequest, (document, der) => {
        if (profileViolations(document).length > 0 || complaintsOf(der, document).length > 0) return
        accepted += 1
        const { plan } = planned(der, document)
        const period = periodFor(plan, now, null)
        expect(lintCertificate(tbsCertificate(plan, period), plan, period).plan).toEqual(plan)
        expect(plan.subject).toEqual(readCsr(der).subject)
        expect(plan.subject_alternative_names).toEqual(readCsr(der).subject_alternative_names)
      }),
      { numRuns: 800 },
    )
    expect(accepted).toBeGreaterThan(20)
  })

  const wildcards = documentWith({
    subject_alternative_names: { dns: { domains: ['example.com'], wildcards: true } },
  })
  const exact = documentWith({
    subject_alternative_names: { dns: { domains: ['example.com'], subdomains: false } },
  })
  const spiffe = documentWith({
    subject_alternative_names: { uri: { spiffe_trust_domains: ['example.org'] } },
  })
  const prefix = documentWith({
    subject_alternative_names: { uri: { prefixes: ['https://example.com/a/'] } },
  })
  const ranges = documentWith({
    subject_alternative_names: { ip: { ranges: ['10.0.0.0/9', '2001:db8::/33'] } },
  })
  const mail = documentWith({ subject_alternative_names: { email: { domains: ['example.com'] } } })

  it.each<[string, ProfileDocument, GeneralName, boolean]>([
    ['a name in a domain', documentWith(), dns('www.example.com'), true],
    ['the domain itself', documentWith(), dns('example.com'), true],
    ['a name that only ends like the domain', documentWith(), dns('evil-example.com'), false],
    ['a wildcard where there are none', documentWith(), dns('*.example.com'), false],
    ['a wildcard', wildcards, dns('*.example.com'), true],
    ['a wildcard below', wildcards, dns('*.a.example.com'), true],
    ['a wildcard above', wildcards, dns('*.com'), false],
    ['a subdomain of exact domains', exact, dns('www.example.com'), false],
    ['an exact domain', exact, dns('example.com'), true],
    ['a SPIFFE ID', spiffe, uri('spiffe://example.org/ns/a'), true],
    ['a trust domain alone', spiffe, uri('spiffe://example.org'), true],
    ['another trust domain', spiffe, uri('spiffe://example.org.evil.com/a'), false],
    ['a SPIFFE ID with a port', spiffe, uri('spiffe://example.org:443/a'), false],
    ['a SPIFFE ID with an empty segment', spiffe, uri('spiffe://example.org//a'), false],
    ['a SPIFFE ID with a dot segment', spiffe, uri('spiffe://example.org/a/../b'), false],
    ['a SPIFFE ID with a query', spiffe, uri('spiffe://example.org/a?b'), false],
    ['a SPIFFE ID under prefixes', prefix, uri('spiffe://example.com/a/b'), false],
    ['a URI below a prefix', prefix, uri('https://example.com/a/b'), true],
    ['a URI that climbs out of it', prefix, uri('https://example.com/a/../b'), false],
    ['a URI that climbs out of it in disguise', prefix, uri('https://example.com/a/%2e%2e/b'), false],
    ['a URI at another host', prefix, uri('https://example.com.evil.org/a/b'), false],
    ['an address in a range', ranges, { type: 'ip', value: '10.127.255.255' }, true],
    ['an address past it', ranges, { type: 'ip', value: '10.128.0.0' }, false],
    ['an IPv6 address in a range', ranges, { type: 'ip', value: '2001:db8:7fff::1' }, true],
    ['an IPv6 address past it', ranges, { type: 'ip', value: '2001:db8:8000::1' }, false],
    ['a mailbox', mail, { type: 'email', value: 'A.B@mail.example.com' }, true],
    ['a mailbox elsewhere', mail, { type: 'email', value: 'a@example.org' }, false],
    ['a type that is absent', mail, dns('example.com'), false],
  ])('%s', (_, document, name, accepted) => {
    const der = requestFor({ names: [name] })
    expect(complaintsOf(der, document)).toEqual(accepted ? [] : ['/csr/subject_alternative_names/0'])
  })
})

describe('what a profile refuses', () => {
  it('is said all at once, each with where it is', () => {
    const document = documentWith({ key_algorithms: ['RSA_2048'], subject: { allowed: ['CN'] } })
    const der = requestFor({
      subject: [
        { type: 'O', value: 'Example' },
        { type: 'CN', value: 'elsewhere.example.com' },
      ],
      names: [dns('www.example.com'), dns('www.example.org'), { type: 'ip', value: '10.0.0.1' }],
      extensions: [
        extension('2.5.29.15', namedBits([0, 3])),
        extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.2'))),
      ],
    })
    expect(complaintsOf(der, document, 'P91D')).toEqual([
      '/csr/public_key',
      '/csr/subject/0',
      '/csr/subject/1',
      '/csr/subject_alternative_names/1',
      '/csr/subject_alternative_names/2',
      '/csr/requested_key_usage',
      '/csr/requested_purposes',
      '/lifetime',
    ])
  })

  const asking = (...extensions: readonly Uint8Array[]) =>
    requestFor({ names: [dns('www.example.com')], extensions })
  const staple = extension('1.3.6.1.5.5.7.1.24', sequence(number(5)))
  const server = extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1')))

  it.each<[string, Uint8Array, ProfileDocument, readonly string[]]>([
    ['a usage that is granted', asking(extension('2.5.29.15', namedBits([0]))), documentWith(), []],
    ['the purpose that is granted', asking(server), documentWith(), []],
    ['an end-entity certificate', asking(extension('2.5.29.19', sequence())), documentWith(), []],
    ['must-staple that is granted', asking(staple), documentWith({ must_staple: true }), []],
    ['must-staple that is not', asking(staple), documentWith(), ['/csr/requested_tls_features']],
    [
      'another TLS feature',
      asking(extension('1.3.6.1.5.5.7.1.24', sequence(number(17)))),
      documentWith({ must_staple: true }),
      ['/csr/requested_tls_features'],
    ],
    [
      'an extension that nobody reads',
      asking(extension('2.5.29.32', sequence(sequence(oid('1.2.3.4'))))),
      documentWith(),
      ['/csr/requested_extensions/0'],
    ],
    [
      'a CA certificate',
      asking(extension('2.5.29.15', namedBits([0, 5]))),
      documentWith(),
      ['/csr/requested_extensions', '/csr/requested_key_usage'],
    ],
  ])('or grants: %s', (_, der, document, pointers) => {
    expect(complaintsOf(der, document)).toEqual(pointers)
  })

  const fixed = documentWith({ subject: { allowed: ['CN'], fixed: { O: 'Example' } } })

  it.each<[string, NonNullable<Parameters<typeof requestFor>[0]['subject']>, readonly string[]]>([
    ['the fixed attribute', [{ type: 'O', value: 'Example' }], []],
    ['no subject at all', [], ['/csr/subject']],
    ['another value', [{ type: 'O', value: 'example' }], ['/csr/subject/0']],
    [
      'the value twice',
      [
        { type: 'O', value: 'Example' },
        { type: 'O', value: 'Example' },
      ],
      ['/csr/subject/1'],
    ],
  ])('subjects that are not as fixed: %s', (_, subject, pointers) => {
    const der = requestFor({ names: [dns('www.example.com')], subject })
    expect(complaintsOf(der, fixed)).toEqual(pointers)
  })

  it('a second URI beside a SPIFFE ID', () => {
    const document = documentWith({
      subject_alternative_names: { uri: { spiffe_trust_domains: ['example.org'] } },
    })
    const names = [uri('spiffe://example.org/a'), uri('spiffe://example.org/b')]
    expect(complaintsOf(requestFor({ names }), document)).toEqual(['/csr/subject_alternative_names'])
  })

  it('more names than it allows', () => {
    const document = documentWith({
      subject_alternative_names: { dns: { domains: ['example.com'] }, max_names: 2 },
    })
    const names = ['a', 'b', 'c'].map((label) => dns(`${label}.example.com`))
    expect(complaintsOf(requestFor({ names }), document)).toEqual(['/csr/subject_alternative_names'])
  })

  it.each<[string, GeneralName, boolean]>([
    ['a permitted name', dns('a.example.com'), true],
    ['an excluded one', dns('a.secret.example.com'), false],
    ['a wildcard over an excluded one', dns('*.example.com'), false],
    ['a name outside', dns('a.example.net'), false],
    ['an address in the permitted range', { type: 'ip', value: '10.1.1.1' }, true],
    ['an address outside', { type: 'ip', value: '192.0.2.1' }, false],
    ['a type that is not constrained', { type: 'email', value: 'a@example.net' }, true],
  ])('what the name constraints above forbid: %s', (_, name, accepted) => {
    const document = documentWith({
      subject_alternative_names: {
        dns: { domains: ['example.com', 'example.net'], wildcards: true },
        ip: { ranges: ['0.0.0.0/0'] },
        email: { domains: ['example.net'] },
      },
    })
    const constraints = {
      permitted: [
        { type: 'dns' as const, value: 'example.com' },
        { type: 'ip' as const, value: '10.0.0.0/8' },
      ],
      excluded: [{ type: 'dns' as const, value: 'secret.example.com' }],
    }
    const checked = planned(requestFor({ names: [name] }), document)
    const plan = { ...checked.plan, issuer: { ...issuer, name_constraints: [constraints] } }
    const check = () => checkRequest({ ...checked, plan })
    if (accepted) expect(check).not.toThrow()
    else expect(check).toThrow(Refusal)
  })
})

describe('a profile', () => {
  it.each<[string, object, string]>([
    ['a purpose twice', { extended_key_usage: ['serverAuth', 'serverAuth'] }, '/extended_key_usage'],
    ['time stamping and more', { extended_key_usage: ['timeStamping', 'clientAuth'] }, '/extended_key_usage'],
    ['a policy twice', { policies: ['2.23.140.1.2.1', '2.23.140.1.2.1'] }, '/policies'],
    [
      'stapling what lives minutes',
      { must_staple: true, validity: { default: 'PT10M', max: 'PT10M' } },
      '/must_staple',
    ],
    ['a server of any name', { subject: { allowed: ['CN'], common_name: 'free' } }, '/subject/common_name'],
    [
      'wildcards without subdomains',
      { subject_alternative_names: { dns: { domains: ['a.b'], wildcards: true, subdomains: false } } },
      '/subject_alternative_names/dns/wildcards',
    ],
    ['URIs but none', { subject_alternative_names: { uri: {} } }, '/subject_alternative_names/uri'],
    ['no names', { subject_alternative_names: {} }, '/subject_alternative_names'],
  ])('is incoherent with %s', (_, changes, pointer) => {
    expect(profileViolations(documentWith(changes)).map((violation) => violation.pointer)).toEqual([pointer])
  })

  it.each<[string, object]>([
    ['a purpose that makes OCSP responders', { extended_key_usage: ['OCSPSigning'] }],
    ['no purpose', { extended_key_usage: [] }],
    ['a usage that RSA keys alone have', { key_usage: { ec: ['keyEncipherment'] } }],
    ['a usage of CAs', { key_usage: { rsa: ['keyCertSign'] } }],
    ['a lifetime under a minute', { validity: { default: 'PT59S', max: 'P1D' } }],
    ['a default above its maximum', { validity: { default: 'P2D', max: 'P1D' } }],
    ['a prefix without a host', { subject_alternative_names: { uri: { prefixes: ['https://'] } } }],
    [
      'a prefix that ends inside a host',
      { subject_alternative_names: { uri: { prefixes: ['https://a.b'] } } },
    ],
    ['a prefix of SPIFFE IDs', { subject_alternative_names: { uri: { prefixes: ['spiffe://a.b/'] } } }],
    ['an attribute that we do not know', { subject: { allowed: ['emailAddress'] } }],
    ['an identifier that is none', { policies: ['3.1.2'] }],
    ['a member that we do not know', { validty: {} }],
  ])('is not one with %s', (_, changes) => {
    expect(profileDocument.safeParse({ ...documentWith(), ...changes }).success).toBe(false)
  })
})
