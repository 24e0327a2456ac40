import type { DistinguishedName, GeneralName } from '../model/names.ts'
import type { CertificatePlan } from '../model/plan.ts'

/** What a PKCS#10 request (RFC 2986) asks for, once its proof of possession holds. */
export type Csr = {
  readonly der: Uint8Array
  readonly subject: DistinguishedName
  readonly subject_alternative_names: readonly GeneralName[]
  readonly public_key: CertificatePlan['public_key']
  /** Object identifiers of the extensions asked for other than the SAN. */
  readonly requested_extensions: readonly string[]
  /** It asks for basicConstraints CA:TRUE or for keyCertSign or cRLSign. */
  readonly requests_ca: boolean
}

export function readCsr(_input: string | Uint8Array): Csr {
  throw new Error('not built yet')
}
