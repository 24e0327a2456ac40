import { type Element, malformed } from './der-reader.ts'

/** The magnitude of an INTEGER that is not negative, without leading zeros (zero is one octet). */
export function magnitudeOf(element: Element, subject: string): Uint8Array {
  const [first, second] = element.content
  if (element.tag !== 0x02 || first === undefined) throw malformed(`${subject} is not an INTEGER`)
  if (first >= 0x80) throw malformed(`${subject} is negative`)
  if (first !== 0 || second === undefined) return element.content
  if (second < 0x80) throw malformed(`${subject} is not in its shortest form`)
  return element.content.subarray(1)
}

/** An INTEGER from 0 to 2^31 − 1. */
export function smallNumberOf(element: Element, subject: string): number {
  const magnitude = magnitudeOf(element, subject)
  const value = magnitude.reduce((sum, octet) => sum * 256 + octet, 0)
  if (magnitude.length > 4 || value > 0x7fff_ffff) throw malformed(`${subject} is too large`)
  return value
}

/** A BOOLEAN as DER has it: 0x00 or 0xff (X.690 §11.1). */
export function booleanOf(element: Element, subject: string): boolean {
  const [octet] = element.content
  if (element.tag !== 0x01 || element.content.length !== 1 || (octet !== 0 && octet !== 0xff)) {
    throw malformed(`${subject} is not a DER BOOLEAN`)
  }
  return octet === 0xff
}

/** The octets of a BIT STRING that has no unused bits: signatures and keys. */
export function bitStringOctetsOf(element: Element, subject: string): Uint8Array {
  const [unused] = element.content
  if (element.tag !== 0x03 || unused === undefined) throw malformed(`${subject} is not a BIT STRING`)
  if (unused !== 0) throw malformed(`${subject} is not made of whole octets`)
  return element.content.subarray(1)
}

/** The positions of the bits that are set in a named bit list of at most 16 bits; DER has no trailing zero bits. */
export function namedBitsOf(element: Element, subject: string): readonly number[] {
  const [unused, ...octets] = element.content.subarray(0, 4)
  if (element.tag !== 0x03 || unused === undefined || element.content.length > 3) {
    throw malformed(`${subject} is not a BIT STRING of named bits`)
  }
  const last = octets.at(-1)
  const trimmed =
    last === undefined ? unused === 0 : unused < 8 && (last & ((2 << unused) - 1)) === 1 << unused
  if (!trimmed) throw malformed(`${subject} is not a DER list of named bits`)
  return octets.flatMap((octet, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (octet & (0x80 >> bit)) !== 0).map((bit) => index * 8 + bit),
  )
}

/** Dotted text of an OBJECT IDENTIFIER (X.690 §8.19) of at most 64 octets. */
export function oidOf(element: Element, subject: string): string {
  const last = element.content.at(-1)
  if (element.tag !== 0x06 || last === undefined || last >= 0x80 || element.content.length > 64) {
    throw malformed(`${subject} is not an OBJECT IDENTIFIER`)
  }
  const arcs: (number | bigint)[] = []
  let arc = 0
  let wide: bigint | null = null
  let inside = false
  for (const octet of element.content) {
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

const forms = [
  { tag: 0x17, form: /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ },
  { tag: 0x18, form: /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ },
]

/** A UTCTime or GeneralizedTime of the one form RFC 5280 §4.1.2.5 allows, as `Date.toISOString` prints it. */
export function timeOf(element: Element, subject: string): string {
  const form = forms.find(({ tag }) => tag === element.tag)?.form
  const found = element.content.length <= 15 && form?.exec(Buffer.from(element.content).toString('latin1'))
  if (!found) throw malformed(`${subject} is not a time in seconds and Z`)
  const [, year = '', month, day, hour, minute, second] = found
  const century = year.length === 4 ? '' : year < '50' ? '20' : '19'
  const iso = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const date = new Date(iso)
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso)
    throw malformed(`${subject} is no real time`)
  return iso
}
