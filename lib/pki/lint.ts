import { sha256 } from '../model/digest.ts'
import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'
import { Refusal, type Violation } from '../model/refusal.ts'
import { assembleCertificate } from './certificate.ts'
import { readTbsCertificate, verifyCertificate } from './certificate-reader.ts'
import { attempt, malformed, reading, wholeElement } from './der-reader.ts'
import { extensionChecks } from './lint-extensions.ts'
import { fieldChecks } from './lint-fields.ts'
import { planViolations } from './lint-plan.ts'

declare const linted: unique symbol

/** A TBSCertificate that was read back and found equal to its plan. Only `lintCertificate` makes one. */
export type LintedCertificate = {
  readonly [linted]: true
  readonly tbs: Uint8Array
  /** Lower case hex. */
  readonly tbs_sha256: string
  readonly plan: CertificatePlan
  readonly period: ValidityPeriod
}

/** The type says it to the compiler, this set says it at run time: a copy or a forgery is not in it. */
const made = new WeakSet<object>()

const limits = { octets: 65_536, depth: 16 }

const fieldsOf = (tbs: Uint8Array) =>
  reading('lint_failed', () => {
    const root = wholeElement(tbs, limits)
    if (root.tag !== 0x30) throw malformed('the TBSCertificate is not a SEQUENCE')
    return readTbsCertificate(root)
  })

const checks = [...fieldChecks, ...extensionChecks]

const violationsOf = (
  tbs: Uint8Array,
  plan: CertificatePlan,
  period: ValidityPeriod,
): readonly Violation[] => {
  const compared = { fields: fieldsOf(tbs), plan, period }
  const broken = checks.filter(({ holds }) => attempt(() => holds(compared)) !== true)
  return [...planViolations(plan), ...broken.map(({ pointer, detail }) => ({ pointer, detail }))]
}

/**
 * Reads a TBSCertificate back and holds it against RFC 5280 and its plan:
 * nothing that differs, nothing that is missing, nothing besides. Throws
 * Refusal('lint_failed') with every violation, by JSON pointer into the plan.
 */
export function lintCertificate(
  tbs: Uint8Array,
  plan: CertificatePlan,
  period: ValidityPeriod,
): LintedCertificate {
  const violations = violationsOf(tbs, plan, period)
  if (violations.length > 0) {
    const details = violations.map(({ detail }) => detail).join('; ')
    throw new Refusal('lint_failed', `the certificate is not what was planned: ${details}`, violations)
  }
  // the one place that makes the brand
  const certificate = Object.freeze({ tbs, tbs_sha256: sha256(tbs), plan, period }) as LintedCertificate
  made.add(certificate)
  return certificate
}

/**
 * The signed certificate, DER, once its signature holds under the issuer's
 * SubjectPublicKeyInfo (DER) and the octets are still those that were linted.
 * Throws Refusal('plan_mismatch').
 */
export function assembleSigned(
  certificate: LintedCertificate,
  signature: Uint8Array,
  issuer_spki: Uint8Array,
): Uint8Array {
  if (!made.has(certificate) || sha256(certificate.tbs) !== certificate.tbs_sha256) {
    throw new Refusal('plan_mismatch', 'the certificate was not linted, or was changed after it')
  }
  const der = assembleCertificate(certificate.tbs, certificate.plan.issuer.signing_algorithm, signature)
  if (!verifyCertificate(der, issuer_spki)) {
    throw new Refusal(
      'plan_mismatch',
      'the signature is not the signature of the issuer over this certificate',
    )
  }
  return der
}
