import fc from 'fast-check'
import { keyAlgorithms } from '../../lib/model/algorithms.ts'
import type { GeneralName } from '../../lib/model/names.ts'
import { type ProfileDocument, profileDocument } from '../../lib/model/profile.ts'
import { encodeGeneralNames } from '../../lib/pki/general-names.ts'
import { encodeName } from '../../lib/pki/name.ts'
import { csrOf, extension, extensionRequest, rsaSha256 } from './pki-csr.ts'
import { keyOf } from './pki-keys.ts'

/** A profile document with its defaults, and one thing changed. */
export const documentWith = (changes: object = {}): ProfileDocument =>
  profileDocument.parse({
    name: 'Test',
    issuer_id: 'iss-test',
    key_algorithms: [...keyAlgorithms],
    subject: { allowed: ['CN', 'O'] },
    subject_alternative_names: { dns: { domains: ['example.com'] } },
    validity: { default: 'P90D', max: 'P90D' },
    ...changes,
  })

const subset = <T>(values: readonly T[], minLength = 0) => fc.subarray([...values], { minLength })

/** Profiles of every kind that the schema takes; not all of them are coherent. */
export const anyDocument: fc.Arbitrary<ProfileDocument> = fc
  .record({
    key_algorithms: subset(['ECDSA_P256', 'RSA_2048', 'ED25519'], 2),
    subject: fc.record({
      allowed: subset(['CN', 'O', 'OU', 'C'], 3),
      fixed: fc.constantFrom({}, {}, {}, { O: 'Example' }, { C: 'DE', O: 'Example' }),
      common_name: fc.constantFrom('subject_alternative_name', 'free'),
    }),
    subject_alternative_names: fc.record(
      {
        dns: fc.record({
          domains: subset(['example.com', 'example.org', 'localhost'], 1),
          subdomains: fc.boolean(),
          wildcards: fc.boolean(),
        }),
        ip: fc.record({ ranges: subset(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7/32'], 1) }),
        uri: fc.record({
          prefixes: subset(['https://example.com/', 'https://example.com/a/']),
          spiffe_trust_domains: subset(['example.org', 'prod.example.com']),
        }),
        email: fc.record({ domains: subset(['example.com'], 1) }),
        max_names: fc.constantFrom(1, 5, 100),
      },
      { requiredKeys: ['dns', 'ip'] },
    ),
    key_usage: fc.record({
      rsa: subset(['digitalSignature', 'contentCommitment', 'keyEncipherment', 'dataEncipherment'], 1),
      ec: subset(['digitalSignature', 'contentCommitment', 'keyAgreement'], 1),
      ed25519: subset(['digitalSignature', 'contentCommitment'], 1),
    }),
    extended_key_usage: fc.constantFrom(
      ['serverAuth'],
      ['clientAuth', 'serverAuth'],
      ['clientAuth'],
      ['timeStamping'],
      ['emailProtection', 'codeSigning'],
    ),
    policies: subset(['2.23.140.1.2.1', '1.3.6.1.4.1.99999.1']),
    must_staple: fc.boolean(),
    validity: fc.constantFrom(
      { default: 'P90D', max: 'P90D' },
      { default: 'PT10M', max: 'PT30M', backdate: 'PT0S' },
      { default: 'P1D', max: 'P398D', backdate: 'P1D' },
    ),
  })
  .map(documentWith)

const names: readonly GeneralName[] = [
  { type: 'dns', value: 'www.example.com' },
  { type: 'dns', value: 'example.com' },
  { type: 'dns', value: '*.example.com' },
  { type: 'dns', value: 'example.net' },
  { type: 'ip', value: '10.1.2.3' },
  { type: 'ip', value: '192.0.2.7' },
  { type: 'ip', value: '2001:db8::1' },
  { type: 'uri', value: 'spiffe://example.org/ns/a/sa/b' },
  { type: 'uri', value: 'https://example.com/a/b' },
  { type: 'email', value: 'someone@example.com' },
]

/** Requests that some of those profiles allow, DER. */
export const anyRequest: fc.Arbitrary<Uint8Array> = fc
  .record({
    key: fc.constantFrom('ECDSA_P256' as const, 'RSA_2048' as const, 'ED25519' as const),
    subject: fc.constantFrom(
      [],
      [{ type: 'CN' as const, value: 'www.example.com' }],
      [{ type: 'O' as const, value: 'Example' }],
      [
        { type: 'C' as const, value: 'DE' },
        { type: 'O' as const, value: 'Example' },
      ],
      [{ type: 'CN' as const, value: 'Someone Free' }],
    ),
    names: fc.subarray([...names], { minLength: 1, maxLength: 2 }),
  })
  .map((parts) => requestFor(parts))

type RequestParts = {
  readonly key?: keyof typeof signatures
  readonly subject?: Parameters<typeof encodeName>[0]
  readonly names: readonly GeneralName[]
  readonly extensions?: readonly Uint8Array[]
}

/** A request for these names, DER. */
export const requestFor = (parts: RequestParts): Uint8Array => {
  const { key = 'ECDSA_P256', subject = [], extensions = [] } = parts
  const { spki, privateKey } = keyOf(key)
  const wanted = [
    ...(parts.names.length === 0 ? [] : [extension('2.5.29.17', encodeGeneralNames(parts.names))]),
    ...extensions,
  ]
  return csrOf({
    subject: encodeName(subject),
    spki,
    privateKey,
    ...signatures[key],
    attributes: wanted.length === 0 ? [] : [extensionRequest(...wanted)],
  })
}

const signatures = {
  ECDSA_P256: {},
  ECDSA_P384: {},
  ECDSA_P521: {},
  RSA_2048: { identifier: rsaSha256 },
  RSA_3072: { identifier: rsaSha256 },
  RSA_4096: { identifier: rsaSha256 },
  ED25519: { identifier: Buffer.from('300506032b6570', 'hex'), hash: null },
} as const
