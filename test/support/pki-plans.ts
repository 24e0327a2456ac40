import fc from 'fast-check'
import { type KeyAlgorithm, keyAlgorithms, signingAlgorithms } from '../../lib/model/algorithms.ts'
import { attributeTypes, type DistinguishedName, type GeneralName } from '../../lib/model/names.ts'
import { type CertificatePlan, certificatePlan, extendedKeyUsages, keyUsages } from '../../lib/model/plan.ts'
import { textOfIp } from '../../lib/pki/ip-address.ts'
import { allowsUsage } from '../../lib/pki/lint-plan.ts'
import { encodeName } from '../../lib/pki/name.ts'
import { isDeceptive } from '../../lib/pki/text.ts'
import { publicKeyFor } from './pki-keys.ts'

const text = (maximum: number) =>
  fc
    .string({ minLength: 1, maxLength: maximum, unit: 'grapheme' })
    .filter((value) => !isDeceptive(value) && [...value].length <= maximum && value.isWellFormed())

const letters = 'abcdefghijklmnopqrstuvwxyz'
const lettersAndDigits = [...`${letters}0123456789`]
const stringOf = (characters: readonly string[], minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength })

const attribute = fc.constantFrom(...attributeTypes).chain((type) => {
  const values = {
    C: stringOf([...letters.toUpperCase()], 2, 2),
    serialNumber: stringOf([...lettersAndDigits, ...` '()+,-./:=?`], 1, 64),
    DC: stringOf(lettersAndDigits, 1, 63),
    ST: text(40),
    L: text(40),
    O: text(40),
    OU: text(40),
    CN: text(40),
  }
  return fc.record({ type: fc.constant(type), value: values[type] })
})

export const anyName = (least: number): fc.Arbitrary<DistinguishedName> =>
  fc.array(attribute, { minLength: least, maxLength: 6 })

const label = fc
  .tuple(
    stringOf(lettersAndDigits, 1, 1),
    stringOf([...lettersAndDigits, '-'], 0, 10),
    stringOf([...letters], 1, 1),
  )
  .map((parts) => parts.join(''))
  .filter((value) => value.slice(2, 4) !== '--')

const domain = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'))

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

export const anyGeneralName: fc.Arbitrary<GeneralName> = fc.oneof(
  fc.record({ type: fc.constant('dns' as const), value: domain }),
  fc.record({ type: fc.constant('dns' as const), value: domain.map((value) => `*.${value}`) }),
  fc.record({ type: fc.constant('ip' as const), value: fc.oneof(octets(4), octets(16)).map(textOfIp) }),
  fc.record({ type: fc.constant('uri' as const), value: domain.map((value) => `spiffe://${value}/ns/a`) }),
  fc.record({ type: fc.constant('email' as const), value: domain.map((value) => `Some.One@${value}`) }),
)

export const anySerial = octets(20).map((value) => Buffer.from([0x5a, ...value.subarray(1)]).toString('hex'))

const issuer = fc
  .record({ name: anyName(1), key_id: octets(20), signing_algorithm: fc.constantFrom(...signingAlgorithms) })
  .map(({ name, key_id, signing_algorithm }) => ({
    id: 'iss-test',
    type: 'kms' as const,
    certificate_sha256: 'ab'.repeat(32),
    subject: Buffer.from(encodeName(name)).toString('base64'),
    key_id: Buffer.from(key_id).toString('hex'),
    signing_algorithm,
    not_after: '2100-01-01T00:00:00.000Z',
    name_constraints: [],
    crl_shards: 1,
  }))

const leafUsages = (algorithm: KeyAlgorithm) =>
  fc.subarray(
    keyUsages.filter((usage) => usage !== 'keyCertSign' && allowsUsage(algorithm, usage)),
    { minLength: 1 },
  )

// A host may be a name of a certificate and yet no host of a URL: "xn--" before what is no punycode.
const urls = fc.array(
  domain.map((value) => `http://${value}/crl`).filter((url) => URL.canParse(url)),
  { maxLength: 3 },
)

const anyObjectIdentifier = fc
  .tuple(
    fc.constantFrom('1.3', '2.5', '2.999', '0.9'),
    fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 6 }),
  )
  .map(([root, arcs]) => [root, ...arcs.map((arc) => arc % 10 ** 12)].join('.'))

/** Plans of end-entity certificates, every one of them coherent. */
export const anyPlan: fc.Arbitrary<CertificatePlan> = fc.constantFrom(...keyAlgorithms).chain((algorithm) =>
  fc
    .record({
      serial: anySerial,
      issuer,
      subject: anyName(0),
      subject_alternative_names: fc.uniqueArray(anyGeneralName, {
        minLength: 1,
        maxLength: 40,
        selector: ({ value }) => value,
      }),
      public_key: fc.constant(publicKeyFor(algorithm)),
      validity: fc.record({
        lifetime_seconds: fc.integer({ min: 60, max: 86_400 * 3650 }),
        backdate_seconds: fc.integer({ min: 0, max: 3600 }),
      }),
      basic_constraints: fc.constant({ ca: false, path_length: null }),
      key_usage: leafUsages(algorithm),
      extended_key_usage: fc.subarray(extendedKeyUsages.filter((purpose) => purpose !== 'timeStamping')),
      name_constraints: fc.constant(null),
      policies: fc.uniqueArray(anyObjectIdentifier, { maxLength: 4 }),
      must_staple: fc.boolean(),
      crl_distribution_points: urls,
      ocsp: urls,
      ca_issuers: urls,
      no_revocation_available: fc.constant(false),
      ocsp_no_check: fc.constant(false),
    })
    .map((plan) => certificatePlan.parse({ ...plan, must_staple: plan.must_staple && plan.ocsp.length > 0 })),
)

const key_id = '0123456789abcdef0123456789abcdef01234567'

/** A plain plan to change one thing in. */
export const planWith = (changes: Partial<CertificatePlan> = {}): CertificatePlan =>
  certificatePlan.parse({
    serial: '5a0102030405060708090a0b0c0d0e0f10111213',
    issuer: {
      id: 'iss-test',
      type: 'kms' as const,
      certificate_sha256: 'ab'.repeat(32),
      subject: Buffer.from(encodeName([{ type: 'CN', value: 'Test CA' }])).toString('base64'),
      key_id,
      signing_algorithm: 'ECDSA_SHA_256',
      not_after: '2100-01-01T00:00:00.000Z',
      name_constraints: [],
      crl_shards: 1,
    },
    subject: [{ type: 'CN', value: 'www.example.com' }],
    subject_alternative_names: [{ type: 'dns', value: 'www.example.com' }],
    public_key: publicKeyFor('ECDSA_P256'),
    validity: { lifetime_seconds: 86_400 * 90, backdate_seconds: 300 },
    basic_constraints: { ca: false, path_length: null },
    key_usage: ['digitalSignature'],
    extended_key_usage: ['serverAuth'],
    name_constraints: null,
    policies: [],
    must_staple: false,
    crl_distribution_points: ['http://pki.example.com/.well-known/pki/crl/iss-test'],
    ocsp: ['http://pki.example.com/.well-known/pki/ocsp/iss-test'],
    ca_issuers: ['http://pki.example.com/.well-known/pki/ca/iss-test'],
    no_revocation_available: false,
    ocsp_no_check: false,
    ...changes,
  })
