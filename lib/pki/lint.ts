import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'

declare const linted: unique symbol

/** A TBSCertificate that was read back and found equal to its plan. Only `lintCertificate` makes one. */
export type LintedCertificate = {
  readonly [linted]: true
  readonly tbs: Uint8Array
  readonly tbs_sha256: string
  readonly plan: CertificatePlan
  readonly period: ValidityPeriod
}

export function lintCertificate(
  _tbs: Uint8Array,
  _plan: CertificatePlan,
  _period: ValidityPeriod,
): LintedCertificate {
  throw new Error('not built yet')
}

/** The signed certificate, DER. */
export function assembleSigned(
  _certificate: LintedCertificate,
  _signature: Uint8Array,
  _issuer_spki: Uint8Array,
): Uint8Array {
  throw new Error('not built yet')
}
