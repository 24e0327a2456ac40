export type OcspHash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** CertID (RFC 6960 §4.1.1); hashes are lower case hex. */
export type OcspCertId = {
  readonly hash: OcspHash
  readonly issuer_name_hash: string
  readonly issuer_key_hash: string
  /** Canonical, as the model's `serialNumber`. */
  readonly serial: string
  /** The CertID as it was asked, DER; a response echoes it. */
  readonly der: Uint8Array
}

export type OcspRequest = {
  readonly certificate_ids: readonly OcspCertId[]
  /** 1–128 octets (RFC 9654). */
  readonly nonce: Uint8Array | null
}

export function readOcspRequest(_der: Uint8Array): OcspRequest {
  throw new Error('not built yet')
}
