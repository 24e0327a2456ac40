import type { GeneralName } from '../model/names.ts'
import type { KeyUsage } from '../model/plan.ts'
import { cursorOf, type Element, listOf, malformed } from './der-reader.ts'
import { oidOf } from './der-values.ts'
import {
  readBasicConstraints,
  readExtendedKeyUsage,
  readKeyUsage,
  readTlsFeatures,
} from './extension-values.ts'
import { type Extension, extensionIds, readExtensions } from './extensions.ts'
import { decodeGeneralNames } from './general-names.ts'

/** What the attributes of a request ask for; see `Csr`. */
export type RequestedExtensions = {
  readonly subject_alternative_names: readonly GeneralName[]
  readonly requested_extensions: readonly string[]
  readonly requests_ca: boolean
  /** Empty when the extension is not asked for. */
  readonly requested_key_usage: readonly KeyUsage[]
  /** Known purposes by name, others by object identifier; empty when the extension is not asked for. */
  readonly requested_purposes: readonly string[]
  /** TLS features (RFC 7633) by number; empty when the extension is not asked for. */
  readonly requested_tls_features: readonly number[]
}

const extensionRequest = '1.2.840.113549.1.9.14'

/** Microsoft's attribute of the same meaning: not read, so not passed over either. */
const otherExtensionRequest = '1.3.6.1.4.1.311.2.1.14'

const singleValueOf = (values: Element, type: string): Element => {
  const [value, extra] = listOf(values)
  if (value === undefined || extra !== undefined) throw malformed(`attribute ${type} does not have one value`)
  return value
}

/** Attributes (RFC 2986 §4.1) by type; each type once. */
const attributesOf = (list: Element): ReadonlyMap<string, Element> => {
  const attributes = new Map<string, Element>()
  for (const attribute of listOf(list)) {
    if (attribute.tag !== 0x30) throw malformed('an attribute is not a SEQUENCE')
    const cursor = cursorOf(attribute)
    const type = oidOf(cursor.next(0x06, 'an attribute type'), 'an attribute type')
    const values = cursor.next(0x31, `the values of attribute ${type}`)
    cursor.end(`attribute ${type}`)
    if (attributes.has(type)) throw malformed(`attribute ${type} is there twice`)
    attributes.set(type, values)
  }
  return attributes
}

/** What one extension asks for; empty when it is not there. */
const asked = <T>(
  extensions: ReadonlyMap<string, Extension>,
  name: keyof typeof extensionIds,
  read: (der: Uint8Array) => readonly T[],
): readonly T[] => {
  const extension = extensions.get(extensionIds[name])
  return extension === undefined ? [] : read(extension.value)
}

const requestsCa = (extensions: ReadonlyMap<string, Extension>): boolean => {
  const usages = asked(extensions, 'key_usage', readKeyUsage)
  const isCa = asked(extensions, 'basic_constraints', (der) => [readBasicConstraints(der).ca]).includes(true)
  return isCa || usages.includes('keyCertSign') || usages.includes('cRLSign')
}

const nothingAsked: RequestedExtensions = {
  subject_alternative_names: [],
  requested_extensions: [],
  requests_ca: false,
  requested_key_usage: [],
  requested_purposes: [],
  requested_tls_features: [],
}

/** What the attributes of a PKCS#10 request ask for (RFC 2985 §5.4.2); malformed rather than passed over. */
export function readRequestedExtensions(attributes: Element | undefined): RequestedExtensions {
  if (attributes === undefined) return nothingAsked
  const byType = attributesOf(attributes)
  if (byType.has(otherExtensionRequest)) {
    throw malformed(
      `extensions are asked for by attribute ${otherExtensionRequest} instead of ${extensionRequest}`,
    )
  }
  const values = byType.get(extensionRequest)
  if (values === undefined) return nothingAsked
  const list = singleValueOf(values, extensionRequest)
  if (list.tag !== 0x30) throw malformed('the requested extensions are not a SEQUENCE')
  const extensions = readExtensions(list)
  return {
    subject_alternative_names: asked(extensions, 'subject_alternative_name', decodeGeneralNames),
    requested_extensions: [...extensions.keys()].filter((id) => id !== extensionIds.subject_alternative_name),
    requests_ca: requestsCa(extensions),
    requested_key_usage: asked(extensions, 'key_usage', readKeyUsage),
    requested_purposes: asked(extensions, 'extended_key_usage', readExtendedKeyUsage),
    requested_tls_features: asked(extensions, 'tls_feature', readTlsFeatures),
  }
}
