import { hash } from 'node:crypto'
import { reading } from './der-reader.ts'
import { publicKeyOctetsOf } from './public-key.ts'

/** As `keyIdOf`, for readers: an SPKI that is not DER is malformed. */
export const readKeyId = (spki: Uint8Array): string =>
  hash('sha256', publicKeyOctetsOf(spki), 'hex').slice(0, 40)

/**
 * Key identifier (RFC 7093 §2 method 1): the leftmost 160 bits of SHA-256 over
 * the subjectPublicKey octets of a SubjectPublicKeyInfo, lower case hex.
 * Throws Refusal('csr_key_refused') when the SPKI is not DER.
 */
export const keyIdOf = (spki: Uint8Array): string => reading('csr_key_refused', () => readKeyId(spki))
