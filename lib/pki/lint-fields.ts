import { sha256 } from '../model/digest.ts'
import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'
import { keyTable, signingTable } from './algorithms.ts'
import type { readTbsCertificate } from './certificate-reader.ts'
import { cursorOf, type Element } from './der-reader.ts'
import { timeOf } from './der-values.ts'
import { readKeyId } from './key-id.ts'
import { decodeName } from './name.ts'
import { base64Of } from './octets.ts'
import { sameNames, sameOctets } from './same.ts'

/** The fields of a TBSCertificate as they were read back. */
export type TbsFields = ReturnType<typeof readTbsCertificate>

/** One comparison: where in the plan, what must hold, whether it does. A malformed value is caught by the caller. */
export type Check = { readonly pointer: string; readonly detail: string; readonly holds: () => boolean }

/** UTCTime, which ends with 2049; GeneralizedTime after (RFC 5280 §4.1.2.5). */
const hasRightForm = (element: Element): boolean =>
  element.tag === 0x17 || timeOf(element, 'the validity') >= '2050'

const validityChecks = (
  fields: TbsFields,
  plan: CertificatePlan,
  period: ValidityPeriod,
): readonly Check[] => {
  const start = Date.parse(period.not_before)
  const end = Date.parse(period.not_after)
  const { lifetime_seconds, backdate_seconds } = plan.validity
  const limit = plan.issuer.not_after
  return [
    {
      pointer: '/validity',
      detail: 'the validity differs from the period on record',
      holds: () =>
        Date.parse(timeOf(fields.before, 'notBefore')) === start &&
        Date.parse(timeOf(fields.after, 'notAfter')) === end,
    },
    {
      pointer: '/validity',
      detail: 'the validity is not as long as was planned',
      holds: () => end - start === (lifetime_seconds + backdate_seconds - 1) * 1000,
    },
    {
      pointer: '/validity',
      detail: 'the validity is encoded in the wrong type of time',
      holds: () => hasRightForm(fields.before) && hasRightForm(fields.after),
    },
    {
      pointer: '/issuer/not_after',
      detail: 'the certificate outlives its issuer',
      holds: () => limit === null || end <= Date.parse(limit),
    },
  ]
}

const issuerChecks = (fields: TbsFields, { issuer }: CertificatePlan): readonly Check[] => {
  const self = issuer.certificate_sha256 === null
  return [
    {
      pointer: '/issuer/signing_algorithm',
      detail: 'the signature algorithm differs',
      holds: () => sameOctets(fields.identifier, signingTable[issuer.signing_algorithm].identifier),
    },
    {
      pointer: '/issuer/subject',
      detail: "the issuer is not the issuer's own name, octet for octet, or is empty",
      holds: () => base64Of(fields.issuer_der) === issuer.subject && fields.issuer_der.length > 2,
    },
    {
      pointer: '/issuer/certificate_sha256',
      detail: 'a CA that signs itself has one name and one key',
      holds: () =>
        !self ||
        (sameOctets(fields.issuer_der, fields.subject_der) && issuer.key_id === readKeyId(fields.spki)),
    },
  ]
}

const subjectChecks = (fields: TbsFields, plan: CertificatePlan): readonly Check[] => [
  {
    pointer: '/subject',
    detail: 'the subject differs',
    holds: () => sameNames(decodeName(fields.subject_der), plan.subject),
  },
  {
    pointer: '/public_key/spki',
    detail: 'the public key differs',
    holds: () => base64Of(fields.spki) === plan.public_key.spki,
  },
  {
    pointer: '/public_key/spki_sha256',
    detail: 'the digest of the public key differs',
    holds: () => sha256(fields.spki) === plan.public_key.spki_sha256,
  },
  {
    pointer: '/public_key/algorithm',
    detail: 'the public key is of another algorithm',
    holds: () => {
      const outer = cursorOf(cursorOf(fields.spki).next(0x30, 'the public key').content)
      return sameOctets(
        outer.next(0x30, 'the key algorithm').raw,
        keyTable[plan.public_key.algorithm].identifier,
      )
    },
  },
]

/** The checks of the fields of a TBSCertificate outside its extensions. */
export const fieldChecks = (
  fields: TbsFields,
  plan: CertificatePlan,
  period: ValidityPeriod,
): readonly Check[] => [
  {
    pointer: '/serial',
    detail: 'the serial number differs, or takes more than 20 octets (§4.1.2.2)',
    holds: () => fields.serial === plan.serial && (plan.serial.length < 40 || plan.serial < '8'),
  },
  ...issuerChecks(fields, plan),
  ...validityChecks(fields, plan, period),
  ...subjectChecks(fields, plan),
]
