import type { KeyAlgorithm } from '../model/algorithms.ts'
import { type CertificatePlan, type IssuerFacts, type KeyUsage, keyUsages } from '../model/plan.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { secondsOf } from '../model/time.ts'
import type { Csr } from '../pki/csr.ts'
import { statusUrls } from './status-urls.ts'

const kindOf = (algorithm: KeyAlgorithm): keyof ProfileDocument['key_usage'] => {
  if (algorithm === 'ED25519') return 'ed25519'
  return algorithm.startsWith('RSA') ? 'rsa' : 'ec'
}

/** What the profile certifies a key of this algorithm for, in the order of the extension's bits. */
const usagesOf = (algorithm: KeyAlgorithm, rules: ProfileDocument['key_usage']): KeyUsage[] => {
  const allowed: readonly KeyUsage[] = rules[kindOf(algorithm)]
  return keyUsages.filter((usage) => allowed.includes(usage))
}

/** Under an hour a certificate lives too briefly to be worth revoking (RFC 9608 §4). */
const shortLived = (lifetime: number): boolean => lifetime < 3600

export type LeafRequest = {
  readonly csr: Csr
  readonly document: ProfileDocument
  readonly issuer: IssuerFacts
  readonly lifetime: number
}

/**
 * The plan of an end-entity certificate: its names and key from the CSR, all
 * else from the profile. The same request, site and serial always give the
 * same plan, so that a signer can make it again and compare.
 */
export const planLeaf = (request: LeafRequest, status_url: string, serial: string): CertificatePlan => {
  const { csr, document, issuer, lifetime } = request
  const no_revocation_available = shortLived(lifetime)
  // AWS Private CA says by itself where its certificates' status is to be had.
  const own = issuer.type === 'kms'
  const asked = own && !no_revocation_available
  const urls = statusUrls(status_url, issuer, serial)
  return {
    serial,
    issuer,
    subject: [...csr.subject],
    subject_alternative_names: [...csr.subject_alternative_names],
    public_key: csr.public_key,
    validity: {
      lifetime_seconds: lifetime,
      backdate_seconds: secondsOf(document.validity.backdate),
    },
    basic_constraints: { ca: false, path_length: null },
    key_usage: usagesOf(csr.public_key.algorithm, document.key_usage),
    extended_key_usage: [...document.extended_key_usage],
    name_constraints: null,
    policies: [...document.policies],
    must_staple: document.must_staple,
    crl_distribution_points: asked ? [urls.crl] : [],
    ocsp: asked ? [urls.ocsp] : [],
    ca_issuers: own ? [urls.ca] : [],
    no_revocation_available,
    ocsp_no_check: false,
  }
}
