import type { OcspCertId, OcspHash } from './ocsp-request.ts'

/** The issuer as a CertID sees it: its name and its public key, both DER. */
export type OcspIssuer = { readonly subject: Uint8Array; readonly spki: Uint8Array }

/** A CertID for a serial that was asked for without one (`GET …/{serial hex}`). */
export function certIdOf(_issuer: OcspIssuer, _serial: string, _hash: OcspHash = 'sha1'): OcspCertId {
  throw new Error('not built yet')
}

/** Whether a CertID names this issuer, by both hashes. */
export function isIssuedBy(_id: OcspCertId, _issuer: OcspIssuer): boolean {
  throw new Error('not built yet')
}
