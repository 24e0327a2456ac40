import type { SigningAlgorithm } from '../model/algorithms.ts'

/** How a key signs: a digest goes in, a signature (ECDSA as DER) comes out. KMS takes it as `MessageType: DIGEST`. */
export type SignDigest = (digest: Uint8Array) => Promise<Uint8Array>

export function digestFor(_tbs: Uint8Array, _signing_algorithm: SigningAlgorithm): Uint8Array {
  throw new Error('not built yet')
}
