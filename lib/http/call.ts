import type * as z from 'zod'
import type { Envelope } from '../model/envelope.ts'
import type { Principal } from '../model/principal.ts'
import type { Credential } from '../model/receipt.ts'
import type { ApiFunction, Operation } from './operation.ts'
import type { operations } from './routes.ts'

type BodyOf<B> = B extends z.ZodType ? z.output<B> : null

/** One request, read and allowed: all its parts are as the operation's row says. */
export type Call<O extends Operation> = {
  readonly principal: Principal
  /** What the request was made with. */
  readonly credential: Credential
  readonly params: z.output<O['params']>
  readonly query: z.output<O['query']>
  readonly body: BodyOf<O['body']>
  readonly idempotency_key: string | null
  /** The versions that `If-Match` names; null without it, and for `*`. */
  readonly if_match: readonly number[] | null
  /** Hides what only the credential of this request may see again. */
  readonly envelope: Envelope
}

/** What goes back: JSON, unless it says another media type. */
export type Reply = {
  readonly status: number
  readonly body: unknown
  readonly content_type?: string
  /** Cursor of the page that follows, for a `Link: rel="next"`. */
  readonly next?: string | null
  /** Where rows are that should have been shown and cannot be read, for `Countersign-Unreadable`. */
  readonly unreadable?: readonly string[]
  /** The version of what is shown, for an `ETag`. */
  readonly version?: number
}

type Operations = typeof operations

/** An answer for each operation of a function: one that is missing does not compile. */
export type Answers<F extends ApiFunction> = {
  readonly [Id in keyof Operations as Operations[Id]['function'] extends F ? Id : never]: (
    call: Call<Operations[Id]>,
  ) => Promise<Reply>
}
