import type { GeneralName } from '../model/names.ts'
import { cursorOf, type Element, elementsOf, malformed } from './der-reader.ts'
import { oidOf } from './der-values.ts'
import { readBasicConstraints, readKeyUsage } from './extension-values.ts'
import { type Extension, extensionIds, readExtensions } from './extensions.ts'
import { decodeGeneralNames } from './general-names.ts'

/** What the attributes of a request ask for; see `Csr`. */
export type RequestedExtensions = {
  readonly subject_alternative_names: readonly GeneralName[]
  readonly requested_extensions: readonly string[]
  readonly requests_ca: boolean
}

const extensionRequest = '1.2.840.113549.1.9.14'

/** Microsoft's attribute of the same meaning: not read, so not passed over either. */
const otherExtensionRequest = '1.3.6.1.4.1.311.2.1.14'

const singleValueOf = (values: Element, type: string): Element => {
  const [value, extra] = elementsOf(values.content)
  if (value === undefined || extra !== undefined) throw malformed(`attribute ${type} does not have one value`)
  return value
}

/** Attributes (RFC 2986 §4.1) by type; each type once. */
const attributesOf = (content: Uint8Array): ReadonlyMap<string, Element> => {
  const attributes = new Map<string, Element>()
  for (const { tag, content: inner } of elementsOf(content)) {
    if (tag !== 0x30) throw malformed('an attribute is not a SEQUENCE')
    const cursor = cursorOf(inner)
    const type = oidOf(cursor.next(0x06, 'an attribute type'), 'an attribute type')
    const values = cursor.next(0x31, `the values of attribute ${type}`)
    cursor.end(`attribute ${type}`)
    if (attributes.has(type)) throw malformed(`attribute ${type} is there twice`)
    attributes.set(type, values)
  }
  return attributes
}

const requestsCa = (extensions: ReadonlyMap<string, Extension>): boolean => {
  const constraints = extensions.get(extensionIds.basic_constraints)
  const usage = extensions.get(extensionIds.key_usage)
  const usages = usage === undefined ? [] : readKeyUsage(usage.value)
  const isCa = constraints !== undefined && readBasicConstraints(constraints.value).ca
  return isCa || usages.includes('keyCertSign') || usages.includes('cRLSign')
}

/** What the attributes of a PKCS#10 request ask for (RFC 2985 §5.4.2); malformed rather than passed over. */
export function readRequestedExtensions(attributes: Uint8Array): RequestedExtensions {
  const byType = attributesOf(attributes)
  if (byType.has(otherExtensionRequest)) {
    throw malformed(
      `extensions are asked for by attribute ${otherExtensionRequest} instead of ${extensionRequest}`,
    )
  }
  const values = byType.get(extensionRequest)
  if (values === undefined)
    return { subject_alternative_names: [], requested_extensions: [], requests_ca: false }
  const list = singleValueOf(values, extensionRequest)
  if (list.tag !== 0x30) throw malformed('the requested extensions are not a SEQUENCE')
  const extensions = readExtensions(list.content)
  const names = extensions.get(extensionIds.subject_alternative_name)
  return {
    subject_alternative_names: names === undefined ? [] : decodeGeneralNames(names.value),
    requested_extensions: [...extensions.keys()].filter((id) => id !== extensionIds.subject_alternative_name),
    requests_ca: requestsCa(extensions),
  }
}
