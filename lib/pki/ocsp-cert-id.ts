import { hash } from 'node:crypto'
import { asn1Null, integer, octetString, sequence } from './der.ts'
import { oid } from './der-oid.ts'
import { contentOf, cursorOf, type Element, malformed, rawOf, reading } from './der-reader.ts'
import { magnitudeOf, oidOf } from './der-values.ts'
import { publicKeyOctetsOf } from './public-key.ts'
import { serialOfOctets } from './serial.ts'

/** The hashes that a CertID may be made with. */
export type OcspHash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** CertID (RFC 6960 §4.1.1); hashes are lower case hex. */
export type OcspCertId = {
  /** Null when it is none of the hashes that are known here: no issuer can be recognized by it. */
  readonly hash: OcspHash | null
  readonly issuer_name_hash: string
  readonly issuer_key_hash: string
  /** Canonical, as the model's `serialNumber`. */
  readonly serial: string
  /** The CertID as it was asked, DER; a response echoes it. */
  readonly der: Uint8Array
}

/** The issuer as a CertID sees it: its name and its public key, both DER. */
export type OcspIssuer = { readonly subject: Uint8Array; readonly spki: Uint8Array }

const hashIds: Readonly<Record<OcspHash, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
}

const hashes: readonly OcspHash[] = ['sha1', 'sha256', 'sha384', 'sha512']

/** How many digits of hex a hash of each kind has. */
const digitsOf: Readonly<Record<OcspHash, number>> = { sha1: 40, sha256: 64, sha384: 96, sha512: 128 }

type IssuerHashes = { readonly name: string; readonly key: string }

/** Every question about an issuer is held against the same hashes: they are made once. */
const known = new WeakMap<OcspIssuer, Map<OcspHash, IssuerHashes>>()

/** The two hashes of a CertID, in hex: over the issuer's name, and over its key without tag, length and unused bits. */
const issuerHashes = (issuer: OcspIssuer, algorithm: OcspHash): IssuerHashes => {
  const of = known.get(issuer) ?? new Map<OcspHash, IssuerHashes>()
  known.set(issuer, of)
  const found = of.get(algorithm)
  if (found !== undefined) return found
  const octets = reading('issuer_invalid', () => publicKeyOctetsOf(issuer.spki))
  const made = { name: hash(algorithm, issuer.subject, 'hex'), key: hash(algorithm, octets, 'hex') }
  of.set(algorithm, made)
  return made
}

/**
 * A CertID for a serial that was asked for without one (`GET …/{serial hex}`).
 * The serial is canonical hex. Throws Refusal('issuer_invalid') when the
 * issuer's key is not DER.
 */
export function certIdOf(issuer: OcspIssuer, serial: string, algorithm: OcspHash = 'sha1'): OcspCertId {
  const { name, key } = issuerHashes(issuer, algorithm)
  const der = sequence(
    sequence(oid(hashIds[algorithm]), asn1Null),
    octetString(Buffer.from(name, 'hex')),
    octetString(Buffer.from(key, 'hex')),
    integer(Buffer.from(serial, 'hex')),
  )
  return { hash: algorithm, issuer_name_hash: name, issuer_key_hash: key, serial, der }
}

/** Whether a CertID names this issuer, by both hashes. Throws Refusal('issuer_invalid') as `certIdOf`. */
export function isIssuedBy(id: OcspCertId, issuer: OcspIssuer): boolean {
  if (id.hash === null) return false
  const { name, key } = issuerHashes(issuer, id.hash)
  return id.issuer_name_hash === name && id.issuer_key_hash === key
}

const hexOf = (element: Element): string => Buffer.from(contentOf(element)).toString('hex')

/** A CertID from its element; malformed unless its hashes have the length of their kind. */
export function readCertId(element: Element): OcspCertId {
  const cursor = cursorOf(element)
  const algorithm = cursorOf(cursor.next(0x30, 'the hash algorithm'))
  const id = oidOf(algorithm.next(0x06, 'the hash algorithm'), 'the hash algorithm')
  algorithm.optional(0x05)
  algorithm.end('the hash algorithm')
  const issuer_name_hash = hexOf(cursor.next(0x04, 'the hash of the issuer name'))
  const issuer_key_hash = hexOf(cursor.next(0x04, 'the hash of the issuer key'))
  const serial = serialOfOctets(magnitudeOf(cursor.next(0x02, 'the serial number'), 'the serial number'))
  cursor.end('the serial number')
  const found = hashes.find((name) => hashIds[name] === id) ?? null
  const digits = found === null ? null : digitsOf[found]
  if (digits !== null && (issuer_name_hash.length !== digits || issuer_key_hash.length !== digits)) {
    throw malformed('a hash of the issuer does not have the length of its kind')
  }
  return { hash: found, issuer_name_hash, issuer_key_hash, serial, der: rawOf(element) }
}
