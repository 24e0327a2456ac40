import { digestOf } from '../model/digest.ts'
import type { Mandate } from '../model/gate.ts'
import { contentDigest } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import { assembleSigned, type LintedCertificate } from '../pki/lint.ts'
import { digestFor } from '../pki/signing.ts'
import type { Signer } from '../ports/keys.ts'

/** The CA key that signs, and the public key that its signature must verify with. */
export type Signing = {
  readonly signer: Signer
  readonly key: string
  /** SubjectPublicKeyInfo, DER. */
  readonly issuer_spki: Uint8Array
  /** The event that put on record what is signed. */
  readonly event_id: string
}

const sign = async (
  linted: LintedCertificate,
  { signer, key, issuer_spki, event_id }: Signing,
): Promise<Uint8Array> => {
  const { signing_algorithm } = linted.plan.issuer
  const digest = digestFor(linted.tbs, signing_algorithm)
  const signature = await signer.sign(key, signing_algorithm, { digest, event_id })
  return assembleSigned(linted, signature, issuer_spki)
}

/**
 * Signs what a mandate is for, and nothing else: the linted plan must be the
 * plan whose digest was approved. DER of the certificate, its signature
 * verified with the CA's public key. Throws Refusal('mandate_refused') or
 * ('plan_mismatch').
 */
export const signMandated = async (
  { file: { job, content } }: Mandate,
  linted: LintedCertificate,
  signing: Signing,
): Promise<Uint8Array> => {
  const planned = 'plan' in content && digestOf(content.plan) === digestOf(linted.plan)
  if (!planned || contentDigest(content) !== job.digest)
    throw new Refusal('mandate_refused', 'the mandate is for another certificate')
  return sign(linted, signing)
}

const responderSeconds = 48 * 3600

/**
 * Signs the certificate of an OCSP responder (RFC 6960 §4.2.2.2), which needs no mandate
 * because it can certify nothing: no CA, no other purpose, at most 48 hours.
 * Throws Refusal('mandate_refused') for anything more.
 */
export const signResponder = async (linted: LintedCertificate, signing: Signing): Promise<Uint8Array> => {
  const { basic_constraints, extended_key_usage, ocsp_no_check, validity, subject_alternative_names } =
    linted.plan
  const harmless =
    !basic_constraints.ca &&
    ocsp_no_check &&
    extended_key_usage.join() === 'OCSPSigning' &&
    subject_alternative_names.length === 0 &&
    validity.lifetime_seconds + validity.backdate_seconds <= responderSeconds
  if (!harmless)
    throw new Refusal('mandate_refused', 'this is more than the certificate of an OCSP responder')
  return sign(linted, signing)
}
