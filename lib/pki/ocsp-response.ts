import type { SigningAlgorithm } from '../model/algorithms.ts'
import type { OcspCertId } from './ocsp-request.ts'
import type { ReasonName } from './revocation-reasons.ts'
import type { SignDigest } from './signing.ts'

export type OcspStatus =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly revoked_at: string; readonly reason?: ReasonName | undefined }
  | { readonly status: 'unknown' }

/** One answer; times are ISO 8601. */
export type OcspAnswer = {
  readonly certificate_id: OcspCertId
  readonly status: OcspStatus
  readonly this_update: string
  readonly next_update: string
}

export type OcspResponsePlan = {
  /** SubjectPublicKeyInfo of the key that signs the response, DER. */
  readonly responder_spki: Uint8Array
  readonly signing_algorithm: SigningAlgorithm
  readonly produced_at: string
  readonly answers: readonly OcspAnswer[]
  readonly nonce: Uint8Array | null
  /** Certificates to send along, DER: the delegated responder's. */
  readonly certificates: readonly Uint8Array[]
}

/** The whole OCSPResponse, DER, signed. */
export function ocspResponse(_plan: OcspResponsePlan, _sign: SignDigest): Promise<Uint8Array> {
  throw new Error('not built yet')
}

/** Unsigned answers (RFC 6960 §4.2.1), DER. */
export const ocspErrors = {
  malformedRequest: Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x01),
  internalError: Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x02),
  tryLater: Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x03),
  unauthorized: Uint8Array.of(0x30, 0x03, 0x0a, 0x01, 0x06),
} as const
