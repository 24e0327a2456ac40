import { type KeyObject, sign } from 'node:crypto'
import { asn1Null, element, explicit, number, octetString, sequence, set } from '../../lib/pki/der.ts'
import { oid } from '../../lib/pki/der-oid.ts'
import { keyOf } from './pki-keys.ts'

const ecdsaSha256 = sequence(oid('1.2.840.10045.4.3.2'))
export const rsaSha256 = sequence(oid('1.2.840.113549.1.1.11'), asn1Null)
export const rsaSha1 = sequence(oid('1.2.840.113549.1.1.5'), asn1Null)

export const rdn = (type: string, tag: number, value: Uint8Array | string): Uint8Array =>
  set(sequence(oid(type), element(tag, typeof value === 'string' ? Buffer.from(value) : value)))

export const commonName = (value: string): Uint8Array => sequence(rdn('2.5.4.3', 0x0c, value))

export const extension = (id: string, value: Uint8Array, critical?: Uint8Array): Uint8Array =>
  sequence(oid(id), ...(critical === undefined ? [] : [critical]), octetString(value))

export const attribute = (type: string, ...values: readonly Uint8Array[]): Uint8Array =>
  sequence(oid(type), element(0x31, ...values))

export const extensionRequest = (...extensions: readonly Uint8Array[]): Uint8Array =>
  attribute('1.2.840.113549.1.9.14', sequence(...extensions))

export const dnsNames = (...names: readonly string[]): Uint8Array =>
  extension('2.5.29.17', sequence(...names.map((name) => element(0x82, Buffer.from(name)))))

export type CsrParts = {
  readonly version?: Uint8Array
  readonly subject?: Uint8Array
  readonly spki?: Uint8Array
  readonly attributes?: readonly Uint8Array[]
  readonly identifier?: Uint8Array
  readonly signature?: Uint8Array
  readonly privateKey?: KeyObject
  /** Null for a key that hashes by itself. */
  readonly hash?: string | null
  /** Of the signature's BIT STRING. */
  readonly unusedBits?: number
}

/** A request made of these parts, signed so that everything but the parts is right. */
export function csrOf(parts: CsrParts = {}): Uint8Array {
  const { publicKey: _, privateKey, spki } = keyOf('ECDSA_P256')
  const information = sequence(
    parts.version ?? number(0),
    parts.subject ?? commonName('a.example'),
    parts.spki ?? spki,
    explicit(0, ...(parts.attributes ?? [])),
  )
  const signature =
    parts.signature ??
    sign(parts.hash === undefined ? 'sha256' : parts.hash, information, parts.privateKey ?? privateKey)
  return sequence(
    information,
    parts.identifier ?? ecdsaSha256,
    element(0x03, Uint8Array.of(parts.unusedBits ?? 0), signature),
  )
}
