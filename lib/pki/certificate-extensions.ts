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
import { encodeOid, oid } from './der-oid.ts'
import { purposeIds } from './extension-values.ts'
import { extensionIds } from './extensions.ts'
import { encodeGeneralNames } from './general-names.ts'
import { keyIdOf } from './key-id.ts'
import { encodeNameConstraints } from './name-constraints.ts'
import { remembered } from './remembered.ts'

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

/** Critical when the subject is empty (RFC 5280 §4.2.1.6). */
const subjectAlternativeName = ({
  subject,
  subject_alternative_names: names,
}: CertificatePlan): Uint8Array[] =>
  names.length === 0
    ? []
    : [
        encodeExtension(
          extensionIds.subject_alternative_name,
          subject.length === 0,
          encodeGeneralNames(names),
        ),
      ]

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
  ({ basic_constraints: { ca, path_length }, key_usage, extended_key_usage }) =>
    `${ca} ${path_length} ${key_usage.join()} ${extended_key_usage.join()}`,
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
  (plan) =>
    [
      plan.issuer.key_id,
      plan.crl_distribution_points.join(' '),
      plan.ocsp.join(' '),
      plan.ca_issuers.join(' '),
      plan.must_staple,
      plan.no_revocation_available,
      plan.ocsp_no_check,
    ].join('\n'),
)

/** The extensions of a certificate (RFC 5280 §4.2, RFC 7633, RFC 9608 §2, RFC 6960 §4.2.2.2.1), always in one order. */
export function certificateExtensions(plan: CertificatePlan): Uint8Array {
  const key_id = keyIdOf(Buffer.from(plan.public_key.spki, 'base64'))
  return sequence(
    usages(plan),
    ...subjectAlternativeName(plan),
    ...nameConstraints(plan),
    ...certificatePolicies(plan),
    encodeExtension(extensionIds.subject_key_identifier, false, octetString(keyIdOctets(key_id))),
    status(plan),
  )
}
