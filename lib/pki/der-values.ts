import { contentOf, type Element, malformed } from './der-reader.ts'
import { latin1Of } from './octets.ts'
import { sameOctets } from './same.ts'

const lengthOf = ({ start, end }: Element): number => end - start

/** The magnitude of an INTEGER that is not negative, without leading zeros (zero is one octet). */
export function magnitudeOf(element: Element, subject: string): Uint8Array {
  const content = contentOf(element)
  const { 0: first, 1: second } = content
  if (element.tag !== 0x02 || first === undefined) throw malformed(`${subject} is not an INTEGER`)
  if (first >= 0x80) throw malformed(`${subject} is negative`)
  if (first !== 0 || second === undefined) return content
  if (second < 0x80) throw malformed(`${subject} is not in its shortest form`)
  return content.subarray(1)
}

/** An INTEGER from 0 to 2^31 − 1. */
export function smallNumberOf(element: Element, subject: string): number {
  const magnitude = magnitudeOf(element, subject)
  let value = 0
  for (const octet of magnitude) value = value * 256 + octet
  if (magnitude.length > 4 || value > 0x7fff_ffff) throw malformed(`${subject} is too large`)
  return value
}

/** A BOOLEAN as DER has it: 0x00 or 0xff (X.690 §11.1). */
export function booleanOf(element: Element, subject: string): boolean {
  const octet = element.octets[element.start]
  if (element.tag !== 0x01 || lengthOf(element) !== 1 || (octet !== 0 && octet !== 0xff)) {
    throw malformed(`${subject} is not a DER BOOLEAN`)
  }
  return octet === 0xff
}

/** The octets of a BIT STRING that has no unused bits: signatures and keys. */
export function bitStringOctetsOf(element: Element, subject: string): Uint8Array {
  const content = contentOf(element)
  const { 0: unused } = content
  if (element.tag !== 0x03 || unused === undefined) throw malformed(`${subject} is not a BIT STRING`)
  if (unused !== 0) throw malformed(`${subject} is not made of whole octets`)
  return content.subarray(1)
}

/** The positions of the bits that are set in a named bit list of at most 16 bits; DER has no trailing zero bits. */
export function namedBitsOf(element: Element, subject: string): readonly number[] {
  const { tag, octets, start, end } = element
  const unused = octets[start]
  if (tag !== 0x03 || start === end || unused === undefined || lengthOf(element) > 3) {
    throw malformed(`${subject} is not a BIT STRING of named bits`)
  }
  const last = end - start > 1 ? octets[end - 1] : undefined
  const trimmed =
    last === undefined ? unused === 0 : unused < 8 && (last & ((2 << unused) - 1)) === 1 << unused
  if (!trimmed) throw malformed(`${subject} is not a DER list of named bits`)
  const bits: number[] = []
  for (let bit = 0; bit < 8 * (end - start - 1); bit += 1)
    if (((octets[start + 1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.push(bit)
  return bits
}

const dottedOf = (content: Uint8Array, subject: string): string => {
  const arcs: (number | bigint)[] = []
  let arc = 0
  let wide: bigint | null = null
  let inside = false
  for (const octet of content) {
    if (!inside && octet === 0x80) throw malformed(`${subject} has an arc that is not in its shortest form`)
    // Arcs above 2^46 are rare, and the only ones that need more than a number.
    if (wide === null && arc >= 2 ** 46) wide = BigInt(arc)
    if (wide === null) arc = arc * 128 + (octet & 0x7f)
    else wide = (wide << 7n) | BigInt(octet & 0x7f)
    inside = octet >= 0x80
    if (inside) continue
    arcs.push(wide ?? arc)
    arc = 0
    wide = null
  }
  const [head = 0, ...rest] = arcs
  const first = head < 80 ? Math.trunc(Number(head) / 40) : 2
  const second = typeof head === 'bigint' ? head - 80n : head - first * 40
  return [first, second, ...rest].join('.')
}

/**
 * A few dozen short identifiers are all that is ever read of honest input; of
 * other input, hardly more are kept. Found by a number made of their octets,
 * then compared: two with one number are read each time.
 */
const dotted = new Map<number, { readonly content: Uint8Array; readonly text: string }>()
const kept = { identifiers: 128, octets: 10 }

const numberOf = (content: Uint8Array): number => {
  let sum = 0
  for (let index = 0; index < content.length; index += 1) sum = (sum * 31 + (content[index] ?? 0)) | 0
  return sum
}

/** Dotted text of an OBJECT IDENTIFIER (X.690 §8.19) of at most 64 octets. */
export function oidOf(element: Element, subject: string): string {
  const content = contentOf(element)
  const last = content[content.length - 1]
  if (element.tag !== 0x06 || last === undefined || last >= 0x80 || content.length > 64) {
    throw malformed(`${subject} is not an OBJECT IDENTIFIER`)
  }
  const number = numberOf(content)
  const found = dotted.get(number)
  if (found !== undefined && sameOctets(found.content, content)) return found.text
  const text = dottedOf(content, subject)
  const isKept = found === undefined && dotted.size < kept.identifiers && content.length <= kept.octets
  // A copy: a view would keep all that it was read from.
  if (isKept) dotted.set(number, { content: content.slice(), text })
  return text
}

/** How many digits of the year a time has: UTCTime, GeneralizedTime. */
const yearDigits: Readonly<Record<number, 2 | 4>> = { 23: 2, 24: 4 }

const twoDigits = (text: string, offset: number): number => {
  const [tens, ones] = [text.charCodeAt(offset) - 0x30, text.charCodeAt(offset + 1) - 0x30]
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

const daysOf = (month: number, year: number): number => {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Whether MMDDHHMMSS are a moment of this year (no leap seconds). */
const isMoment = (text: string, year: number): boolean => {
  const month = twoDigits(text, 0)
  const day = twoDigits(text, 2)
  return (
    year >= 0 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(month, year) &&
    twoDigits(text, 4) < 24 &&
    twoDigits(text, 6) < 60 &&
    twoDigits(text, 8) < 60
  )
}

/** A UTCTime or GeneralizedTime of the one form RFC 5280 §4.1.2.5 allows, as `Date.toISOString` prints it. */
export function timeOf(element: Element, subject: string): string {
  const content = contentOf(element)
  const digits = yearDigits[element.tag]
  if (digits === undefined || content.length !== digits + 11 || content[digits + 10] !== 0x5a)
    throw malformed(`${subject} is not a time in seconds and Z`)
  const text = latin1Of(content)
  const short = digits === 2 ? (text < '5' ? '20' : '19') : ''
  const year = short + text.slice(0, digits)
  const rest = text.slice(digits, -1)
  if (!isMoment(rest, twoDigits(year, 0) * 100 + twoDigits(year, 2)))
    throw malformed(`${subject} is no real time`)
  const [month, day, hour] = [rest.slice(0, 2), rest.slice(2, 4), rest.slice(4, 6)]
  return `${year}-${month}-${day}T${hour}:${rest.slice(6, 8)}:${rest.slice(8)}.000Z`
}
