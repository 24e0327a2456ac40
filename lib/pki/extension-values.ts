import type { ExtendedKeyUsage, KeyUsage } from '../model/plan.ts'
import { keyUsages } from '../model/plan.ts'
import { cursorOf, elementAt, elementsOf, malformed } from './der-reader.ts'
import { booleanOf, namedBitsOf, oidOf, smallNumberOf } from './der-values.ts'

/** Purposes by object identifier (RFC 5280 §4.2.1.12, RFC 6960 §4.2.2.2). */
export const purposeIds: Readonly<Record<ExtendedKeyUsage, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
}

const contentOf = (der: Uint8Array, tag: number, subject: string): Uint8Array => {
  const element = elementAt(der, 0)
  if (element.tag !== tag || element.raw.length !== der.length)
    throw malformed(`${subject} is of another type`)
  return element.content
}

export type BasicConstraints = { readonly ca: boolean; readonly path_length: number | null }

/** BasicConstraints (RFC 5280 §4.2.1.9). */
export function readBasicConstraints(der: Uint8Array): BasicConstraints {
  const cursor = cursorOf(contentOf(der, 0x30, 'basicConstraints'))
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
export const readKeyUsage = (der: Uint8Array): readonly KeyUsage[] => {
  contentOf(der, 0x03, 'keyUsage')
  return namedBitsOf(elementAt(der, 0), 'keyUsage').map((bit) => {
    const usage = keyUsages[bit]
    if (usage === undefined) throw malformed('keyUsage has a bit that is not one of ours')
    return usage
  })
}

/** Purposes of ExtKeyUsageSyntax (RFC 5280 §4.2.1.12), ours by name, others by object identifier. */
export const readExtendedKeyUsage = (der: Uint8Array): readonly string[] =>
  [...elementsOf(contentOf(der, 0x30, 'extKeyUsage'))].map((element) => {
    const dotted = oidOf(element, 'a key purpose')
    return Object.entries(purposeIds).find(([, id]) => id === dotted)?.[0] ?? dotted
  })

/** SubjectKeyIdentifier (RFC 5280 §4.2.1.2), lower case hex. */
export const readSubjectKeyId = (der: Uint8Array): string =>
  Buffer.from(contentOf(der, 0x04, 'subjectKeyIdentifier')).toString('hex')

/** The keyIdentifier of an AuthorityKeyIdentifier (RFC 5280 §4.2.1.1), lower case hex; null when it has none. */
export const readAuthorityKeyId = (der: Uint8Array): string | null => {
  const found = cursorOf(contentOf(der, 0x30, 'authorityKeyIdentifier')).optional(0x80)
  return found === undefined ? null : Buffer.from(found.content).toString('hex')
}
