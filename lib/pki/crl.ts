import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { ReasonName } from './revocation-reasons.ts'

export type CrlEntry = {
  /** Canonical, as the model's `serialNumber`. */
  readonly serial: string
  /** ISO 8601. */
  readonly revoked_at: string
  readonly reason?: ReasonName | undefined
}

/** Everything a CRL says (RFC 5280 §5). Entries are written in the order they come. */
export type CrlPlan = {
  /** The CA's own name, DER. */
  readonly issuer_subject: Uint8Array
  /** The CA's subject key identifier, lower case hex. */
  readonly key_id: string
  readonly signing_algorithm: SigningAlgorithm
  readonly number: bigint | number
  /** ISO 8601. */
  readonly this_update: string
  readonly next_update: string
  readonly entries: Iterable<CrlEntry>
  /** Present for a shard: the URL in the certificates' CRL distribution points, word for word. */
  readonly shard_url?: string | undefined
}

/** TBSCertList as chunks, with their total length in octets; about 50 octets of memory per entry. */
export function crlChunks(_plan: CrlPlan): {
  readonly length: number
  readonly chunks: Iterable<Uint8Array>
} {
  throw new Error('not built yet')
}

export function tbsCertList(_plan: CrlPlan): Uint8Array {
  throw new Error('not built yet')
}

export function assembleCrl(
  _tbs: Uint8Array,
  _signing_algorithm: SigningAlgorithm,
  _signature: Uint8Array,
): Uint8Array {
  throw new Error('not built yet')
}
