import type { KeyObject } from 'node:crypto'
import { type KeyAlgorithm, keyAlgorithms } from '../model/algorithms.ts'
import { Refusal } from '../model/refusal.ts'
import { keyAlgorithmOf, keyTable, publicKeyOf } from './algorithms.ts'
import { cursorOf, elementAt, malformed, reading } from './der-reader.ts'
import { bitStringOctetsOf, magnitudeOf } from './der-values.ts'
import { modulusWeakness } from './weak-modulus.ts'

/** A key that may be certified. */
export type CheckedKey = { readonly algorithm: KeyAlgorithm; readonly key: KeyObject }

const partsOf = (spki: Uint8Array) => {
  const outer = elementAt(spki, 0)
  const cursor = cursorOf(outer.content)
  const identifier = cursor.next(0x30, 'the algorithm of the public key').raw
  const octets = bitStringOctetsOf(cursor.next(0x03, 'the public key'), 'the public key')
  cursor.end('the public key')
  if (outer.tag !== 0x30 || outer.raw.length !== spki.length)
    throw malformed('the public key is not a SEQUENCE')
  return { identifier, octets }
}

/** The octets of the subjectPublicKey BIT STRING, which key identifiers are hashed over; malformed otherwise. */
export const publicKeyOctetsOf = (spki: Uint8Array): Uint8Array => partsOf(spki).octets

const bigintOf = (magnitude: Uint8Array): bigint => BigInt(`0x${Buffer.from(magnitude).toString('hex')}`)

/** RSAPublicKey (RFC 8017 §A.1.1). */
const rsaWeakness = (octets: Uint8Array): string | null => {
  const outer = elementAt(octets, 0)
  const cursor = cursorOf(outer.content)
  const modulus = bigintOf(magnitudeOf(cursor.next(0x02, 'the modulus'), 'the modulus'))
  const exponent = bigintOf(magnitudeOf(cursor.next(0x02, 'the exponent'), 'the exponent'))
  const bits = modulus.toString(2).length
  if (bits !== 2048 && bits !== 3072 && bits !== 4096)
    return `an RSA key has 2048, 3072 or 4096 bits, not ${bits}`
  if (exponent < 65_537n || exponent % 2n === 0n || exponent >> 256n > 0n) {
    return 'the RSA exponent is not odd and from 65537 to 2^256'
  }
  return modulusWeakness(modulus)
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
  const row = keyAlgorithms
    .map((name) => keyTable[name])
    .find((candidate) => Buffer.compare(candidate.identifier, identifier) === 0)
  if (row === undefined) return refuse('the public key is of a kind or on a curve that is not accepted')
  if (row.type === 'ec' && octets[0] !== 0x04) return refuse('the EC point is not in its uncompressed form')
  const weakness = row.type === 'rsa' ? reading('csr_key_refused', () => rsaWeakness(octets)) : null
  if (weakness !== null) return refuse(weakness)
  const key = publicKeyOf(spki)
  const algorithm = key === null ? null : keyAlgorithmOf(key)
  if (key === null || algorithm === null) return refuse('the public key is not a valid one of its kind')
  const canonical = key.export({ format: 'der', type: 'spki' })
  if (Buffer.compare(canonical, spki) !== 0) return refuse('the public key is not in its canonical encoding')
  return { algorithm, key }
}
