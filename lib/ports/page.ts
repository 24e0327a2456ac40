import type { Write } from '../model/change.ts'
import type { PrincipalWrite } from '../model/principal-change.ts'

/** A page of a list, oldest first. `next` continues it, and is null at its end. */
export type Page<T> = {
  readonly rows: readonly T[]
  readonly next: string | null
  /** Where rows are that cannot be read, and so are in no page. */
  readonly unreadable?: readonly string[]
}

export type Paging = { readonly limit: number; readonly after: string | null }

/** What was stored, or which condition did not hold; then nothing was stored. */
export type Committed = 'committed' | { readonly conflict: Stored }

export type Stored =
  | 'job'
  | 'event'
  | 'access'
  | 'cursor_secret'
  | 'crl_head'
  | 'renewal_pointer'
  | 'responder'
  | 'plan'
  | 'serial'
  | 'answer'
  | 'push'
  | Write['write']
  | PrincipalWrite['write']
