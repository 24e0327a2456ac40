import { malformed } from './der-reader.ts'
import { hexOf } from './octets.ts'

/**
 * The one form of a serial number: lower case hex of its magnitude, whole
 * octets, no leading zero octet, 1–20 octets (RFC 5280 §4.1.2.2).
 */
export function serialOfOctets(magnitude: Uint8Array): string {
  const written = hexOf(magnitude)
  const hex = written.startsWith('00') ? written.replace(/^(00)+/, '') : written
  if (hex === '' || hex.length > 40) throw malformed('a serial number is 1 to 20 octets and above zero')
  return hex
}

const written = /^(0x)?[0-9a-f]{1,64}$/

/**
 * The canonical form of a serial number as people and tools print it: any
 * case, with or without `0x`, colons, or leading zeros; null when it is none.
 */
export function canonicalSerial(text: string): string | null {
  if (text.length > 128) return null
  const packed = text.toLowerCase().replaceAll(/[:\s]/g, '')
  if (!written.test(packed)) return null
  const digits = packed.replace(/^0x/, '').replace(/^0+/, '')
  if (digits === '' || digits.length > 40) return null
  return digits.length % 2 === 0 ? digits : `0${digits}`
}

/**
 * A new serial number: 20 octets, 158 of its bits from `random`. The first
 * octet is 0x40–0x7f, so that every serial has one length, no leading zero
 * and no sign bit.
 */
export function newSerial(random: (octets: number) => Uint8Array): string {
  const octets = Uint8Array.from(random(20))
  if (octets.length !== 20)
    throw new Error('the source of randomness gave fewer octets than it was asked for')
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40
  return Buffer.from(octets).toString('hex')
}
