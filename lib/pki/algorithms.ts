import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type KeyAlgorithm, type SigningAlgorithm, signingAlgorithms } from '../model/algorithms.ts'
import { asn1Null, explicit, number, sequence } from './der.ts'
import { oid } from './der-oid.ts'
import { hexOf } from './octets.ts'
import { encodePem } from './pem.ts'
import { sameOctets } from './same.ts'

/** The hashes that signatures are over, as node:crypto names them. */
export type HashName = 'sha256' | 'sha384' | 'sha512'

/** The kinds of key that a signature can come from, as node:crypto names them. */
type KeyType = 'rsa' | 'ec' | 'ed25519'

type KeyRow = {
  readonly type: KeyType
  /** AlgorithmIdentifier of the SubjectPublicKeyInfo, DER. */
  readonly identifier: Uint8Array
  readonly modulus_bits?: number
  readonly curve?: string
}

const rsaKey = sequence(oid('1.2.840.113549.1.1.1'), asn1Null)
const ecKey = (curve: string) => sequence(oid('1.2.840.10045.2.1'), oid(curve))
const ed25519 = sequence(oid('1.3.101.112'))

/** Public keys by name (RFC 3279 §2.3.1, RFC 5480 §2.1, RFC 8410 §3). */
export const keyTable: Readonly<Record<KeyAlgorithm, KeyRow>> = {
  RSA_2048: { type: 'rsa', identifier: rsaKey, modulus_bits: 2048 },
  RSA_3072: { type: 'rsa', identifier: rsaKey, modulus_bits: 3072 },
  RSA_4096: { type: 'rsa', identifier: rsaKey, modulus_bits: 4096 },
  ECDSA_P256: { type: 'ec', identifier: ecKey('1.2.840.10045.3.1.7'), curve: 'prime256v1' },
  ECDSA_P384: { type: 'ec', identifier: ecKey('1.3.132.0.34'), curve: 'secp384r1' },
  ECDSA_P521: { type: 'ec', identifier: ecKey('1.3.132.0.35'), curve: 'secp521r1' },
  ED25519: { type: 'ed25519', identifier: ed25519 },
}

type SignatureRow = {
  readonly type: KeyType
  /** AlgorithmIdentifier, DER. */
  readonly identifier: Uint8Array
  readonly hash: HashName | null
  readonly salt_octets?: number
}

const ecdsa = (arc: string) => sequence(oid(`1.2.840.10045.4.3.${arc}`))
const pkcs1 = (arc: string) => sequence(oid(`1.2.840.113549.1.1.${arc}`), asn1Null)

/** How issuers sign (RFC 5758 §3.2, RFC 8017 §A.2.4). */
export const signingTable: Readonly<Record<SigningAlgorithm, SignatureRow & { readonly hash: HashName }>> = {
  ECDSA_SHA_256: { type: 'ec', identifier: ecdsa('2'), hash: 'sha256' },
  ECDSA_SHA_384: { type: 'ec', identifier: ecdsa('3'), hash: 'sha384' },
  ECDSA_SHA_512: { type: 'ec', identifier: ecdsa('4'), hash: 'sha512' },
  RSASSA_PKCS1_V1_5_SHA_256: { type: 'rsa', identifier: pkcs1('11'), hash: 'sha256' },
  RSASSA_PKCS1_V1_5_SHA_384: { type: 'rsa', identifier: pkcs1('12'), hash: 'sha384' },
  RSASSA_PKCS1_V1_5_SHA_512: { type: 'rsa', identifier: pkcs1('13'), hash: 'sha512' },
}

/** RSASSA-PSS (RFC 4055 §3.1) with one hash throughout and a salt of its length; the hash's NULL may be absent. */
const pss = (arc: string, hash: HashName, salt_octets: number): SignatureRow[] =>
  [[asn1Null], []].map((parameters) => {
    const digest = sequence(oid(`2.16.840.1.101.3.4.2.${arc}`), ...parameters)
    const mask = sequence(oid('1.2.840.113549.1.1.8'), digest)
    const choice = sequence(explicit(0, digest), explicit(1, mask), explicit(2, number(salt_octets)))
    return { type: 'rsa', identifier: sequence(oid('1.2.840.113549.1.1.10'), choice), hash, salt_octets }
  })

/** Every signature that is verified, by its AlgorithmIdentifier; SHA-1 and MD5 are not among them. */
const acceptedSignatures: ReadonlyMap<string, SignatureRow> = new Map(
  [
    ...Object.values(signingTable),
    { type: 'ed25519', identifier: ed25519, hash: null } satisfies SignatureRow,
    ...pss('1', 'sha256', 32),
    ...pss('2', 'sha384', 48),
    ...pss('3', 'sha512', 64),
  ].map((row) => [hexOf(row.identifier), row]),
)

/** The signing algorithm that an AlgorithmIdentifier (DER) names; null when issuers here do not sign so. */
export const signingAlgorithmOf = (identifier: Uint8Array): SigningAlgorithm | null =>
  signingAlgorithms.find((name) => sameOctets(signingTable[name].identifier, identifier)) ?? null

/**
 * A public key from its SubjectPublicKeyInfo; null when node:crypto does not
 * take it (a point off the curve, say). It goes in as PEM because node:crypto
 * looks at text first: whether an object is a key already it finds out by an
 * exception, four times for DER, which takes longer than OpenSSL takes to read
 * the key.
 */
export function publicKeyOf(spki: Uint8Array): KeyObject | null {
  try {
    return createPublicKey(encodePem('PUBLIC KEY', spki))
  } catch {
    return null
  }
}

/** A signature as certificates, CRLs and requests carry it: all parts are DER or the octets inside. */
export type Signed = {
  readonly signed: Uint8Array
  /** AlgorithmIdentifier. */
  readonly identifier: Uint8Array
  readonly signature: Uint8Array
}

/** Whether the signature algorithm is one that is verified at all. */
export const isAcceptedSignature = (identifier: Uint8Array): boolean =>
  acceptedSignatures.has(hexOf(identifier))

/** Whether a signature by an accepted algorithm holds under this key. Hostile octets give false. */
export function verifySignature({ signed, identifier, signature }: Signed, key: KeyObject): boolean {
  const row = acceptedSignatures.get(hexOf(identifier))
  if (row === undefined || row.type !== key.asymmetricKeyType) return false
  const rsa =
    row.salt_octets === undefined
      ? { padding: constants.RSA_PKCS1_PADDING }
      : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: row.salt_octets }
  try {
    return verify(row.hash, signed, row.type === 'rsa' ? { key, ...rsa } : key, signature)
  } catch {
    return false
  }
}
