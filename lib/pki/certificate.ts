import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'
import { Refusal } from '../model/refusal.ts'
import { skewSeconds } from '../model/time.ts'
import { signingTable } from './algorithms.ts'
import { putExtensions } from './certificate-extensions.ts'
import { explicit, number } from './der.ts'
import {
  type Backward,
  backward,
  lengthOf,
  putHeader,
  putHex,
  putOctet,
  putOctets,
  writtenOf,
} from './der-backward.ts'
import { putTime } from './der-time.ts'
import { putName } from './name.ts'
import { remembered } from './remembered.ts'
import { signedSequence } from './signing.ts'

const versionThree = explicit(0, number(2))

/** The name of an issuer is the same in all that it signs. */
const issuerName = remembered(
  (subject: string) => Buffer.from(subject, 'base64'),
  (a, b) => a === b,
)

const putSerial = (to: Backward, serial: string): void => {
  const since = lengthOf(to)
  putHex(to, serial)
  if (serial >= '8') putOctet(to, 0)
  putHeader(to, 0x02, since)
}

const putValidity = (to: Backward, { not_before, not_after }: ValidityPeriod): void => {
  const since = lengthOf(to)
  putTime(to, not_after)
  putTime(to, not_before)
  putHeader(to, 0x30, since)
}

/**
 * The TBSCertificate (RFC 5280 §4.1) of a plan at a moment of issuance. The
 * same plan and period always give the same octets; the issuer's name is the
 * plan's, octet for octet. Throws Refusal: `profile_violation` for names that
 * no certificate can hold, `csr_key_refused` for an SPKI that is not DER,
 * `issuer_invalid` for a key identifier that is not hex.
 */
export const tbsCertificate = (plan: CertificatePlan, period: ValidityPeriod): Uint8Array => {
  const to = backward()
  const spki = Buffer.from(plan.public_key.spki, 'base64')
  putExtensions(to, plan, spki)
  putHeader(to, 0xa3, 0)
  putOctets(to, spki)
  putName(to, plan.subject)
  putValidity(to, period)
  putOctets(to, issuerName(plan.issuer.subject))
  putOctets(to, signingTable[plan.issuer.signing_algorithm].identifier)
  putSerial(to, plan.serial)
  putOctets(to, versionThree)
  putHeader(to, 0x30, 0)
  return writtenOf(to)
}

/**
 * The validity that a plan has when it is issued now: whole seconds, both ends
 * inclusive (RFC 5280 §4.1.2.5), as ISO 8601 with milliseconds. `issuer_since`
 * is when the issuer's own certificate begins, null where it signs itself: a
 * certificate is backdated to then and no further, and of an issuer that is
 * about to begin, by the clock of whoever made it, it begins with its issuer.
 * Throws Refusal: `issuer_inactive` when the issuer begins later than clocks
 * differ (`skewSeconds`), `profile_violation` when the certificate would outlive it.
 */
export function periodFor(plan: CertificatePlan, now: Date, issuer_since: string | null): ValidityPeriod {
  const { lifetime_seconds, backdate_seconds } = plan.validity
  const second = Math.floor(now.getTime() / 1000)
  const first = issuer_since === null ? Number.NEGATIVE_INFINITY : Date.parse(issuer_since) / 1000
  const begins = Math.max(second, first)
  if (begins > second + skewSeconds)
    throw new Refusal('issuer_inactive', `the issuer begins at ${issuer_since}`)
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString()
  const period = {
    not_before: iso(Math.max(second - backdate_seconds, first)),
    not_after: iso(begins + lifetime_seconds - 1),
  }
  const limit = plan.issuer.not_after
  if (limit !== null && Date.parse(period.not_after) > Date.parse(limit)) {
    throw new Refusal(
      'profile_violation',
      `the certificate would outlive its issuer, which ends at ${limit}`,
      [{ pointer: '/validity/lifetime_seconds', detail: 'reaches past the end of the issuer' }],
    )
  }
  return period
}

/** The Certificate (RFC 5280 §4.1) of a TBSCertificate and its signature. Nothing is verified here. */
export const assembleCertificate = (
  tbs: Uint8Array,
  signing_algorithm: SigningAlgorithm,
  signature: Uint8Array,
): Uint8Array => signedSequence(tbs, signing_algorithm, signature)
