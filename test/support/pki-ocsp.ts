import type { KeyObject } from 'node:crypto'
import type { CertificatePlan } from '../../lib/model/plan.ts'
import type { OcspAnswer, OcspResponsePlan } from '../../lib/pki/ocsp-response.ts'
import type { SignDigest } from '../../lib/pki/signing.ts'
import { issue, now, type TestAuthority } from './pki-chain.ts'
import { anotherKeyOf, publicKeyFor, type TestKey } from './pki-keys.ts'
import { opensslOutput } from './pki-openssl.ts'
import { planWith } from './pki-plans.ts'

const responderPlan = (authority: TestAuthority, key: TestKey): CertificatePlan =>
  planWith({
    serial: '0c5f',
    issuer: authority.facts,
    subject: [{ type: 'CN', value: 'OCSP responder' }],
    subject_alternative_names: [],
    public_key: publicKeyFor('ECDSA_P256', key.spki),
    extended_key_usage: ['OCSPSigning'],
    crl_distribution_points: [],
    ocsp: [],
    ocsp_no_check: true,
  })

/** A delegated responder below a CA. */
export function responderOf(authority: TestAuthority) {
  const key = anotherKeyOf('ECDSA_P256')
  return { key, certificate: issue(responderPlan(authority, key), authority.key) }
}

const iso = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString()

export const answerOf = (
  certificate_id: OcspAnswer['certificate_id'],
  status: OcspAnswer['status'] = { status: 'good' },
): OcspAnswer => ({ certificate_id, status, this_update: iso(-60), next_update: iso(3600) })

export const responsePlan = (
  responder: ReturnType<typeof responderOf>,
  answers: readonly OcspAnswer[],
  nonce: Uint8Array | null = null,
): OcspResponsePlan => ({
  responder_spki: responder.key.spki,
  signing_algorithm: 'ECDSA_SHA_256',
  produced_at: iso(0),
  answers,
  nonce,
  certificates: [responder.certificate],
})

/**
 * Signs a digest with an elliptic curve key, as a key service does. node:crypto
 * only signs messages, so OpenSSL does it.
 */
export const signDigestWith =
  (key: KeyObject): SignDigest =>
  async (digest) =>
    opensslOutput(
      { 'key.pem': key.export({ format: 'pem', type: 'pkcs8' }), digest },
      'signature',
      ...['pkeyutl', '-sign', '-inkey', 'key.pem', '-in', 'digest', '-out', 'signature'],
    )
