import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'
import { Refusal } from '../model/refusal.ts'
import { signingTable } from './algorithms.ts'
import { certificateExtensions } from './certificate-extensions.ts'
import { explicit, integer, number, sequence } from './der.ts'
import { time } from './der-time.ts'
import { encodeName } from './name.ts'
import { signedSequence } from './signing.ts'

const versionThree = explicit(0, number(2))

/**
 * The TBSCertificate (RFC 5280 §4.1) of a plan at a moment of issuance. The
 * same plan and period always give the same octets; the issuer's name is the
 * plan's, octet for octet. Throws Refusal: `profile_violation` for names that
 * no certificate can hold, `csr_key_refused` for an SPKI that is not DER,
 * `issuer_invalid` for a key identifier that is not hex.
 */
export const tbsCertificate = (plan: CertificatePlan, period: ValidityPeriod): Uint8Array =>
  sequence(
    versionThree,
    integer(Buffer.from(plan.serial, 'hex')),
    signingTable[plan.issuer.signing_algorithm].identifier,
    Buffer.from(plan.issuer.subject, 'base64'),
    sequence(time(new Date(period.not_before)), time(new Date(period.not_after))),
    encodeName(plan.subject),
    Buffer.from(plan.public_key.spki, 'base64'),
    explicit(3, certificateExtensions(plan)),
  )

/**
 * The validity that a plan has when it is issued now: whole seconds, both ends
 * inclusive (RFC 5280 §4.1.2.5), as ISO 8601 with milliseconds. Throws
 * Refusal('profile_violation') when the certificate would outlive its issuer.
 */
export function periodFor(plan: CertificatePlan, now: Date): ValidityPeriod {
  const { lifetime_seconds, backdate_seconds } = plan.validity
  const second = Math.floor(now.getTime() / 1000)
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString()
  const period = { not_before: iso(second - backdate_seconds), not_after: iso(second + lifetime_seconds - 1) }
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
