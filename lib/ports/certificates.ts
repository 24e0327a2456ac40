import type { Certificate, CertificateVersion } from '../model/certificate.ts'
import type { Page, Paging } from './page.ts'

export type Certificates = {
  readonly get: (id: string) => Promise<Certificate | null>
  /** The certificate and all its versions, strongly consistent, oldest first: one call. */
  readonly load: (
    id: string,
  ) => Promise<{ readonly certificate: Certificate; readonly versions: readonly CertificateVersion[] } | null>
  readonly list: (filter: CertificateFilter, paging: Paging) => Promise<Page<Certificate>>
}

export type CertificateFilter = {
  readonly profile_id?: string | undefined
  readonly issuer_id?: string | undefined
  readonly owner?: string | undefined
  readonly status?: Certificate['status'] | undefined
  readonly expires_before?: string | undefined
}
