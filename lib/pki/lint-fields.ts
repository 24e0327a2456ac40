import { sha256 } from '../model/digest.ts'
import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'
import { keyTable, signingTable } from './algorithms.ts'
import type { readTbsCertificate } from './certificate-reader.ts'
import { cursorOf, type Element, rawOf, soleElement } from './der-reader.ts'
import { timeOf } from './der-values.ts'
import { readKeyId } from './key-id.ts'
import { decodeName } from './name.ts'
import { base64Of } from './octets.ts'
import { sameNames, sameOctets } from './same.ts'

/** The fields of a TBSCertificate as they were read back. */
export type TbsFields = ReturnType<typeof readTbsCertificate>

/** What is compared: the fields that were read back, the plan, the period on record. */
export type Compared = {
  readonly fields: TbsFields
  readonly plan: CertificatePlan
  readonly period: ValidityPeriod
}

/** One comparison: where in the plan, what must hold, whether it does. A malformed value is caught by the caller. */
export type Check = {
  readonly pointer: string
  readonly detail: string
  readonly holds: (compared: Compared) => boolean
}

/** UTCTime, which ends with 2049; GeneralizedTime after (RFC 5280 §4.1.2.5). */
const hasRightForm = (element: Element): boolean =>
  element.tag === 0x17 || timeOf(element, 'the validity') >= '2050'

const sameInstant = (a: string, b: string): boolean => a === b || Date.parse(a) === Date.parse(b)

const validityChecks: readonly Check[] = [
  {
    pointer: '/validity',
    detail: 'the validity differs from the period on record',
    holds: ({ fields, period }) =>
      sameInstant(timeOf(fields.before, 'notBefore'), period.not_before) &&
      sameInstant(timeOf(fields.after, 'notAfter'), period.not_after),
  },
  {
    pointer: '/validity',
    detail: 'the validity is not as long as was planned',
    // Of an issuer that is younger than the backdating it begins with its issuer: later, and never earlier.
    holds: ({ period, plan: { validity } }) => {
      const seconds = (Date.parse(period.not_after) - Date.parse(period.not_before)) / 1000 + 1
      const backdated = seconds - validity.lifetime_seconds
      return backdated >= 0 && backdated <= validity.backdate_seconds
    },
  },
  {
    pointer: '/validity',
    detail: 'the validity is encoded in the wrong type of time',
    holds: ({ fields }) => hasRightForm(fields.before) && hasRightForm(fields.after),
  },
  {
    pointer: '/issuer/not_after',
    detail: 'the certificate outlives its issuer',
    holds: ({ period, plan: { issuer } }) =>
      issuer.not_after === null || Date.parse(period.not_after) <= Date.parse(issuer.not_after),
  },
]

const issuerChecks: readonly Check[] = [
  {
    pointer: '/issuer/signing_algorithm',
    detail: 'the signature algorithm differs',
    holds: ({ fields, plan: { issuer } }) =>
      sameOctets(fields.identifier, signingTable[issuer.signing_algorithm].identifier),
  },
  {
    pointer: '/issuer/subject',
    detail: "the issuer is not the issuer's own name, octet for octet, or is empty",
    holds: ({ fields, plan: { issuer } }) =>
      base64Of(fields.issuer_der) === issuer.subject && fields.issuer_der.length > 2,
  },
  {
    pointer: '/issuer/certificate_sha256',
    detail: 'a CA that signs itself has one name and one key',
    holds: ({ fields, plan: { issuer } }) =>
      issuer.certificate_sha256 !== null ||
      (sameOctets(fields.issuer_der, fields.subject_der) && issuer.key_id === readKeyId(fields.spki)),
  },
]

const subjectChecks: readonly Check[] = [
  {
    pointer: '/subject',
    detail: 'the subject differs',
    holds: ({ fields, plan }) => sameNames(decodeName(fields.subject_der), plan.subject),
  },
  {
    pointer: '/public_key/spki',
    detail: 'the public key differs',
    holds: ({ fields, plan }) => base64Of(fields.spki) === plan.public_key.spki,
  },
  {
    pointer: '/public_key/spki_sha256',
    detail: 'the digest of the public key differs',
    holds: ({ fields, plan }) => sha256(fields.spki) === plan.public_key.spki_sha256,
  },
  {
    pointer: '/public_key/algorithm',
    detail: 'the public key is of another algorithm',
    holds: ({ fields, plan }) => {
      const outer = cursorOf(soleElement(fields.spki, 0x30, 'the public key'))
      return sameOctets(
        rawOf(outer.next(0x30, 'the key algorithm')),
        keyTable[plan.public_key.algorithm].identifier,
      )
    },
  },
]

/** The checks of the fields of a TBSCertificate outside its extensions. */
export const fieldChecks: readonly Check[] = [
  {
    pointer: '/serial',
    detail: 'the serial number differs, or takes more than 20 octets (§4.1.2.2)',
    holds: ({ fields, plan }) =>
      fields.serial === plan.serial && (plan.serial.length < 40 || plan.serial < '8'),
  },
  ...issuerChecks,
  ...validityChecks,
  ...subjectChecks,
]
