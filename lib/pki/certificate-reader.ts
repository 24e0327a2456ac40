import type { DistinguishedName, GeneralName } from '../model/names.ts'
import type { ExtendedKeyUsage, KeyUsage } from '../model/plan.ts'
import type { RefusalCode } from '../model/refusal.ts'

/** The facts of a certificate, read from its DER. Times are ISO 8601 with milliseconds, as `Date.toISOString`. */
export type CertificateFacts = {
  readonly der: Uint8Array
  readonly tbs: Uint8Array
  /** Canonical, as the model's `serialNumber`. */
  readonly serial: string
  readonly issuer_der: Uint8Array
  readonly subject_der: Uint8Array
  /** Null when the name holds what our names cannot: unknown attributes, multi-valued RDNs. */
  readonly subject: DistinguishedName | null
  /** Null when a name is of a type we do not know; empty when there is no SAN. */
  readonly subject_alternative_names: readonly GeneralName[] | null
  readonly not_before: string
  readonly not_after: string
  readonly spki: Uint8Array
  /** Subject key identifier, lower case hex; null when the extension is absent. */
  readonly key_id: string | null
  readonly authority_key_id: string | null
  readonly key_usage: readonly KeyUsage[]
  /** Known purposes by name, others by object identifier. */
  readonly extended_key_usage: readonly (ExtendedKeyUsage | string)[]
  readonly is_ca: boolean
  readonly path_length: number | null
  /** AlgorithmIdentifier by name; null when it is none of ours. */
  readonly signing_algorithm: string | null
  readonly signature: Uint8Array
  /** SHA-256 of the DER, lower case hex. */
  readonly sha256: string
}

export function readCertificate(
  _input: string | Uint8Array,
  _code: RefusalCode = 'issuer_invalid',
): CertificateFacts {
  throw new Error('not built yet')
}

export function verifyCertificate(_certificate: Uint8Array, _issuer_spki: Uint8Array): boolean {
  throw new Error('not built yet')
}
