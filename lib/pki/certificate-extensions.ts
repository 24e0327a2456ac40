import { type CertificatePlan, keyUsages } from '../model/plan.ts'
import { Refusal } from '../model/refusal.ts'
import {
  asn1Null,
  boolean,
  concat,
  explicit,
  implicit,
  namedBits,
  number,
  octetString,
  sequence,
} from './der.ts'
import { type Backward, lengthOf, putHeader, putHex, putOctets } from './der-backward.ts'
import { encodeOid, oid } from './der-oid.ts'
import { purposeIds } from './extension-values.ts'
import { extensionIds } from './extensions.ts'
import { putGeneralNames } from './general-names.ts'
import { keyIdOf } from './key-id.ts'
import { encodeNameConstraints } from './name-constraints.ts'
import { remembered } from './remembered.ts'
import { sameList } from './same.ts'

/** Extension (RFC 5280 §4.1); `critical` false is the default and left out. */
export const encodeExtension = (id: string, critical: boolean, value: Uint8Array): Uint8Array =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value))

/** A uniformResourceIdentifier; the characters of a URI only, so that nothing is cut or re-encoded. */
export const uriName = (url: string): Uint8Array => {
  if (!/^[\x21-\x7e]+$/.test(url)) {
    throw new Refusal('profile_violation', `${JSON.stringify(url)} is not a URL in ASCII`)
  }
  return implicit(6, Buffer.from(url, 'latin1'))
}

/** Octets of a key identifier in hex. Throws Refusal('issuer_invalid'). */
const keyIdOctets = (hex: string): Uint8Array => {
  const octets = Buffer.from(hex, 'hex')
  if (octets.length === 0 || octets.toString('hex') !== hex) {
    throw new Refusal(
      'issuer_invalid',
      'the key identifier of the issuer is not lower case hex of whole octets',
    )
  }
  return octets
}

/** AuthorityKeyIdentifier (RFC 5280 §4.2.1.1) of a CA's key identifier. */
export const authorityKeyId = (key_id: string): Uint8Array =>
  encodeExtension(extensionIds.authority_key_identifier, false, sequence(implicit(0, keyIdOctets(key_id))))

const basicConstraints = ({ basic_constraints: { ca, path_length } }: CertificatePlan): Uint8Array => {
  const limit = path_length === null ? [] : [number(path_length)]
  return encodeExtension(
    extensionIds.basic_constraints,
    true,
    ca ? sequence(boolean(true), ...limit) : sequence(),
  )
}

const keyUsage = ({ key_usage }: CertificatePlan): Uint8Array =>
  encodeExtension(extensionIds.key_usage, true, namedBits(key_usage.map((usage) => keyUsages.indexOf(usage))))

/** Critical when it is for time stamping alone (RFC 3161 §2.3). */
const extendedKeyUsage = ({ extended_key_usage: purposes }: CertificatePlan): Uint8Array[] => {
  if (purposes.length === 0) return []
  const value = sequence(...purposes.map((purpose) => oid(purposeIds[purpose])))
  return [encodeExtension(extensionIds.extended_key_usage, purposes.includes('timeStamping'), value)]
}

/** Closes an extension whose value was written since then. */
const putExtensionHeaders = (
  to: Backward,
  { id, critical }: { readonly id: string; readonly critical: boolean },
  since: number,
): void => {
  putHeader(to, 0x04, since)
  if (critical) putOctets(to, boolean(true))
  putOctets(to, oid(id))
  putHeader(to, 0x30, since)
}

/** Critical when the subject is empty (RFC 5280 §4.2.1.6). */
const putAlternativeNames = (
  to: Backward,
  { subject, subject_alternative_names: names }: CertificatePlan,
): void => {
  if (names.length === 0) return
  const since = lengthOf(to)
  putGeneralNames(to, names)
  const id = extensionIds.subject_alternative_name
  putExtensionHeaders(to, { id, critical: subject.length === 0 }, since)
}

const putSubjectKeyId = (to: Backward, spki: Uint8Array): void => {
  const since = lengthOf(to)
  putHex(to, keyIdOf(spki))
  putHeader(to, 0x04, since)
  putExtensionHeaders(to, { id: extensionIds.subject_key_identifier, critical: false }, since)
}

const distributionPoints = ({ crl_distribution_points: urls }: CertificatePlan): Uint8Array[] => {
  if (urls.length === 0) return []
  const points = urls.map((url) => sequence(explicit(0, explicit(0, uriName(url)))))
  return [encodeExtension(extensionIds.crl_distribution_points, false, sequence(...points))]
}

const informationAccess = ({ ocsp, ca_issuers }: CertificatePlan): Uint8Array[] => {
  const access = [
    ...ocsp.map((url) => sequence(oid('1.3.6.1.5.5.7.48.1'), uriName(url))),
    ...ca_issuers.map((url) => sequence(oid('1.3.6.1.5.5.7.48.2'), uriName(url))),
  ]
  if (access.length === 0) return []
  return [encodeExtension(extensionIds.authority_information_access, false, sequence(...access))]
}

/** Always critical (RFC 5280 §4.2.1.10). */
const nameConstraints = ({ name_constraints }: CertificatePlan): Uint8Array[] =>
  name_constraints === null
    ? []
    : [encodeExtension(extensionIds.name_constraints, true, encodeNameConstraints(name_constraints))]

const certificatePolicies = ({ policies }: CertificatePlan): Uint8Array[] => {
  if (policies.length === 0) return []
  const value = sequence(...policies.map((policy) => sequence(encodeOid(policy))))
  return [encodeExtension(extensionIds.certificate_policies, false, value)]
}

/** Feature 5 is status_request (RFC 7633 §4.1, RFC 6066 §8). */
const statusRequest = sequence(number(5))

const tlsFeature = ({ must_staple }: CertificatePlan): Uint8Array[] =>
  must_staple ? [encodeExtension(extensionIds.tls_feature, false, statusRequest)] : []

type Made = (plan: CertificatePlan) => Uint8Array

/** What the profile says of the key: the same for all it certifies. */
const usages: Made = remembered(
  (plan) => concat([basicConstraints(plan), keyUsage(plan), ...extendedKeyUsage(plan)]),
  (a, b) =>
    a.basic_constraints.ca === b.basic_constraints.ca &&
    a.basic_constraints.path_length === b.basic_constraints.path_length &&
    sameList(a.key_usage, b.key_usage) &&
    sameList(a.extended_key_usage, b.extended_key_usage),
)

/** Where to ask for the status: the same for all of an issuer, or of a shard of its list. */
const status: Made = remembered(
  (plan) =>
    concat([
      authorityKeyId(plan.issuer.key_id),
      ...distributionPoints(plan),
      ...informationAccess(plan),
      ...tlsFeature(plan),
      ...(plan.no_revocation_available
        ? [encodeExtension(extensionIds.no_revocation_available, false, asn1Null)]
        : []),
      ...(plan.ocsp_no_check ? [encodeExtension(extensionIds.ocsp_no_check, false, asn1Null)] : []),
    ]),
  (a, b) =>
    a.issuer.key_id === b.issuer.key_id &&
    sameList(a.crl_distribution_points, b.crl_distribution_points) &&
    sameList(a.ocsp, b.ocsp) &&
    sameList(a.ca_issuers, b.ca_issuers) &&
    a.must_staple === b.must_staple &&
    a.no_revocation_available === b.no_revocation_available &&
    a.ocsp_no_check === b.ocsp_no_check,
)

/**
 * Writes the extensions of a certificate (RFC 5280 §4.2, RFC 7633, RFC 9608 §2, RFC 6960 §4.2.2.2.1), always in one
 * order. `spki` is the plan's, as DER.
 */
export const putExtensions = (to: Backward, plan: CertificatePlan, spki: Uint8Array): void => {
  const since = lengthOf(to)
  putOctets(to, status(plan))
  putSubjectKeyId(to, spki)
  for (const seldom of [...nameConstraints(plan), ...certificatePolicies(plan)].toReversed())
    putOctets(to, seldom)
  putAlternativeNames(to, plan)
  putOctets(to, usages(plan))
  putHeader(to, 0x30, since)
}
