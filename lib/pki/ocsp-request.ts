import {
  contentOf,
  cursorOf,
  type Element,
  listOf,
  malformed,
  reading,
  soleElement,
  wholeElement,
} from './der-reader.ts'
import { smallNumberOf } from './der-values.ts'
import { type Extension, extensionIds, readExtensions } from './extensions.ts'
import { type OcspCertId, readCertId } from './ocsp-cert-id.ts'

/** What a client asks. */
export type OcspRequest = {
  /** At least one, in the order they were asked. */
  readonly certificate_ids: readonly OcspCertId[]
  /** 1–128 octets (RFC 9654). */
  readonly nonce: Uint8Array | null
}

const limits = { octets: 16_384, depth: 16 }

const maximumNonce = 128

/** Extensions in their explicit tag; one that is critical and not known makes the request malformed (RFC 6960 §4.4). */
const extensionsIn = (
  tagged: Element | undefined,
  known: readonly string[],
): ReadonlyMap<string, Extension> => {
  if (tagged === undefined) return new Map()
  const cursor = cursorOf(tagged)
  const extensions = readExtensions(cursor.next(0x30, 'the extensions'))
  cursor.end('the extensions')
  for (const { id, critical } of extensions.values()) {
    if (critical && !known.includes(id)) throw malformed(`extension ${id} is critical and not known`)
  }
  return extensions
}

/** Nonce (RFC 9654 §2.1): an OCTET STRING inside the extension's own. */
const nonceOf = (extension: Extension | undefined): Uint8Array | null => {
  if (extension === undefined) return null
  const content = contentOf(soleElement(extension.value, 0x04, 'the nonce'))
  if (content.length < 1 || content.length > maximumNonce) throw malformed('a nonce has 1 to 128 octets')
  return content
}

const certIdOfRequest = (element: Element): OcspCertId => {
  if (element.tag !== 0x30) throw malformed('a request is not a SEQUENCE')
  const cursor = cursorOf(element)
  const id = cursor.next(0x30, 'a CertID')
  extensionsIn(cursor.optional(0xa0), [])
  cursor.end('a request')
  return readCertId(id)
}

const checkVersion = (tagged: Element | undefined): void => {
  if (tagged === undefined) return
  const cursor = cursorOf(tagged)
  const version = smallNumberOf(cursor.next(0x02, 'the version'), 'the version')
  cursor.end('the version')
  if (version !== 0) throw malformed('the version is not 1')
}

const requestOf = (der: Uint8Array): OcspRequest => {
  const root = wholeElement(der, limits)
  if (root.tag !== 0x30) throw malformed('the request is not a SEQUENCE')
  const outer = cursorOf(root)
  const tbs = cursorOf(outer.next(0x30, 'the TBSRequest'))
  // a requestor's signature proves nothing that is asked for here
  outer.optional(0xa0)
  outer.end('the request')
  checkVersion(tbs.optional(0xa0))
  tbs.optional(0xa1)
  const list = tbs.next(0x30, 'the list of requests')
  const extensions = extensionsIn(tbs.optional(0xa2), [extensionIds.ocsp_nonce])
  tbs.end('the TBSRequest')
  const certificate_ids = listOf(list).map(certIdOfRequest)
  if (certificate_ids.length === 0) throw malformed('nothing is asked')
  return { certificate_ids, nonce: nonceOf(extensions.get(extensionIds.ocsp_nonce)) }
}

/**
 * An OCSPRequest (RFC 6960 §4.1) in DER of at most 16 KB: every certificate it
 * asks for, and its nonce. Throws Refusal('ocsp_malformed').
 */
export const readOcspRequest = (der: Uint8Array): OcspRequest =>
  reading('ocsp_malformed', () => requestOf(der))
