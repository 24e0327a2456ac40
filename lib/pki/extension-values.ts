import type { ExtendedKeyUsage, KeyUsage } from '../model/plan.ts'
import { keyUsages } from '../model/plan.ts'
import { contentOf, cursorOf, type Element, listOf, malformed, soleElement } from './der-reader.ts'
import { booleanOf, namedBitsOf, oidOf, smallNumberOf } from './der-values.ts'
import { hexOf, latin1Of } from './octets.ts'

/** Purposes by object identifier (RFC 5280 §4.2.1.12, RFC 6960 §4.2.2.2). */
export const purposeIds: Readonly<Record<ExtendedKeyUsage, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
}

/** The names of the purposes by object identifier. */
const purposesById: ReadonlyMap<string, string> = new Map(
  Object.entries(purposeIds).map(([purpose, id]) => [id, purpose]),
)

/** Path length null: no limit. */
export type BasicConstraints = { readonly ca: boolean; readonly path_length: number | null }

/** BasicConstraints (RFC 5280 §4.2.1.9). */
export function readBasicConstraints(der: Uint8Array): BasicConstraints {
  const cursor = cursorOf(soleElement(der, 0x30, 'basicConstraints'))
  const ca = cursor.optional(0x01)
  if (ca !== undefined && !booleanOf(ca, 'cA')) throw malformed('basicConstraints encodes a default value')
  const limit = cursor.optional(0x02)
  cursor.end('basicConstraints')
  return {
    ca: ca !== undefined,
    path_length: limit === undefined ? null : smallNumberOf(limit, 'pathLenConstraint'),
  }
}

/** KeyUsage (RFC 5280 §4.2.1.3); encipherOnly and decipherOnly, which the model has no word for, are malformed. */
export const readKeyUsage = (der: Uint8Array): readonly KeyUsage[] =>
  namedBitsOf(soleElement(der, 0x03, 'keyUsage'), 'keyUsage').map((bit) => {
    const usage = keyUsages[bit]
    if (usage === undefined) throw malformed('keyUsage has a bit that is not one of ours')
    return usage
  })

/** Purposes of ExtKeyUsageSyntax (RFC 5280 §4.2.1.12), ours by name, others by object identifier. */
export const readExtendedKeyUsage = (der: Uint8Array): readonly string[] =>
  listOf(soleElement(der, 0x30, 'extKeyUsage')).map((element) => {
    const dotted = oidOf(element, 'a key purpose')
    return purposesById.get(dotted) ?? dotted
  })

/** SubjectKeyIdentifier (RFC 5280 §4.2.1.2), lower case hex. */
export const readSubjectKeyId = (der: Uint8Array): string =>
  hexOf(contentOf(soleElement(der, 0x04, 'subjectKeyIdentifier')))

/** The keyIdentifier of an AuthorityKeyIdentifier (RFC 5280 §4.2.1.1), lower case hex; null when it has none. */
export const readAuthorityKeyId = (der: Uint8Array): string | null => {
  const found = cursorOf(soleElement(der, 0x30, 'authorityKeyIdentifier')).optional(0x80)
  return found === undefined ? null : hexOf(contentOf(found))
}

const urlOf = (name: Element, subject: string): string => {
  if (name.tag !== 0x86) throw malformed(`${subject} has a name that is not a URI`)
  return latin1Of(contentOf(name))
}

/** The URLs of CRLDistributionPoints (RFC 5280 §4.2.1.13) that have a full name and nothing else. */
export const readDistributionPoints = (der: Uint8Array): readonly string[] =>
  listOf(soleElement(der, 0x30, 'cRLDistributionPoints')).map((point) => {
    if (point.tag !== 0x30) throw malformed('a distribution point is not a SEQUENCE')
    const outer = cursorOf(point)
    const name = cursorOf(outer.next(0xa0, 'a distribution point'))
    const [url, extra] = listOf(name.next(0xa0, 'a full name'))
    outer.end('a distribution point')
    name.end('a full name')
    if (url === undefined || extra !== undefined)
      throw malformed('a distribution point does not have one name')
    return urlOf(url, 'a distribution point')
  })

const accessMethods: Readonly<Record<string, 'ocsp' | 'ca_issuers'>> = {
  '1.3.6.1.5.5.7.48.1': 'ocsp',
  '1.3.6.1.5.5.7.48.2': 'ca_issuers',
}

/** The URLs of AuthorityInfoAccessSyntax (RFC 5280 §4.2.2.1); another access method is malformed. */
export function readInformationAccess(
  der: Uint8Array,
): Readonly<Record<'ocsp' | 'ca_issuers', readonly string[]>> {
  const access = listOf(soleElement(der, 0x30, 'authorityInfoAccess')).map((description) => {
    const [id, name, extra] = listOf(description)
    if (description.tag !== 0x30 || id === undefined || name === undefined || extra !== undefined)
      throw malformed('an access description is not a pair')
    const method = accessMethods[oidOf(id, 'an access method')]
    if (method === undefined) throw malformed('an access method is not one of ours')
    return { method, url: urlOf(name, 'authorityInfoAccess') }
  })
  const urls = (wanted: string) => access.filter(({ method }) => method === wanted).map(({ url }) => url)
  return { ocsp: urls('ocsp'), ca_issuers: urls('ca_issuers') }
}

/** The policies of CertificatePolicies (RFC 5280 §4.2.1.4), by object identifier; qualifiers are malformed. */
export const readPolicies = (der: Uint8Array): readonly string[] =>
  listOf(soleElement(der, 0x30, 'certificatePolicies')).map((policy) => {
    const [id, qualifiers] = listOf(policy)
    if (policy.tag !== 0x30 || id === undefined || qualifiers !== undefined)
      throw malformed('a certificate policy is not an identifier alone')
    return oidOf(id, 'a certificate policy')
  })

/** The features of a TLS feature extension (RFC 7633 §4.1), by number. */
export const readTlsFeatures = (der: Uint8Array): readonly number[] =>
  listOf(soleElement(der, 0x30, 'the TLS features')).map((feature) => smallNumberOf(feature, 'a TLS feature'))
