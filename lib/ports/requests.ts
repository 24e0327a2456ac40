import type { Replay } from '../model/change.ts'
import type { Event } from '../model/event.ts'
import type { Role } from '../model/principal.ts'

/** Whom a signed token names, by which issuer, and the roles that its groups are mapped to. */
export type TokenClaims = {
  readonly issuer: string
  readonly subject: string
  readonly roles: readonly Role[]
}

/** Null for a token that is not a valid one of a configured issuer, for whatever reason. */
export type VerifyToken = (token: string) => Promise<TokenClaims | null>

/** What is kept of requests themselves. */
export type Accesses = {
  /** Puts a refused request on record. */
  readonly record: (event: Event) => Promise<void>
  /** Notes the hour in which a credential was used; nothing happens where another request noted it first. */
  readonly noteUse: (credential_id: string, hour: string, earlier: string | null) => Promise<void>
  /** When these credentials were last used, in their order. */
  readonly lastUses: (credential_ids: readonly string[]) => Promise<readonly (string | null)[]>
}

/** Makes cursors tamper-evident: made by whoever needs it first, the same for all who come after. */
export type CursorSecret = () => Promise<Uint8Array>

export type Replays = {
  readonly find: (principal_id: string, key: string) => Promise<Replay | null>
  /** Keeps an answer that no step was stored with; false where its key has one already. */
  readonly keep: (replay: Replay) => Promise<boolean>
}
