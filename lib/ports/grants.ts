import type { Grant, GrantUse } from '../model/grant.ts'

/** The standing grants of a certificate, oldest first, and what may have ended them. */
export type CertificateGrants = {
  readonly grants: readonly Grant[]
  /** When the newest compromise of one of its keys was put on record; null for none. */
  readonly compromised_at: string | null
}

export type Grants = {
  /** Strongly consistent: one call. */
  readonly of: (certificate_id: string) => Promise<CertificateGrants>
  /** The newest place of a grant that was given away, strongly consistent; null before the first. */
  readonly lastUse: (id: string) => Promise<GrantUse | null>
}
