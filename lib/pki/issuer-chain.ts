import { signingAlgorithmOf } from '../model/algorithms.ts'
import type { IssuerFacts } from '../model/plan.ts'
import { Refusal, type Violation } from '../model/refusal.ts'
import { later, skewSeconds } from '../model/time.ts'
import { type CertificateFacts, readCertificate } from './certificate-reader.ts'
import { chainViolations, constraintsOf } from './check-issuer.ts'
import { checkPublicKey } from './public-key.ts'

/** What a chain that somebody brings says about an issuer. */
export type ImportedChain = {
  /** DER, base64: the CA certificate, then each above it. */
  readonly chain: readonly string[]
  readonly facts: Omit<IssuerFacts, 'id' | 'type' | 'crl_shards'>
  readonly path_length: number | null
}

const blocks = (pem: string): readonly string[] =>
  pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')

function* complaints(chain: readonly CertificateFacts[], spki: Uint8Array, now: Date): Generator<string> {
  const [own] = chain
  if (own === undefined) return yield 'there is no PEM certificate'
  if (chain.length > 8) yield 'a chain has at most 8 certificates'
  if (Buffer.compare(own.spki, spki) !== 0) yield 'the certificate is of another key than the request'
  if (!own.key_usage.includes('cRLSign')) yield 'the certificate does not allow to sign CRLs'
  if (own.key_id === null) yield 'the certificate has no key identifier'
  for (const [depth, { not_before, not_after }] of chain.entries()) {
    if (Date.parse(not_before) > later(now, skewSeconds).getTime())
      yield `certificate ${depth} begins at ${not_before}`
    if (Date.parse(not_after) <= now.getTime()) yield `certificate ${depth} ended at ${not_after}`
  }
  yield* chainViolations(chain)
}

/**
 * The certificate that a parent outside made for a CA key, followed by those
 * above it up to a root: PEM. `spki` is the key that it must be of; null for any. Throws Refusal('issuer_invalid') with all that
 * is wrong: another key, a broken chain, something that is no CA.
 */
export function readIssuerChain(pem: string, spki: Uint8Array | null, now: Date): ImportedChain {
  const chain = blocks(pem).map((block) => readCertificate(block))
  const details = [...complaints(chain, spki ?? chain[0]?.spki ?? new Uint8Array(), now)]
  const [own] = chain
  const signing_algorithm = own === undefined ? null : signingAlgorithmOf[checkPublicKey(own.spki).algorithm]
  if (own === undefined || own.key_id === null || signing_algorithm === null || details.length > 0) {
    const violations: Violation[] = details.map((detail) => ({ pointer: '/certificate', detail }))
    throw new Refusal('issuer_invalid', details.join('; '), violations)
  }
  return {
    chain: chain.map(({ der }) => base64(der)),
    facts: {
      certificate_sha256: own.sha256,
      subject: base64(own.subject_der),
      key_id: own.key_id,
      signing_algorithm,
      not_after: own.not_after,
      name_constraints: [...constraintsOf(chain)],
    },
    path_length: own.path_length,
  }
}
