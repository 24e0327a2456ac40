import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'
import type { Violation } from '../model/refusal.ts'
import { readCertificate, readTbsCertificate, verifyCertificate } from './certificate-reader.ts'
import { attempt, malformed, wholeElement } from './der-reader.ts'
import { readDistributionPoints, readInformationAccess, readSubjectKeyId } from './extension-values.ts'
import { extensionIds } from './extensions.ts'
import { extensionChecks } from './lint-extensions.ts'
import { type Check, type Compared, fieldChecks, type TbsFields } from './lint-fields.ts'

/** What was planned, and the key that must have signed it. */
export type Expected = {
  readonly plan: CertificatePlan
  readonly period: ValidityPeriod
  /** SubjectPublicKeyInfo of the issuer, DER. */
  readonly issuer_spki: Uint8Array
}

const limits = { octets: 65_536, depth: 16 }

const fieldsOf = (der: Uint8Array): TbsFields => {
  const tbs = wholeElement(readCertificate(der, 'plan_mismatch').tbs, limits)
  if (tbs.tag !== 0x30) throw malformed('the TBSCertificate is not a SEQUENCE')
  return readTbsCertificate(tbs)
}

/** What an issuer outside decides by itself: it may be there or not, but must be of its kind. */
const ownExtensions: Readonly<Record<string, (value: Uint8Array) => unknown>> = {
  [extensionIds.crl_distribution_points]: readDistributionPoints,
  [extensionIds.authority_information_access]: readInformationAccess,
  // Hashed by SHA-1 (RFC 5280 §4.2.1.2), where ours is by SHA-256.
  [extensionIds.subject_key_identifier]: readSubjectKeyId,
}

/** The extensions that the plan speaks of. */
const spokenOf = (fields: TbsFields): TbsFields => ({
  ...fields,
  extensions: new Map([...fields.extensions].filter(([id]) => !(id in ownExtensions))),
})

const ownChecks: readonly Check[] = Object.entries(ownExtensions).map(([id, read]) => ({
  pointer: '',
  detail: `extension ${id} is critical or malformed`,
  holds: ({ fields }) => {
    const extension = fields.extensions.get(id)
    if (extension === undefined) return true
    read(extension.value)
    return !extension.critical
  },
}))

const serialCheck: Check = {
  pointer: '/serial',
  detail: 'the serial number has fewer than 64 bits, or more than 20 octets',
  holds: ({ fields: { serial } }) => serial.length >= 16 && (serial.length < 40 || serial < '8'),
}

/** The lint's comparisons of extensions; the key identifier is the issuer's to choose. */
const plannedChecks = extensionChecks.filter(({ pointer }) => pointer !== '/public_key/spki')

/** The lint's comparisons, without what the issuer decides: the serial, its own addresses, the key identifier. */
const brokenOf = (fields: TbsFields, { plan, period }: Expected): readonly Check[] => {
  const planned = { ...plan, serial: fields.serial, crl_distribution_points: [], ocsp: [], ca_issuers: [] }
  const compared = { fields, plan: planned, period }
  const spoken = { ...compared, fields: spokenOf(fields) }
  const breaks = (of: Compared) => (check: Check) => attempt(() => check.holds(of)) !== true
  return [
    ...[serialCheck, ...fieldChecks, ...ownChecks].filter(breaks(compared)),
    ...plannedChecks.filter(breaks(spoken)),
  ]
}

const difference = (pointer: string, detail: string): readonly Violation[] => [{ pointer, detail }]

/**
 * In what a certificate that an issuer outside returned differs from its plan,
 * by JSON pointer into the plan; empty when it does not. Octets that are no
 * certificate, or that the issuer did not sign, differ in all.
 */
export function differencesOf(der: Uint8Array, expected: Expected): readonly Violation[] {
  const fields = attempt(() => fieldsOf(der))
  if (fields === null) return difference('', 'what was returned is no certificate')
  const broken = brokenOf(fields, expected)
  const signed = verifyCertificate(der, expected.issuer_spki)
  return [
    ...(signed ? [] : difference('/issuer', 'the signature is not the signature of the issuer')),
    ...broken.map(({ pointer, detail }) => ({ pointer, detail })),
  ]
}
