import type { ApiKey, PresentedKey } from '../model/api-key.ts'
import type { Delegation, Giver } from '../model/delegation.ts'
import type { Ending } from '../model/ending.ts'
import type { FounderFile } from '../model/founder.ts'
import type { OidcSubject } from '../model/oidc-subject.ts'
import type { Principal } from '../model/principal.ts'
import type { PrincipalFile, PrincipalStep } from '../model/principal-change.ts'
import type { Committed, Page, Paging } from './page.ts'

/** A credential that was found, with whose it is and when it was last seen, to the hour. */
export type Found<Credential> = {
  readonly principal: Principal
  readonly credential: Credential
  readonly last_used_at: string | null
}

export type Principals = {
  /** A key and its principal by the key's id: one strongly consistent call. */
  readonly findByKey: (presented: PresentedKey) => Promise<Found<ApiKey> | null>
  /** An OIDC subject and its principal, strongly consistent: two calls. */
  readonly findBySubject: (issuer: string, subject: string) => Promise<Found<OidcSubject> | null>
  /** A principal and its newest event, strongly consistent: what it takes to change it. */
  readonly get: (id: string) => Promise<PrincipalFile | null>
  readonly apiKey: (principal_id: string, key_id: string) => Promise<ApiKey | null>
  /** All of a principal's, oldest first. */
  readonly apiKeys: (principal_id: string) => Promise<readonly ApiKey[]>
  readonly oidcSubject: (id: string) => Promise<OidcSubject | null>
  readonly oidcSubjects: (principal_id: string, paging: Paging) => Promise<Page<OidcSubject>>
  /** A principal and whom they ever had stand in for them, strongly consistent: two calls. */
  readonly giver: (id: string) => Promise<Giver | null>
  /** In whose place this principal may, might or could decide, by the beginning of each delegation. */
  readonly delegationsTo: (delegate_id: string, paging: Paging) => Promise<Page<Delegation>>
  readonly list: (paging: Paging) => Promise<Page<Principal>>
  /** One transaction: all of it or nothing. */
  readonly commit: (change: PrincipalStep) => Promise<Committed>
}

/** What people's standing is held against besides the jobs that gave it: who was there first, and what was taken away. */
export type Founders = {
  /** What of somebody's standing was taken away since it was given; strongly consistent: one call. */
  readonly endings: (principal_id: string) => Promise<readonly Ending[]>
  /** Somebody whom no job made. Strongly consistent: one call. */
  readonly get: (id: string) => Promise<FounderFile | null>
}
