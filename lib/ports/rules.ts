import type { Issuer, IssuerRequest } from '../model/issuer.ts'
import type { ProfileVersion } from '../model/profile.ts'
import type { Rules } from '../model/requirement.ts'
import type { Page, Paging } from './page.ts'

export type Profiles = {
  /** The version in force, strongly consistent. Deleted profiles are returned as such. */
  readonly current: (id: string) => Promise<ProfileVersion | null>
  /** The version a job was made under beside the one in force: one call. */
  readonly rules: (id: string, pinned: number | null) => Promise<Rules>
  /** The number of the newest version on record, strongly consistent; null where there is none. One call. */
  readonly newest: (id: string) => Promise<number | null>
  readonly list: (paging: Paging) => Promise<Page<ProfileVersion>>
}

export type Issuers = {
  readonly get: (id: string) => Promise<Issuer | null>
  /** What was asked of a parent outside. */
  readonly request: (id: string) => Promise<IssuerRequest | null>
  readonly list: (paging: Paging) => Promise<Page<Issuer>>
}
