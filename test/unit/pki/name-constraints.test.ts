import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GeneralName, NameConstraints, NameSubtree } from '../../../lib/model/names.ts'
import type { CertificatePlan } from '../../../lib/model/plan.ts'
import { readCertificate } from '../../../lib/pki/certificate-reader.ts'
import { octetsOfRange, textOfRange } from '../../../lib/pki/ip-address.ts'
import {
  constraintComplaint,
  encodeNameConstraints,
  readNameConstraints,
  subtreeComplaint,
} from '../../../lib/pki/name-constraints.ts'
import { issue, pemOf, rootOf } from '../../support/pki-chain.ts'
import { anotherKeyOf, keyOf, publicKeyFor } from '../../support/pki-keys.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { planWith } from '../../support/pki-plans.ts'

const root = rootOf([{ type: 'CN', value: 'Root' }], keyOf('ECDSA_P256'), 'ECDSA_SHA_256')
const caKey = anotherKeyOf('ECDSA_P256')

const caPlan = (name_constraints: NameConstraints): CertificatePlan =>
  planWith({
    issuer: root.facts,
    subject: [{ type: 'CN', value: 'Constrained' }],
    subject_alternative_names: [],
    public_key: publicKeyFor('ECDSA_P256', caKey.spki),
    basic_constraints: { ca: true, path_length: 0 },
    key_usage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    extended_key_usage: [],
    name_constraints,
  })

const constraints: NameConstraints = {
  permitted: [
    { type: 'dns', value: 'example.com' },
    { type: 'ip', value: '10.0.0.0/8' },
    { type: 'email', value: 'example.com' },
    { type: 'uri', value: '.example.com' },
  ],
  excluded: [
    { type: 'dns', value: 'secret.example.com' },
    { type: 'ip', value: '10.9.0.0/16' },
  ],
}

const ca = issue(caPlan(constraints), root.key)
const caFacts = readCertificate(ca)

const leafOf = (name: GeneralName) =>
  issue(
    planWith({
      issuer: {
        ...root.facts,
        certificate_sha256: caFacts.sha256,
        subject: Buffer.from(caFacts.subject_der).toString('base64'),
        key_id: caFacts.key_id ?? '',
        // what the lint would hold against the plan is left to OpenSSL here
        name_constraints: [],
      },
      subject: [{ type: 'O', value: 'Example' }],
      subject_alternative_names: [name],
      validity: { lifetime_seconds: 3600, backdate_seconds: 0 },
    }),
    caKey,
  )

const names: readonly GeneralName[] = [
  { type: 'dns', value: 'example.com' },
  { type: 'dns', value: 'a.b.example.com' },
  { type: 'dns', value: '*.b.example.com' },
  { type: 'dns', value: 'notexample.com' },
  { type: 'dns', value: 'secret.example.com' },
  { type: 'dns', value: 'a.secret.example.com' },
  { type: 'ip', value: '10.1.2.3' },
  { type: 'ip', value: '10.9.2.3' },
  { type: 'ip', value: '11.0.0.1' },
  { type: 'ip', value: '2001:db8::1' },
  { type: 'email', value: 'a@example.com' },
  { type: 'email', value: 'a@mail.example.com' },
  { type: 'uri', value: 'https://www.example.com/a' },
  { type: 'uri', value: 'https://www.example.com:8443/a' },
  { type: 'uri', value: 'https://example.com/a' },
  { type: 'uri', value: 'spiffe://prod.example.com/a' },
  { type: 'uri', value: 'spiffe://example.org/a' },
]

describe('name constraints', () => {
  it.each(names)('let pass what OpenSSL lets pass: $type $value', (name) => {
    const files = { 'root.pem': root.pem, 'ca.pem': pemOf(ca), 'leaf.pem': pemOf(leafOf(name)) }
    const args = ['-x509_strict', '-CAfile', 'root.pem', '-untrusted', 'ca.pem', 'leaf.pem']
    const { status } = openssl(files, 'verify', ...args)
    expect(constraintComplaint(name, constraints) === null).toBe(status === 0)
  })

  it('forbid a wildcard that stands for an excluded name', () => {
    expect(constraintComplaint({ type: 'dns', value: '*.example.com' }, constraints)).toMatch(/excluded/)
  })

  it('are read back from the certificate as they were planned', () => {
    expect(caFacts.name_constraints).toEqual(constraints)
    const text = openssl({ 'ca.pem': pemOf(ca) }, 'x509', '-in', 'ca.pem', '-noout', '-text').stdout
    expect(text).toMatch(/X509v3 Name Constraints: critical/)
    expect(text).toContain('IP:10.0.0.0/255.0.0.0')
  })

  it('survive a round trip, whatever they are', () => {
    const subtree: fc.Arbitrary<NameSubtree> = fc.oneof(
      fc.constantFrom<NameSubtree[]>(
        { type: 'dns', value: 'a.example' },
        { type: 'email', value: '.a.example' },
        { type: 'uri', value: 'a.example' },
      ),
      fc
        .tuple(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.nat(32))
        .map(([octets, length]): NameSubtree => {
          const range = octetsOfRange(`${octets.join('.')}/${length}`)
          return { type: 'ip', value: textOfRange(range ?? new Uint8Array(8)) }
        }),
    )
    const any = fc.record({ permitted: fc.array(subtree, { minLength: 1 }), excluded: fc.array(subtree) })
    fc.assert(
      fc.property(any, (given) => {
        expect(readNameConstraints(encodeNameConstraints(given))).toEqual(given)
        for (const part of [...given.permitted, ...given.excluded]) expect(subtreeComplaint(part)).toBe(null)
      }),
    )
  })

  it.each<[NameSubtree['type'], string]>([
    ['dns', '.example.com'],
    ['dns', 'Example.com'],
    ['dns', ''],
    ['uri', 'https://a.example/'],
    ['email', 'a@b.example'],
    ['ip', '10.0.0.1'],
    ['ip', '10.0.0.1/8'],
    ['ip', '10.0.0.0/33'],
    ['ip', '2001:DB8::/32'],
  ])('do not have the %s subtree %j', (type, value) => {
    expect(subtreeComplaint({ type, value })).not.toBe(null)
  })
})
