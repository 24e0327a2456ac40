/** Subject public keys that a profile can allow. */
export const keyAlgorithms = [
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'ECDSA_P256',
  'ECDSA_P384',
  'ECDSA_P521',
  'ED25519',
] as const

export type KeyAlgorithm = (typeof keyAlgorithms)[number]

/**
 * How an issuer signs, in the names AWS KMS uses for its signing algorithms.
 * RSA is PKCS#1 v1.5, which every relying party verifies.
 */
export const signingAlgorithms = [
  'ECDSA_SHA_256',
  'ECDSA_SHA_384',
  'ECDSA_SHA_512',
  'RSASSA_PKCS1_V1_5_SHA_256',
  'RSASSA_PKCS1_V1_5_SHA_384',
  'RSASSA_PKCS1_V1_5_SHA_512',
] as const

export type SigningAlgorithm = (typeof signingAlgorithms)[number]

/** How a CA key of each kind signs; null for keys that CAs here do not have. */
export const signingAlgorithmOf: Readonly<Record<KeyAlgorithm, SigningAlgorithm | null>> = {
  RSA_2048: 'RSASSA_PKCS1_V1_5_SHA_256',
  RSA_3072: 'RSASSA_PKCS1_V1_5_SHA_256',
  RSA_4096: 'RSASSA_PKCS1_V1_5_SHA_256',
  ECDSA_P256: 'ECDSA_SHA_256',
  ECDSA_P384: 'ECDSA_SHA_384',
  ECDSA_P521: 'ECDSA_SHA_512',
  ED25519: null,
}
