import type { CertificatePlan, ValidityPeriod } from '../model/plan.ts'

/** What is ordered of a certificate authority, by the name that the deployment has for it. */
export type AuthorityOrder = {
  readonly authority: string
  /** PKCS#10, DER. */
  readonly csr: Uint8Array
  readonly plan: CertificatePlan
  readonly period: ValidityPeriod
  /** The same order with the same token is one order, for as long as AWS remembers: five minutes. */
  readonly token: string
}

/** AWS Private CA. */
export type Authority = {
  /** Places an order; the ARN under which its certificate will be. */
  readonly issue: (order: AuthorityOrder) => Promise<string>
  /** The certificate, DER; null while it is being made. */
  readonly certificate: (asked: {
    readonly authority: string
    readonly certificate_arn: string
  }) => Promise<Uint8Array | null>
  /** Once or more: a certificate that is revoked stays so. */
  readonly revoke: (asked: {
    readonly authority: string
    readonly serial: string
    readonly reason: string
  }) => Promise<void>
}

/** CA certificate and chain of an authority by name, PEM; null for one that this deployment does not have. */
export type AuthorityChains = { readonly chain: (authority: string) => Promise<string | null> }
