import {
  type AttributeType,
  attributeTypes,
  type DistinguishedName,
  type NameAttribute,
} from '../model/names.ts'
import { Refusal, type Violation } from '../model/refusal.ts'
import {
  type Backward,
  backward,
  lengthOf,
  putHeader,
  putOctets,
  putUtf8,
  writtenOf,
} from './der-backward.ts'
import { oid } from './der-oid.ts'
import { cursorOf, listOf, malformed, soleElement } from './der-reader.ts'
import { oidOf } from './der-values.ts'
import { isDeceptive, isPrintableString, isVisibleAscii, replaceDeceptive, textOf } from './text.ts'

type AttributeRow = {
  readonly oid: string
  /** Upper bound in characters (RFC 5280 appendix A; a DNS label for DC). */
  readonly characters: number
  /** UTF8String, PrintableString or IA5String. */
  readonly tag: 0x0c | 0x13 | 0x16
  readonly allows?: (value: string) => boolean
}

const attributeTable: Readonly<Record<AttributeType, AttributeRow>> = {
  C: {
    oid: '2.5.4.6',
    characters: 2,
    tag: 0x13,
    allows: (value) => /^[A-Za-z]{2}$/.test(value),
  },
  ST: { oid: '2.5.4.8', characters: 128, tag: 0x0c },
  L: { oid: '2.5.4.7', characters: 128, tag: 0x0c },
  O: { oid: '2.5.4.10', characters: 64, tag: 0x0c },
  OU: { oid: '2.5.4.11', characters: 64, tag: 0x0c },
  CN: { oid: '2.5.4.3', characters: 64, tag: 0x0c },
  serialNumber: { oid: '2.5.4.5', characters: 64, tag: 0x13, allows: isPrintableString },
  DC: { oid: '0.9.2342.19200300.100.1.25', characters: 63, tag: 0x16, allows: isVisibleAscii },
}

const complaintOf = (type: AttributeType, value: string): string | null => {
  const { characters, allows = () => true } = attributeTable[type]
  if (value === '') return `${type} is empty`
  const plain = isVisibleAscii(value)
  if ((plain ? value : [...value]).length > characters)
    return `${type} is longer than ${characters} characters`
  if (!plain && isDeceptive(value)) return `${type} holds control characters or invisible formatting`
  return allows(value) ? null : `${type} holds characters that are not allowed in it`
}

/** What is wrong with the values of a name (RFC 5280 §4.1.2.4, appendix A), by JSON pointer. */
const nameViolations = (name: DistinguishedName, pointer = '/subject'): readonly Violation[] =>
  name.flatMap(({ type, value }, index) => {
    const detail = complaintOf(type, value)
    return detail === null ? [] : [{ pointer: `${pointer}/${index}`, detail }]
  })

const putAttribute = (to: Backward, { type, value }: NameAttribute): void => {
  const since = lengthOf(to)
  const { tag, oid: id } = attributeTable[type]
  putUtf8(to, value)
  putHeader(to, tag, since)
  putOctets(to, oid(id))
  putHeader(to, 0x30, since)
  putHeader(to, 0x31, since)
}

/**
 * Writes a Name (RFC 5280 §4.1.2.4): C and serialNumber are PrintableString,
 * DC is IA5String, all others UTF8String. Throws Refusal('profile_violation').
 */
export function putName(to: Backward, name: DistinguishedName): void {
  const violations = nameViolations(name)
  if (violations.length > 0) {
    throw new Refusal('profile_violation', 'the subject cannot be put in a certificate', violations)
  }
  const since = lengthOf(to)
  for (let index = name.length; index > 0; index -= 1) {
    const attribute = name[index - 1]
    if (attribute !== undefined) putAttribute(to, attribute)
  }
  putHeader(to, 0x30, since)
}

/** A Name as DER, as `putName` writes it. */
export const encodeName = (name: DistinguishedName): Uint8Array => {
  const to = backward()
  putName(to, name)
  return writtenOf(to)
}

const typesByOid: ReadonlyMap<string, AttributeType> = new Map(
  attributeTypes.map((type) => [attributeTable[type].oid, type]),
)

/**
 * A Name read from DER: every string type of RFC 5280, one attribute per RDN.
 * Other attributes, multi-valued RDNs and deceptive characters are malformed.
 */
export function decodeName(der: Uint8Array): DistinguishedName {
  const attributes = listOf(soleElement(der, 0x30, 'a name')).map((rdn) => {
    const members = listOf(rdn)
    const [member] = members
    if (rdn.tag !== 0x31 || member?.tag !== 0x30)
      throw malformed('a part of the name is not a SET of attributes')
    if (members.length > 1) throw malformed('a part of the name has several attributes at once')
    const cursor = cursorOf(member)
    const dotted = oidOf(cursor.next(0x06, 'an attribute type'), 'an attribute type')
    const type = typesByOid.get(dotted)
    if (type === undefined) throw malformed(`the name has attribute ${dotted}, which is not one of ours`)
    const [value, extra] = cursor.rest()
    if (value === undefined || extra !== undefined) throw malformed(`${type} does not have one value`)
    return { type, value: textOf(value, type) }
  })
  if (attributes.length > 32) throw malformed('the name has more than 32 attributes')
  for (const { detail } of nameViolations(attributes)) throw malformed(detail)
  return attributes
}

const hexPairs = (text: string): string =>
  [...Buffer.from(text, 'utf8')]
    .map((octet) => `\\${octet.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')

const escapeValue = (value: string): string =>
  replaceDeceptive(value.replaceAll(/[\\"+,;<>]|^[ #]| $/g, '\\$&'), hexPairs)

/** A name as text (RFC 4514 §2), most specific first; what could deceive a reader is written as hex pairs. */
export const formatName = (name: DistinguishedName): string =>
  name
    .map(({ type, value }) => `${type}=${escapeValue(value)}`)
    .reverse()
    .join(',')
