/**
 * A DER writer (X.690 §10–11): every function returns a finished element.
 * Elements nest by concatenation, so the same values always give the same
 * octets.
 */

/** The parts as one array of octets. */
export const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Identifier and length octets for a content of `length` octets, definite and minimal (X.690 §10.1). */
export const header = (tag: number, length: number): Uint8Array => {
  if (length < 0x80) return Uint8Array.of(tag, length)
  if (length < 0x100) return Uint8Array.of(tag, 0x81, length)
  if (length < 0x1_0000) return Uint8Array.of(tag, 0x82, length >>> 8, length)
  if (length < 0x100_0000) return Uint8Array.of(tag, 0x83, length >>> 16, length >>> 8, length)
  return Uint8Array.of(tag, 0x84, length >>> 24, length >>> 16, length >>> 8, length)
}

/** One element with this identifier octet; its content is the parts one after the other. */
export const element = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return concat([header(tag, length), ...parts])
}

/** SEQUENCE and SEQUENCE OF (X.690 §8.9, §8.10). */
export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => element(0x30, ...parts)

/** SET OF with its members in DER order (X.690 §11.6). */
export const set = (...members: readonly Uint8Array[]): Uint8Array =>
  element(0x31, ...members.toSorted(Buffer.compare))

/** `[number] EXPLICIT`. */
export const explicit = (number: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  element(0xa0 | number, ...parts)

/** `[number] IMPLICIT` over a primitive type. */
export const implicit = (number: number, content: Uint8Array): Uint8Array => element(0x80 | number, content)

/** INTEGER from the magnitude of a number that is not negative. */
export const integer = (magnitude: Uint8Array): Uint8Array => {
  const start = magnitude.findIndex((octet) => octet !== 0)
  const digits = start === -1 ? Uint8Array.of(0) : magnitude.subarray(start)
  const [first = 0] = digits
  return first < 0x80 ? element(0x02, digits) : element(0x02, Uint8Array.of(0), digits)
}

/** INTEGER of a number that is not negative. */
export const number = (value: number | bigint): Uint8Array => {
  const hex = value.toString(16)
  return integer(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'))
}

/** ENUMERATED of a value from 0 to 127. */
export const enumerated = (value: number): Uint8Array => Uint8Array.of(0x0a, 1, value)

/** BOOLEAN (X.690 §11.1: TRUE is 0xff). */
export const boolean = (value: boolean): Uint8Array => Uint8Array.of(0x01, 1, value ? 0xff : 0)

/** NULL. */
export const asn1Null: Uint8Array = Uint8Array.of(0x05, 0)

/** OCTET STRING of the parts one after the other. */
export const octetString = (...parts: readonly Uint8Array[]): Uint8Array => element(0x04, ...parts)

/** BIT STRING of whole octets. */
export const bitString = (octets: Uint8Array): Uint8Array => element(0x03, Uint8Array.of(0), octets)

/** BIT STRING of a named bit list, without trailing zero bits (X.690 §11.2.2). `bits` are positions, 0 first. */
export const namedBits = (bits: readonly number[]): Uint8Array => {
  if (bits.length === 0) return element(0x03, Uint8Array.of(0))
  const last = Math.max(...bits)
  const octets = new Uint8Array((last >> 3) + 1)
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  return element(0x03, Uint8Array.of(7 - (last & 7)), octets)
}

const text = (tag: number, octets: Buffer): Uint8Array => element(tag, octets)

/** UTF8String. */
export const utf8String = (value: string): Uint8Array => text(0x0c, Buffer.from(value, 'utf8'))

/** The caller has checked the character set. */
export const printableString = (value: string): Uint8Array => text(0x13, Buffer.from(value, 'latin1'))

/** The caller has checked the character set. */
export const ia5String = (value: string): Uint8Array => text(0x16, Buffer.from(value, 'latin1'))
