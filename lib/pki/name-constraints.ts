import type { GeneralName, NameConstraints, NameSubtree } from '../model/names.ts'
import { explicit, implicit, sequence } from './der.ts'
import { contentOf, cursorOf, type Element, listOf, malformed, soleElement } from './der-reader.ts'
import { dnsNameComplaint } from './dns-name.ts'
import { isInRange, octetsOfRange, textOfRange } from './ip-address.ts'
import { latin1Of } from './octets.ts'

/** A host, or with a leading dot every host below a domain: the forms of e-mail and URI subtrees. */
const hostComplaint = (value: string): string | null => dnsNameComplaint(value.replace(/^\./, ''), false)

const complaints: Readonly<Record<NameSubtree['type'], (value: string) => string | null>> = {
  dns: (value) => dnsNameComplaint(value, false),
  email: hostComplaint,
  uri: hostComplaint,
  ip: (value) => {
    const octets = octetsOfRange(value)
    if (octets === null) return 'is not an address range such as 10.0.0.0/8'
    return textOfRange(octets) === value ? null : `is not canonical: ${textOfRange(octets)} is meant`
  },
}

/** Why a text is not a subtree of its type (RFC 5280 §4.2.1.10) in the one form that is signed; null when it is. */
export const subtreeComplaint = ({ type, value }: NameSubtree): string | null => complaints[type](value)

const tags: Readonly<Record<NameSubtree['type'], number>> = { email: 1, dns: 2, uri: 6, ip: 7 }

const encodeSubtree = ({ type, value }: NameSubtree): Uint8Array =>
  sequence(
    implicit(tags[type], (type === 'ip' ? octetsOfRange(value) : null) ?? Buffer.from(value, 'latin1')),
  )

/** NameConstraints (RFC 5280 §4.2.1.10) without minimum and maximum, which no profile of X.509 uses. */
export const encodeNameConstraints = ({ permitted, excluded }: NameConstraints): Uint8Array =>
  sequence(
    ...(permitted.length === 0 ? [] : [explicit(0, ...permitted.map(encodeSubtree))]),
    ...(excluded.length === 0 ? [] : [explicit(1, ...excluded.map(encodeSubtree))]),
  )

const decodeSubtree = (element: Element): NameSubtree => {
  const [base, extra] = listOf(element)
  if (element.tag !== 0x30 || base === undefined || extra !== undefined)
    throw malformed('a subtree of names is not one name')
  const type = (['email', 'dns', 'uri', 'ip'] as const).find((name) => (0x80 | tags[name]) === base.tag)
  if (type === undefined) throw malformed('name constraints are of a type that is not one of ours')
  const content = contentOf(base)
  if (type !== 'ip') return { type, value: latin1Of(content) }
  if (content.length !== 8 && content.length !== 32)
    throw malformed('an address range has neither 8 nor 32 octets')
  return { type, value: textOfRange(content) }
}

/** NameConstraints from DER; types of names that we do not have are malformed. */
export function readNameConstraints(der: Uint8Array): NameConstraints {
  const cursor = cursorOf(soleElement(der, 0x30, 'nameConstraints'))
  const subtrees = (tag: number): NameSubtree[] => {
    const list = cursor.optional(tag)
    return list === undefined ? [] : listOf(list).map(decodeSubtree)
  }
  const constraints = { permitted: subtrees(0xa0), excluded: subtrees(0xa1) }
  cursor.end('name constraints')
  return constraints
}

const isUnder = (host: string, base: string): boolean =>
  base.startsWith('.') ? host.endsWith(base) : host === base

const hostOfUri = (uri: string): string =>
  (/^[^:]+:\/\/(?:[^/?#@]*@)?(?<host>[^/?#:]*)/.exec(uri)?.groups?.host ?? '').toLowerCase()

const matches: Readonly<Record<NameSubtree['type'], (value: string, base: string) => boolean>> = {
  dns: (value, base) => value === base || value.endsWith(`.${base}`),
  email: (value, base) => isUnder(value.slice(value.lastIndexOf('@') + 1), base),
  uri: (value, base) => isUnder(hostOfUri(value), base),
  ip: isInRange,
}

/** A wildcard stands for names that are excluded one label below it. */
const touches = ({ type, value }: GeneralName, base: string): boolean =>
  matches[type](value, base) ||
  (type === 'dns' && value.startsWith('*.') && base.slice(base.indexOf('.') + 1) === value.slice(2))

/** Why these constraints forbid a name; null when they do not. */
export function constraintComplaint(
  name: GeneralName,
  { permitted, excluded }: NameConstraints,
): string | null {
  const allowed = permitted.filter(({ type }) => type === name.type)
  if (excluded.some(({ type, value }) => type === name.type && touches(name, value)))
    return 'is excluded by the name constraints of the issuer'
  if (allowed.length > 0 && !allowed.some(({ value }) => matches[name.type](name.value, value)))
    return 'is not permitted by the name constraints of the issuer'
  return null
}
