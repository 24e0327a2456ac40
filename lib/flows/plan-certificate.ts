import type { KeyAlgorithm } from '../model/algorithms.ts'
import type { Random } from '../model/ids.ts'
import type { CertificatePlan, IssuerFacts, KeyUsage } from '../model/plan.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { secondsOf } from '../model/time.ts'
import type { Csr } from '../pki/csr.ts'
import { newSerial } from '../pki/serial.ts'
import { statusUrls } from './status-urls.ts'

/** RFC 5280 §4.2.1.3: only RSA keys encipher keys; the others only sign. */
const usagesOf = (algorithm: KeyAlgorithm): KeyUsage[] =>
  algorithm.startsWith('RSA') ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature']

/** Under an hour a certificate lives too briefly to be worth revoking (RFC 9608 §4). */
const shortLived = (lifetime: number): boolean => lifetime < 3600

export type LeafRequest = {
  readonly csr: Csr
  readonly document: ProfileDocument
  readonly issuer: IssuerFacts
  readonly lifetime: number
}

/** The plan of an end-entity certificate: its names and key from the CSR, all else from the profile. */
export const planLeaf = (request: LeafRequest, status_url: string, random: Random): CertificatePlan => {
  const { csr, document, issuer, lifetime } = request
  const no_revocation_available = shortLived(lifetime)
  const serial = newSerial(random)
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
    key_usage: usagesOf(csr.public_key.algorithm),
    extended_key_usage: [...document.extended_key_usage],
    crl_distribution_points: no_revocation_available ? [] : [urls.crl],
    ocsp: no_revocation_available ? [] : [urls.ocsp],
    ca_issuers: [urls.ca],
    no_revocation_available,
    ocsp_no_check: false,
  }
}
