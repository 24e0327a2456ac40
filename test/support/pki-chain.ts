import type { SigningAlgorithm } from '../../lib/model/algorithms.ts'
import type { DistinguishedName } from '../../lib/model/names.ts'
import type { CertificatePlan, IssuerFacts } from '../../lib/model/plan.ts'
import { periodFor, tbsCertificate } from '../../lib/pki/certificate.ts'
import { readCertificate } from '../../lib/pki/certificate-reader.ts'
import { readCsr } from '../../lib/pki/csr.ts'
import { keyIdOf } from '../../lib/pki/key-id.ts'
import { assembleSigned, lintCertificate } from '../../lib/pki/lint.ts'
import { encodeName } from '../../lib/pki/name.ts'
import { encodePem } from '../../lib/pki/pem.ts'
import { publicKeyFor, signerFor, signWith, type TestKey } from './pki-keys.ts'
import { planWith } from './pki-plans.ts'

export type TestAuthority = {
  readonly der: Uint8Array
  readonly pem: string
  readonly key: TestKey
  readonly facts: IssuerFacts
}

export const now = new Date(Math.floor(Date.now() / 1000) * 1000)

/** The certificate of a plan, by the one way that there is: build, lint, sign, assemble. */
export function issue(plan: CertificatePlan, key: TestKey, at = now): Uint8Array {
  const period = periodFor(plan, at, null)
  const linted = lintCertificate(tbsCertificate(plan, period), plan, period)
  return assembleSigned(linted, signWith(key.privateKey, plan.issuer.signing_algorithm, linted.tbs), key.spki)
}

export const pemOf = (der: Uint8Array): string => encodePem('CERTIFICATE', der)

const caPlan = (subject: DistinguishedName, key: TestKey, signing_algorithm: SigningAlgorithm) => ({
  serial: '01',
  subject: [...subject],
  subject_alternative_names: [],
  public_key: publicKeyFor(signerFor[signing_algorithm], key.spki),
  validity: { lifetime_seconds: 86_400 * 3650, backdate_seconds: 0 },
  key_usage: ['digitalSignature' as const, 'keyCertSign' as const, 'cRLSign' as const],
  extended_key_usage: [],
})

const authorityOf = (der: Uint8Array, key: TestKey, signing_algorithm: SigningAlgorithm): TestAuthority => {
  const facts = readCertificate(der)
  const issuer: IssuerFacts = {
    id: 'iss-test',
    type: 'kms',
    certificate_sha256: facts.sha256,
    subject: Buffer.from(facts.subject_der).toString('base64'),
    key_id: facts.key_id ?? '',
    signing_algorithm,
    not_after: facts.not_after,
    name_constraints: facts.name_constraints === null ? [] : [facts.name_constraints],
    crl_shards: 1,
  }
  return { der, pem: pemOf(der), key, facts: issuer }
}

/** What a CA makes of the request of another, PEM: with something changed, from a moment on. */
export function certified(
  csr: string,
  parent: TestAuthority,
  { changes = {}, begins = now }: { readonly changes?: object; readonly begins?: Date },
): string {
  const { public_key, subject } = readCsr(csr)
  const plan = planWith({
    issuer: { ...parent.facts, not_after: '2100-01-01T00:00:00.000Z' },
    subject: [...subject],
    subject_alternative_names: [],
    public_key,
    validity: { lifetime_seconds: 86_400 * 365, backdate_seconds: 0 },
    basic_constraints: { ca: true, path_length: 0 },
    key_usage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    extended_key_usage: [],
    ...changes,
  })
  return pemOf(issue(plan, parent.key, begins))
}

/** A CA that signs itself. */
export function rootOf(
  subject: DistinguishedName,
  key: TestKey,
  signing_algorithm: SigningAlgorithm,
  at = now,
): TestAuthority {
  const issuer = {
    id: 'iss-root',
    type: 'kms' as const,
    certificate_sha256: null,
    subject: Buffer.from(encodeName(subject)).toString('base64'),
    key_id: keyIdOf(key.spki),
    signing_algorithm,
    not_after: null,
    name_constraints: [],
    crl_shards: 1,
  }
  const plan = planWith({
    ...caPlan(subject, key, signing_algorithm),
    issuer,
    basic_constraints: { ca: true, path_length: null },
    crl_distribution_points: [],
    ocsp: [],
    ca_issuers: [],
  })
  return authorityOf(issue(plan, key, at), key, signing_algorithm)
}

/** A CA below another, which may not have CAs below it. */
export function intermediateOf(
  parent: TestAuthority,
  subject: DistinguishedName,
  own: { readonly key: TestKey; readonly signing_algorithm: SigningAlgorithm },
  at = now,
): TestAuthority {
  const plan = planWith({
    ...caPlan(subject, own.key, own.signing_algorithm),
    serial: '80ff',
    issuer: parent.facts,
    validity: { lifetime_seconds: 86_400 * 1000, backdate_seconds: 0 },
    basic_constraints: { ca: true, path_length: 0 },
  })
  return authorityOf(issue(plan, parent.key, at), own.key, own.signing_algorithm)
}
