import type { GeneralName } from '../model/names.ts'
import { Refusal, type Violation } from '../model/refusal.ts'
import {
  type Backward,
  backward,
  lengthOf,
  putHeader,
  putLatin1,
  putOctets,
  writtenOf,
} from './der-backward.ts'
import { contentOf, type Element, listOf, malformed, soleElement } from './der-reader.ts'
import { dnsNameComplaint } from './dns-name.ts'
import { octetsOfIp, textOfIp } from './ip-address.ts'
import { latin1Of } from './octets.ts'

const isMailbox = (value: string): boolean => {
  const at = value.lastIndexOf('@')
  const local = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
  return (
    at > 0 &&
    at <= 64 &&
    local.test(value.slice(0, at)) &&
    dnsNameComplaint(value.slice(at + 1), false) === null
  )
}

const uri = /^[a-z][a-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/

/** The host of a URI with an authority must be a DNS name or an IP address (RFC 5280 §4.2.1.6). */
const isUri = (value: string): boolean => {
  if (!uri.test(value)) return false
  const authority = /^[^:]+:\/\/(?<authority>[^/?#]*)/.exec(value)?.groups?.authority
  if (authority === undefined) return true
  const host = authority.replace(/^.*@/, '').replace(/:\d{0,5}$/, '')
  if (host.startsWith('[')) return host.endsWith(']') && octetsOfIp(host.slice(1, -1))?.length === 16
  return octetsOfIp(host) !== null || dnsNameComplaint(host.toLowerCase(), false) === null
}

const ipComplaint = (value: string): string | null => {
  const octets = octetsOfIp(value)
  if (octets === null) return 'is not an IP address'
  return textOfIp(octets) === value ? null : `is not canonical: ${textOfIp(octets)} is meant`
}

const complaints: Readonly<Record<GeneralName['type'], (value: string) => string | null>> = {
  dns: (value) => dnsNameComplaint(value),
  ip: ipComplaint,
  uri: (value) => (isUri(value) ? null : 'is not an absolute URI in ASCII'),
  email: (value) =>
    isMailbox(value) && canonicalMailbox(value) === value
      ? null
      : 'is not a mailbox in ASCII with a lower case domain',
}

const canonicalMailbox = (value: string): string => {
  const at = value.lastIndexOf('@')
  return value.slice(0, at) + value.slice(at).toLowerCase()
}

/** Why a name is not in the one form that is signed (model `generalName`); null when it is. */
export const generalNameComplaint = ({ type, value }: GeneralName): string | null => complaints[type](value)

/** What is wrong with a list of names, by JSON pointer; the second of two equal names is wrong too. */
const generalNameViolations = (
  names: readonly GeneralName[],
  pointer = '/subject_alternative_names',
): readonly Violation[] => {
  const seen = new Set<string>()
  return names.flatMap((name, index) => {
    const key = `${name.type}:${name.value}`
    const complaint = seen.has(key) ? 'is there twice' : generalNameComplaint(name)
    seen.add(key)
    if (complaint === null) return []
    const shown = JSON.stringify(name.value.slice(0, 100))
    return [{ pointer: `${pointer}/${index}`, detail: `${name.type} ${shown} ${complaint}` }]
  })
}

const tags: Readonly<Record<GeneralName['type'], number>> = { email: 1, dns: 2, uri: 6, ip: 7 }

const putGeneralName = (to: Backward, { type, value }: GeneralName): void => {
  const since = lengthOf(to)
  const address = type === 'ip' ? octetsOfIp(value) : null
  if (address === null) putLatin1(to, value)
  else putOctets(to, address)
  putHeader(to, 0x80 | tags[type], since)
}

/**
 * Writes GeneralNames (RFC 5280 §4.2.1.6). Throws Refusal('profile_violation')
 * for a name that is not canonical or is there twice.
 */
export function putGeneralNames(to: Backward, names: readonly GeneralName[]): void {
  const violations = generalNameViolations(names)
  if (violations.length > 0) {
    throw new Refusal('profile_violation', 'the names cannot be put in a certificate', violations)
  }
  const since = lengthOf(to)
  for (let index = names.length; index > 0; index -= 1) {
    const name = names[index - 1]
    if (name !== undefined) putGeneralName(to, name)
  }
  putHeader(to, 0x30, since)
}

/** GeneralNames as DER, as `putGeneralNames` writes them. */
export const encodeGeneralNames = (names: readonly GeneralName[]): Uint8Array => {
  const to = backward()
  putGeneralNames(to, names)
  return writtenOf(to)
}

const refusedTypes = [
  'otherName',
  '',
  '',
  'x400Address',
  'directoryName',
  'ediPartyName',
  '',
  '',
  'registeredID',
]

const asciiOf = (element: Element): string => {
  const content = contentOf(element)
  if (content.some((octet) => octet >= 0x80)) throw malformed('a subject alternative name is not ASCII')
  return latin1Of(content)
}

const decoders: Readonly<Record<number, (element: Element) => GeneralName>> = {
  129: (element) => ({ type: 'email', value: asciiOf(element) }),
  130: (element) => ({ type: 'dns', value: asciiOf(element) }),
  134: (element) => ({ type: 'uri', value: asciiOf(element) }),
  135: (element) => {
    const content = contentOf(element)
    if (content.length !== 4 && content.length !== 16)
      throw malformed('an IP address has neither 4 nor 16 octets')
    return { type: 'ip', value: textOfIp(content) }
  },
}

const decodeGeneralName = (element: Element): GeneralName => {
  const decode = decoders[element.tag]
  if (decode !== undefined) return decode(element)
  const type = refusedTypes[element.tag & 0x1f] || 'unknown'
  throw malformed(`a subject alternative name is of type ${type}, which is not accepted`)
}

/**
 * GeneralNames from DER in the letters that they have there, at least one. A
 * type that we do not know is malformed.
 */
export function readGeneralNames(der: Uint8Array): readonly GeneralName[] {
  const names = listOf(soleElement(der, 0x30, 'the list of names')).map(decodeGeneralName)
  if (names.length === 0) throw malformed('the list of subject alternative names is empty')
  return names
}

const canonicalName = (name: GeneralName): GeneralName => {
  if (name.type === 'dns') return { type: 'dns', value: name.value.toLowerCase() }
  return name.type === 'email' ? { type: 'email', value: canonicalMailbox(name.value) } : name
}

/**
 * GeneralNames from DER in canonical form. A name that is not valid, or the
 * same name twice, is malformed too: nothing is dropped.
 */
export function decodeGeneralNames(der: Uint8Array): readonly GeneralName[] {
  const names = readGeneralNames(der).map(canonicalName)
  for (const { detail } of generalNameViolations(names))
    throw malformed(`subject alternative name: ${detail}`)
  return names
}
