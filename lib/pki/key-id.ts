import { createHash } from 'node:crypto'
import { reading } from './der-reader.ts'
import { publicKeyOctetsOf } from './public-key.ts'

/**
 * Key identifier (RFC 7093 §2 method 1): the leftmost 160 bits of SHA-256 over
 * the subjectPublicKey octets of a SubjectPublicKeyInfo, lower case hex.
 * Throws Refusal('csr_key_refused') when the SPKI is not DER.
 */
export function keyIdOf(spki: Uint8Array): string {
  const octets = reading('csr_key_refused', () => publicKeyOctetsOf(spki))
  return createHash('sha256').update(octets).digest('hex').slice(0, 40)
}
