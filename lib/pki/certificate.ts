import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'

export function tbsCertificate(_plan: CertificatePlan, _period: ValidityPeriod): Uint8Array {
  throw new Error('not built yet')
}

export function periodFor(_plan: CertificatePlan, _now: Date): ValidityPeriod {
  throw new Error('not built yet')
}

export function assembleCertificate(
  _tbs: Uint8Array,
  _signing_algorithm: SigningAlgorithm,
  _signature: Uint8Array,
): Uint8Array {
  throw new Error('not built yet')
}
