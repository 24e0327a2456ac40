import type { ApiKey } from './api-key.ts'
import type { Write } from './change.ts'
import type { Delegation } from './delegation.ts'
import type { Ending } from './ending.ts'
import type { Event } from './event.ts'
import type { Founder, FounderCredential } from './founder.ts'
import type { OidcSubject } from './oidc-subject.ts'
import type { Principal } from './principal.ts'

/** What is stored together with a step of a principal, each with its own condition. */
export type PrincipalWrite =
  | { readonly write: 'principal'; readonly principal: Principal }
  | { readonly write: 'new_api_key'; readonly key: ApiKey }
  /** Replaces a key that is not disabled; a disabled one is never changed again. */
  | { readonly write: 'next_api_key'; readonly key: ApiKey }
  | { readonly write: 'oidc_subject'; readonly subject: OidcSubject }
  /** That something is taken away for good: what gave it vouches for it no more. */
  | { readonly write: 'ending'; readonly ending: Ending }
  | { readonly write: 'delegation'; readonly delegation: Delegation }
  /** The principal must be at this version still: what was seen of it when the step was decided. */
  | { readonly write: 'require_principal'; readonly id: string; readonly version: number }
  /** Made with the credentials of the deployment, which no function has: what everybody else's standing goes back to. */
  | { readonly write: 'founder'; readonly founder: Founder }
  | {
      readonly write: 'founder_credential'
      readonly principal_id: string
      readonly credential: FounderCredential
    }
  /** There is one in a deployment's life. */
  | { readonly write: 'first_admin'; readonly principal_id: string }
  | Extract<Write, { readonly write: 'replay' }>

/** A step of a principal as a value: what happened, at the end of its chain, and what is stored with it. */
export type PrincipalStep = {
  readonly events: readonly [Event, ...Event[]]
  readonly writes: readonly PrincipalWrite[]
}

/** A principal as whoever changes it sees it. */
export type PrincipalFile = {
  readonly principal: Principal
  /** Its newest event. */
  readonly last: Event
}
