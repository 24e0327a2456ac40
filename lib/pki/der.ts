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

/** How many octets a definite and minimal length takes (X.690 §10.1). */
const lengthOctets = (length: number): number => {
  if (length < 0x80) return 1
  if (length < 0x100) return 2
  if (length < 0x1_0000) return 3
  return length < 0x100_0000 ? 4 : 5
}

/** Writes identifier and length octets; returns the offset after them. */
const writeHeader = (octets: Uint8Array, tag: number, length: number): number => {
  const count = lengthOctets(length)
  octets[0] = tag
  octets[1] = count === 1 ? length : 0x7f + count
  for (let at = count, rest = length; at > 1; at -= 1, rest >>>= 8) octets[at] = rest
  return count + 1
}

/** Identifier and length octets for a content of `length` octets, definite and minimal (X.690 §10.1). */
export const header = (tag: number, length: number): Uint8Array => {
  const octets = new Uint8Array(1 + lengthOctets(length))
  writeHeader(octets, tag, length)
  return octets
}

/** Copying octet by octet beats a call of `set` for what is as short as most of DER. */
const copy = (from: Uint8Array, to: Uint8Array, offset: number): void => {
  const { length } = from
  if (length > 40) to.set(from, offset)
  else for (let index = 0; index < length; index += 1) to[offset + index] = from[index] ?? 0
}

/** Octets that are all written by whoever asks. Above 64, memory of its own would cost more than writing it. */
const room = (size: number): Uint8Array => {
  if (size <= 64) return new Uint8Array(size)
  const { buffer, byteOffset } = Buffer.allocUnsafe(size)
  return new Uint8Array(buffer, byteOffset, size)
}

/** One element with this identifier octet; its content is the parts one after the other. */
export const element = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const size = 1 + lengthOctets(length) + length
  const whole = room(size)
  let offset = writeHeader(whole, tag, length)
  for (const part of parts) {
    copy(part, whole, offset)
    offset += part.length
  }
  return whole
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
