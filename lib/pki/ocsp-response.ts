import { createHash } from 'node:crypto'
import type { SigningAlgorithm } from '../model/algorithms.ts'
import { signingTable } from './algorithms.ts'
import { encodeExtension } from './certificate-extensions.ts'
import { bitString, element, enumerated, explicit, implicit, octetString, sequence } from './der.ts'
import { oid } from './der-oid.ts'
import { reading } from './der-reader.ts'
import { generalizedTime } from './der-time.ts'
import { extensionIds } from './extensions.ts'
import type { OcspCertId } from './ocsp-cert-id.ts'
import { publicKeyOctetsOf } from './public-key.ts'
import { type ReasonName, reasonCodes } from './revocation-reasons.ts'
import { digestFor, type SignDigest } from './signing.ts'

/** CertStatus (RFC 6960 §4.2.1); `revoked_at` is ISO 8601. */
export type OcspStatus =
  | { readonly status: 'good' }
  | {
      readonly status: 'revoked'
      readonly revoked_at: string
      readonly reason?: ReasonName | null | undefined
    }
  | { readonly status: 'unknown' }

/** One answer; times are ISO 8601. */
export type OcspAnswer = {
  readonly certificate_id: OcspCertId
  readonly status: OcspStatus
  readonly this_update: string
  readonly next_update: string
}

/** Everything a response says, and the key that signs it. */
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

const timeOf = (iso: string): Uint8Array => generalizedTime(new Date(iso))

/** CertStatus; a reason of `unspecified` is said by saying nothing. */
const statusOf = (status: OcspStatus): Uint8Array => {
  switch (status.status) {
    case 'good':
      return implicit(0, new Uint8Array())
    case 'unknown':
      return implicit(2, new Uint8Array())
    case 'revoked': {
      const code = reasonCodes[status.reason ?? 'unspecified']
      const reason = code === 0 ? [] : [explicit(0, enumerated(code))]
      return element(0xa1, timeOf(status.revoked_at), ...reason)
    }
  }
}

/** SingleResponse: the CertID is echoed octet for octet, so in the hash that the client asked with. */
const singleResponse = ({ certificate_id, status, this_update, next_update }: OcspAnswer): Uint8Array =>
  sequence(certificate_id.der, statusOf(status), timeOf(this_update), explicit(0, timeOf(next_update)))

/** A responder answers with one key for a day: its name is made once. */
const responderIds = new WeakMap<Uint8Array, Uint8Array>()

/** byKey: SHA-1 of the responder's public key, by definition and not for its strength (RFC 6960 §4.2.1). */
const responderId = (spki: Uint8Array): Uint8Array => {
  const known = responderIds.get(spki)
  if (known !== undefined) return known
  const octets = reading('issuer_invalid', () => publicKeyOctetsOf(spki))
  const made = explicit(2, octetString(createHash('sha1').update(octets).digest()))
  responderIds.set(spki, made)
  return made
}

/** The nonce belongs to the response as a whole, not to one of its answers (RFC 9654 §2.1). */
const responseExtensions = (nonce: Uint8Array | null): readonly Uint8Array[] =>
  nonce === null
    ? []
    : [explicit(1, sequence(encodeExtension(extensionIds.ocsp_nonce, false, octetString(nonce))))]

/** ResponseData (RFC 6960 §4.2.1). Throws Refusal('issuer_invalid') when the responder's key is not DER. */
export const tbsResponseData = (plan: OcspResponsePlan): Uint8Array =>
  sequence(
    responderId(plan.responder_spki),
    timeOf(plan.produced_at),
    sequence(...plan.answers.map(singleResponse)),
    ...responseExtensions(plan.nonce),
  )

const basicResponseId = oid('1.3.6.1.5.5.7.48.1.1')

/** The OCSPResponse of a ResponseData and its signature. Nothing is verified here. */
export function assembleOcspResponse(
  tbs: Uint8Array,
  signature: Uint8Array,
  plan: OcspResponsePlan,
): Uint8Array {
  const certificates = plan.certificates.length === 0 ? [] : [explicit(0, sequence(...plan.certificates))]
  const basic = sequence(
    tbs,
    signingTable[plan.signing_algorithm].identifier,
    bitString(signature),
    ...certificates,
  )
  return sequence(enumerated(0), explicit(0, sequence(basicResponseId, octetString(basic))))
}

/** The whole OCSPResponse (RFC 6960 §4.2.1), DER, signed. Throws as `tbsResponseData` and `sign` do. */
export async function ocspResponse(plan: OcspResponsePlan, sign: SignDigest): Promise<Uint8Array> {
  const tbs = tbsResponseData(plan)
  const signature = await sign(digestFor(tbs, plan.signing_algorithm))
  return assembleOcspResponse(tbs, signature, plan)
}

const errorResponse = (status: number): Uint8Array => sequence(enumerated(status))

/** Unsigned answers (RFC 6960 §4.2.1, §2.3), DER. */
export const ocspErrors = {
  malformedRequest: errorResponse(1),
  internalError: errorResponse(2),
  tryLater: errorResponse(3),
  unauthorized: errorResponse(6),
} as const
