import { sha256 } from '../model/digest.ts'
import type { DistinguishedName, GeneralName, NameConstraints } from '../model/names.ts'
import type { KeyUsage } from '../model/plan.ts'
import type { RefusalCode } from '../model/refusal.ts'
import { publicKeyOf, signingAlgorithmOf, verifySignature } from './algorithms.ts'
import {
  attempt,
  cursorOf,
  type Element,
  listOf,
  malformed,
  rawOf,
  reading,
  wholeElement,
} from './der-reader.ts'
import { bitStringOctetsOf, magnitudeOf, smallNumberOf, timeOf } from './der-values.ts'
import {
  readAuthorityKeyId,
  readBasicConstraints,
  readExtendedKeyUsage,
  readKeyUsage,
  readSubjectKeyId,
} from './extension-values.ts'
import { type Extension, extensionIds, readExtensions } from './extensions.ts'
import { decodeGeneralNames } from './general-names.ts'
import { decodeName } from './name.ts'
import { readNameConstraints } from './name-constraints.ts'
import { base64Of } from './octets.ts'
import { decodePem } from './pem.ts'
import { remembered } from './remembered.ts'
import { serialOfOctets } from './serial.ts'

/** The facts of a certificate, read from its DER. Times are ISO 8601 with milliseconds, as `Date.toISOString`. */
export type CertificateFacts = {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  /** Canonical, as the model's `serialNumber`. */
  readonly serial: string
  readonly issuer_der: Uint8Array
  readonly subject_der: Uint8Array
  /** Null when the name holds what our names cannot: unknown attributes, multi-valued RDNs. */
  readonly subject: DistinguishedName | null
  /** Null when a name is of a type that we do not know; empty when there is no SAN. */
  readonly subject_alternative_names: readonly GeneralName[] | null
  readonly not_before: string
  readonly not_after: string
  readonly spki: Uint8Array
  /** Subject key identifier, lower case hex; null when the extension is absent. */
  readonly key_id: string | null
  readonly authority_key_id: string | null
  /** Empty when the extension is absent. */
  readonly key_usage: readonly KeyUsage[]
  /** Known purposes by name, others by object identifier; empty when the extension is absent. */
  readonly extended_key_usage: readonly string[]
  readonly is_ca: boolean
  readonly path_length: number | null
  /** Null when the extension is absent. */
  readonly name_constraints: NameConstraints | null
  /** Null when issuers here do not sign so. */
  readonly signing_algorithm: string | null
  readonly signature: Uint8Array
  /** SHA-256 of the DER, lower case hex. */
  readonly sha256: string
}

const limits = { octets: 65_536, depth: 16 }

const partsOf = (der: Uint8Array) => {
  const root = wholeElement(der, limits)
  const outer = cursorOf(root)
  const tbs = outer.next(0x30, 'the TBSCertificate')
  const identifier = rawOf(outer.next(0x30, 'the signature algorithm'))
  const signature = bitStringOctetsOf(outer.next(0x03, 'the signature'), 'the signature')
  outer.end('the signature')
  if (root.tag !== 0x30) throw malformed('the certificate is not a SEQUENCE')
  return { der: rawOf(root), tbs, identifier, signature }
}

/** The fields of a TBSCertificate (RFC 5280 §4.1.2), version 3 only. */
export const readTbsCertificate = (tbs: Element) => {
  const cursor = cursorOf(tbs)
  const version = cursorOf(cursor.next(0xa0, 'the version')).next(0x02, 'the version')
  if (smallNumberOf(version, 'the version') !== 2) throw malformed('the certificate is not of version 3')
  const serial = serialOfOctets(magnitudeOf(cursor.next(0x02, 'the serial number'), 'the serial number'))
  const identifier = rawOf(cursor.next(0x30, 'the signature algorithm'))
  const issuer_der = rawOf(cursor.next(0x30, 'the issuer'))
  const [before, after, extra] = listOf(cursor.next(0x30, 'the validity'))
  if (before === undefined || after === undefined || extra !== undefined)
    throw malformed('the validity is not two times')
  const subject_der = rawOf(cursor.next(0x30, 'the subject'))
  const spki = rawOf(cursor.next(0x30, 'the public key'))
  const list = cursorOf(cursor.next(0xa3, 'the extensions'))
  const extensions = readExtensions(list.next(0x30, 'the extensions'))
  list.end('the extensions')
  cursor.end('the extensions')
  return { serial, identifier, issuer_der, before, after, subject_der, spki, extensions }
}

const readValue = <T>(
  extensions: ReadonlyMap<string, Extension>,
  id: keyof typeof extensionIds,
  read: (der: Uint8Array) => T,
): T | undefined => {
  const extension = extensions.get(extensionIds[id])
  return extension === undefined ? undefined : read(extension.value)
}

const extensionFacts = (extensions: ReadonlyMap<string, Extension>) => {
  const constraints = readValue(extensions, 'basic_constraints', readBasicConstraints)
  const names = readValue(extensions, 'subject_alternative_name', (der) =>
    attempt(() => decodeGeneralNames(der)),
  )
  return {
    subject_alternative_names: names === undefined ? [] : names,
    key_id: readValue(extensions, 'subject_key_identifier', readSubjectKeyId) ?? null,
    authority_key_id: readValue(extensions, 'authority_key_identifier', readAuthorityKeyId) ?? null,
    key_usage: readValue(extensions, 'key_usage', readKeyUsage) ?? [],
    extended_key_usage: readValue(extensions, 'extended_key_usage', readExtendedKeyUsage) ?? [],
    is_ca: constraints?.ca ?? false,
    path_length: constraints?.path_length ?? null,
    name_constraints: readValue(extensions, 'name_constraints', readNameConstraints) ?? null,
  }
}

const factsOf = (input: Uint8Array): CertificateFacts => {
  const { der, tbs, identifier, signature } = partsOf(input)
  const fields = readTbsCertificate(tbs)
  if (Buffer.compare(fields.identifier, identifier) !== 0)
    throw malformed('the two signature algorithms differ')
  return {
    der,
    tbs: rawOf(tbs),
    serial: fields.serial,
    issuer_der: fields.issuer_der,
    subject_der: fields.subject_der,
    subject: attempt(() => decodeName(fields.subject_der)),
    not_before: timeOf(fields.before, 'notBefore'),
    not_after: timeOf(fields.after, 'notAfter'),
    spki: fields.spki,
    ...extensionFacts(fields.extensions),
    signing_algorithm: signingAlgorithmOf(identifier),
    signature,
    sha256: sha256(der),
  }
}

/**
 * The facts of a certificate (RFC 5280 §4.1) in DER, PEM or base64, at most
 * 64 KB, version 3. Throws Refusal with the caller's code when it is not
 * strict DER: `issuer_invalid` for a CA certificate that somebody brings,
 * `plan_mismatch` for what an issuer returned.
 */
export const readCertificate = (
  input: string | Uint8Array,
  code: RefusalCode = 'issuer_invalid',
): CertificateFacts =>
  reading(code, () => {
    if (input.length > 2 * limits.octets) throw malformed(`more than ${limits.octets} octets`)
    return factsOf(typeof input === 'string' ? decodePem(input, ['CERTIFICATE'], 'the certificate') : input)
  })

/** Issuers are few, and reading a key takes OpenSSL half as long as a verification. By text, which nobody changes. */
const issuerKey = remembered(
  (spki: string) => publicKeyOf(Buffer.from(spki, 'base64')),
  (a, b) => a === b,
)

/**
 * Whether the signature of a certificate (DER) holds under an issuer's
 * SubjectPublicKeyInfo. False for octets that are no certificate or no key.
 */
export function verifyCertificate(certificate: Uint8Array, issuer_spki: Uint8Array): boolean {
  const parts = attempt(() => partsOf(certificate))
  const key = issuerKey(base64Of(issuer_spki))
  if (parts === null || key === null) return false
  return verifySignature(
    { signed: rawOf(parts.tbs), identifier: parts.identifier, signature: parts.signature },
    key,
  )
}
