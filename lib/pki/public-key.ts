import type { KeyObject } from 'node:crypto'
import { type KeyAlgorithm, keyAlgorithms } from '../model/algorithms.ts'
import { Refusal } from '../model/refusal.ts'
import { keyTable, publicKeyOf } from './algorithms.ts'
import { cursorOf, rawOf, reading, soleElement } from './der-reader.ts'
import { bitStringOctetsOf, magnitudeOf } from './der-values.ts'
import { sameOctets } from './same.ts'
import { modulusWeakness } from './weak-modulus.ts'

/** A key that may be certified. */
export type CheckedKey = { readonly algorithm: KeyAlgorithm; readonly key: KeyObject }

const partsOf = (spki: Uint8Array) => {
  const cursor = cursorOf(soleElement(spki, 0x30, 'the public key'))
  const identifier = rawOf(cursor.next(0x30, 'the algorithm of the public key'))
  const octets = bitStringOctetsOf(cursor.next(0x03, 'the public key'), 'the public key')
  cursor.end('the public key')
  return { identifier, octets }
}

/** The octets of the subjectPublicKey BIT STRING, which key identifiers are hashed over; malformed otherwise. */
export const publicKeyOctetsOf = (spki: Uint8Array): Uint8Array => partsOf(spki).octets

const bigintOf = (magnitude: Uint8Array): bigint => BigInt(`0x${Buffer.from(magnitude).toString('hex')}`)

type Rsa = { readonly modulus: bigint; readonly exponent: bigint; readonly bits: number }

/** RSAPublicKey (RFC 8017 §A.1.1) in its one encoding: two INTEGERs in their shortest form, and nothing besides. */
const rsaOf = (octets: Uint8Array): Rsa => {
  const cursor = cursorOf(soleElement(octets, 0x30, 'the RSA key'))
  const modulus = bigintOf(magnitudeOf(cursor.next(0x02, 'the modulus'), 'the modulus'))
  const exponent = bigintOf(magnitudeOf(cursor.next(0x02, 'the exponent'), 'the exponent'))
  cursor.end('the RSA key')
  return { modulus, exponent, bits: modulus.toString(2).length }
}

const rsaWeakness = ({ modulus, exponent, bits }: Rsa): string | null => {
  if (bits !== 2048 && bits !== 3072 && bits !== 4096)
    return `an RSA key has 2048, 3072 or 4096 bits, not ${bits}`
  if (exponent < 65_537n || exponent % 2n === 0n || exponent >> 256n > 0n) {
    return 'the RSA exponent is not odd and from 65537 to 2^256'
  }
  return modulusWeakness(modulus)
}

/** Octets of the one encoding of the other keys: both coordinates after 0x04 (RFC 5480 §2.2), or RFC 8032 §5.1.5. */
const octetsOfKey: Readonly<Partial<Record<KeyAlgorithm, number>>> = {
  ECDSA_P256: 65,
  ECDSA_P384: 97,
  ECDSA_P521: 133,
  ED25519: 32,
}

const refuse = (detail: string): never => {
  throw new Refusal('csr_key_refused', detail)
}

/**
 * The algorithm and key of a SubjectPublicKeyInfo that is fit to be certified:
 * of a kind and size in our table, in its one canonical encoding (EC points
 * uncompressed), on its curve, and no RSA modulus known to be weak. Throws
 * Refusal('csr_key_refused').
 */
export function checkPublicKey(spki: Uint8Array): CheckedKey {
  const { identifier, octets } = reading('csr_key_refused', () => partsOf(spki))
  const named = keyAlgorithms.filter((name) => sameOctets(keyTable[name].identifier, identifier))
  const [first] = named
  if (first === undefined) return refuse('the public key is of a kind or on a curve that is not accepted')
  const { type } = keyTable[first]
  if (type === 'ec' && octets[0] !== 0x04) return refuse('the EC point is not in its uncompressed form')
  const rsa = type === 'rsa' ? reading('csr_key_refused', () => rsaOf(octets)) : null
  const weakness = rsa === null ? null : rsaWeakness(rsa)
  if (weakness !== null) return refuse(weakness)
  const algorithm = named.find(
    (name) =>
      keyTable[name].modulus_bits === rsa?.bits &&
      octetsOfKey[name] === (rsa === null ? octets.length : undefined),
  )
  // OpenSSL looks whether the point is on its curve.
  const key = algorithm === undefined ? null : publicKeyOf(spki)
  if (key === null || algorithm === undefined) return refuse('the public key is not a valid one of its kind')
  return { algorithm, key }
}
