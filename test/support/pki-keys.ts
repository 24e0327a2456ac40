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

/** Public keys whose private halves were thrown away: large ones take seconds to make. */
const large: Readonly<Partial<Record<KeyAlgorithm, string>>> = {
  RSA_3072:
    'MIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAkot2+9WfdPZOev28V5ZmrwrE9wt17i/ZF5vWwAGQcKp2ZwB6yvFYpPJjyql8i5aMBZS3pfwRMOvq0nTELO8YNCnUQpfxn85whCgBCHsmuQ8JSsSCv+08j7DKTQE51ztmGCSEVvSIqCJHi+xcVIN0OWw+qQZaynbasP+NMB3WEnJ8jqxs4tfPQx/16iC6J5UFJid9n60tNyzGuwyG4fM5kll7WdFHR/ctoYSs5YCoc4KTiqQhJ18GlCzkONb5CRYzCCp9Nquk4UJBq3QTFU6jwnOYUNKrtgDl7Y4ggTPGcMui3/RYqkJ2dsDvrP2aAzlGIuFWRBPsjlFFGspQY0ZbBxmeTmehC0OHIAYXG9XXfoYLYs76Y5yLlyz+RnSrpsroh9Dp8hZ19wfcuYwnD852f88ulavHvZCQk/iZMiTwudeBtOat/VoPHO5vnhhtJTle6atYrnVlUFDgHaw1lE63NYP7GsUVZjId/QUDfqxcJbBP0erF7JxGV7bPNMB3Oe2JAgMBAAE=',
  RSA_4096:
    'MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAka+q/JY0s7B+T56hHVf+K4RDflJLzWsi2wO9vVPZksdZE1iHvMcPuv7ue6SocFRQ525viJNWDxEe5f6Xxc/xyzPb3oBAZVXM/vkPQDp08cyuRPMerzD0VcqYBFSNCebXC76NfMCF0G6yeKMTqTP4AFzM1bYGXMA5QHQKs9w1ydgr5p2Hh9fRZPh4vU3fM6BvR7aAWqbva7A4fSnrIFBkGDe/KANh75bM+ouwVhPDGh5zbk4//5nLXTeHgyh3LASVcFh5sinHbzdPb22hnr2gp+JdiTRvx2L9wEWnwOO4fXjctyCBOQyAWEz7QPlJpRd5DDQNkQU6Y7Q6AwniyfUJx+BqzYUC2RZ63cRaMfhrc1LSyu9sZLtZJifXM/j3vVoC64OqcDIAywbRKqOhTkkOk3smbvx7vSyDjA13ecB6FLad3KSlWUzSJm6JzGxHY87ZhZR1AfV2GvSFCBrWC9Lx04hO4RlizjnsNyx5IJPnDueX6JO8nNIFpb6GKgZOUVZrhUTeQGwHLfAiELItPx867ZH0UrRyszfHjavi33KL9kRa5j2UNzABCfUkWwKBFBb7P5VVihgKpwkWdG8aES3TcnZ/olMBrH9yQtb5MeDGfzE80TIfQRJfU1Ik4uPSYXJW7or3lGAwXdpmOMBC6NTtA75hFF6QGeq+v/YpZ44goO0CAwEAAQ==',
}

/** A SubjectPublicKeyInfo of this algorithm, for those who need no private key. */
export function spkiFor(algorithm: KeyAlgorithm): Buffer {
  const made = large[algorithm]
  return made === undefined ? keyOf(algorithm).spki : Buffer.from(made, 'base64')
}

export const publicKeyFor = (algorithm: KeyAlgorithm, spki: Buffer = spkiFor(algorithm)) => ({
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
