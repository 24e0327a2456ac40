import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { KeyAlgorithm, SigningAlgorithm } from '../../lib/model/algorithms.ts'
import { signingTable } from '../../lib/pki/algorithms.ts'

export type TestKey = { readonly publicKey: KeyObject; readonly privateKey: KeyObject; readonly spki: Buffer }

const generate: Readonly<Record<KeyAlgorithm, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  RSA_2048: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  RSA_3072: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
  RSA_4096: () => generateKeyPairSync('rsa', { modulusLength: 4096 }),
  ECDSA_P256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ECDSA_P384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ECDSA_P521: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ED25519: () => generateKeyPairSync('ed25519'),
}

const pool = new Map<KeyAlgorithm, TestKey>()

/** A key of this algorithm; the same one all through a test file. */
export function keyOf(algorithm: KeyAlgorithm): TestKey {
  const found = pool.get(algorithm)
  if (found !== undefined) return found
  const made = anotherKeyOf(algorithm)
  pool.set(algorithm, made)
  return made
}

/** A key of its own. */
export function anotherKeyOf(algorithm: KeyAlgorithm): TestKey {
  const pair = generate[algorithm]()
  return { ...pair, spki: pair.publicKey.export({ format: 'der', type: 'spki' }) }
}

export const publicKeyFor = (algorithm: KeyAlgorithm, { spki } = keyOf(algorithm)) => ({
  algorithm,
  spki: spki.toString('base64'),
  spki_sha256: createHash('sha256').update(spki).digest('hex'),
})

/** The key algorithm that tests sign with, for each way to sign. */
export const signerFor: Readonly<Record<SigningAlgorithm, KeyAlgorithm>> = {
  ECDSA_SHA_256: 'ECDSA_P256',
  ECDSA_SHA_384: 'ECDSA_P384',
  ECDSA_SHA_512: 'ECDSA_P521',
  RSASSA_PKCS1_V1_5_SHA_256: 'RSA_2048',
  RSASSA_PKCS1_V1_5_SHA_384: 'RSA_2048',
  RSASSA_PKCS1_V1_5_SHA_512: 'RSA_2048',
}

/** A signature over the message itself, as a CA key would make it over the digest. */
export const signWith = (key: KeyObject, signing_algorithm: SigningAlgorithm, message: Uint8Array): Buffer =>
  sign(signingTable[signing_algorithm].hash, message, key)
