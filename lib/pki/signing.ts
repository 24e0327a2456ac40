import { createHash, createPublicKey, createVerify } from 'node:crypto'
import type { SigningAlgorithm } from '../model/algorithms.ts'
import { signingTable } from './algorithms.ts'
import { bitString, sequence } from './der.ts'

/** How a key signs: a digest goes in, a signature (ECDSA as DER) comes out. KMS takes it as `MessageType: DIGEST`. */
export type SignDigest = (digest: Uint8Array) => Promise<Uint8Array>

/** The digest that a signing algorithm signs, over one or many chunks of what is signed. */
export function digestFor(
  signed: Uint8Array | Iterable<Uint8Array>,
  signing_algorithm: SigningAlgorithm,
): Uint8Array {
  const hash = createHash(signingTable[signing_algorithm].hash)
  for (const chunk of signed instanceof Uint8Array ? [signed] : signed) hash.update(chunk)
  return new Uint8Array(hash.digest())
}

/** Whether a signature over chunks holds under an issuer's SubjectPublicKeyInfo. */
export function verifyChunks(
  chunks: Iterable<Uint8Array>,
  signing_algorithm: SigningAlgorithm,
  { signature, spki }: { readonly signature: Uint8Array; readonly spki: Uint8Array },
): boolean {
  const verifier = createVerify(signingTable[signing_algorithm].hash)
  for (const chunk of chunks) verifier.update(chunk)
  return verifier.verify(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }), signature)
}

/** SIGNED{} (RFC 5280 §4.1): what was signed, the algorithm, the signature. */
export const signedSequence = (
  signed: Uint8Array,
  signing_algorithm: SigningAlgorithm,
  signature: Uint8Array,
): Uint8Array => sequence(signed, signingTable[signing_algorithm].identifier, bitString(signature))
