import { contentOf, type Element, malformed } from './der-reader.ts'
import { latin1Of } from './octets.ts'

/**
 * Characters that make a name look like another, or break what shows it:
 * controls, surrogates, line separators, bidirectional marks, invisible
 * format characters and tags.
 */
const deceptive =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/u

/** Whether a text holds any of them. */
export const isDeceptive = (text: string): boolean => deceptive.test(text)

/** Deceptive characters one by one, for those who print them. */
export const replaceDeceptive = (text: string, replacement: (character: string) => string): string =>
  text.replaceAll(new RegExp(deceptive, 'gu'), replacement)

/** Whether a PrintableString can hold a text (X.680 §41.4). */
export const isPrintableString = (text: string): boolean => /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)

/** Printable ASCII: what an IA5String may hold here. */
export const isVisibleAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const utf8Text = (octets: Uint8Array): string => {
  try {
    return utf8.decode(octets)
  } catch {
    throw malformed('a UTF8String is not UTF-8')
  }
}

const wideText = (octets: Uint8Array, width: 2 | 4): string => {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  if (octets.length % width !== 0) throw malformed('a wide string ends inside a character')
  const points = Array.from({ length: octets.length / width }, (_, index) =>
    width === 2 ? view.getUint16(index * 2) : view.getUint32(index * 4),
  )
  if (points.some((point) => point > 0x10_ffff)) throw malformed('a UniversalString leaves Unicode')
  return points.map((point) => String.fromCodePoint(point)).join('')
}

const checked = (text: string, isValid: (text: string) => boolean, type: string): string => {
  if (!isValid(text)) throw malformed(`a ${type} holds characters outside its set`)
  return text
}

const decoders: Readonly<Record<number, (octets: Uint8Array) => string>> = {
  12: utf8Text,
  19: (octets) => checked(latin1Of(octets), isPrintableString, 'PrintableString'),
  // T.61 in certificates has always meant ISO 8859-1
  20: latin1Of,
  22: (octets) => checked(latin1Of(octets), (text) => /^\p{ASCII}*$/u.test(text), 'IA5String'),
  28: (octets) => wideText(octets, 4),
  30: (octets) => wideText(octets, 2),
}

/** The text of a DirectoryString or IA5String (RFC 5280 §4.1.2.4); malformed when it is another type. */
export function textOf(element: Element, subject: string): string {
  const decode = decoders[element.tag]
  if (decode === undefined) throw malformed(`${subject} is not a string of a type that names have`)
  return decode(contentOf(element))
}
