import { contentOf, cursorOf, type Element, listOf, malformed } from './der-reader.ts'
import { booleanOf, oidOf } from './der-values.ts'

/** Object identifiers of the extensions that are written or read (RFC 5280 §4.2, §5.2; RFC 6960; RFC 9608). */
export const extensionIds = {
  subject_key_identifier: '2.5.29.14',
  key_usage: '2.5.29.15',
  subject_alternative_name: '2.5.29.17',
  basic_constraints: '2.5.29.19',
  crl_number: '2.5.29.20',
  reason_code: '2.5.29.21',
  invalidity_date: '2.5.29.24',
  issuing_distribution_point: '2.5.29.28',
  name_constraints: '2.5.29.30',
  crl_distribution_points: '2.5.29.31',
  certificate_policies: '2.5.29.32',
  authority_key_identifier: '2.5.29.35',
  extended_key_usage: '2.5.29.37',
  no_revocation_available: '2.5.29.56',
  authority_information_access: '1.3.6.1.5.5.7.1.1',
  tls_feature: '1.3.6.1.5.5.7.1.24',
  ocsp_nonce: '1.3.6.1.5.5.7.48.1.2',
  ocsp_no_check: '1.3.6.1.5.5.7.48.1.5',
} as const

/** One extension, its value not yet read. */
export type Extension = {
  readonly id: string
  readonly critical: boolean
  /** The DER inside the OCTET STRING. */
  readonly value: Uint8Array
}

const extensionOf = (element: Element): Extension => {
  if (element.tag !== 0x30) throw malformed('an extension is not a SEQUENCE')
  const cursor = cursorOf(element)
  const id = oidOf(cursor.next(0x06, 'an extension identifier'), 'an extension identifier')
  const critical = cursor.optional(0x01)
  if (critical !== undefined && !booleanOf(critical, `criticality of ${id}`)) {
    throw malformed(`extension ${id} encodes a default value`)
  }
  const value = contentOf(cursor.next(0x04, `the value of extension ${id}`))
  cursor.end(`extension ${id}`)
  return { id, critical: critical !== undefined, value }
}

/** Extensions (RFC 5280 §4.1.2.9) from their SEQUENCE: at least one, none twice, or malformed. */
export function readExtensions(list: Element): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  for (const element of listOf(list)) {
    const extension = extensionOf(element)
    if (extensions.has(extension.id)) throw malformed(`extension ${extension.id} is there twice`)
    extensions.set(extension.id, extension)
  }
  if (extensions.size === 0) throw malformed('the list of extensions is empty')
  return extensions
}
