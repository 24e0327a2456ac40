import * as z from 'zod'
import { certificateId, principalId, ticketReference } from '../model/ids.ts'
import type { Permission } from '../model/permissions.ts'
import { instantOf } from '../model/time.ts'
import { approvalRow, certificateView, jobView } from './views.ts'

/** The function, and so the role, that answers an operation. */
export type ApiFunction = 'read' | 'submit' | 'decide' | 'administer' | 'rules'

/**
 * The API as data. One row drives the gateway's routes, the reading of
 * requests, who may ask, and the OpenAPI document.
 */
export type Operation<
  F extends ApiFunction = ApiFunction,
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType | null = z.ZodType | null,
> = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly function: F
  /**
   * What it takes to be heard. To approve or reject takes more, which the
   * decision itself demands: one's own request is two-person integrity first,
   * and a missing role second. Null: anybody, without a credential.
   */
  readonly permission: Permission | null
  readonly summary: string
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly status: number
  /** Shape of the JSON answer; null for an answer in text. */
  readonly output: z.ZodType | null
  /** What takes a second person is answered with a job and its approval, and 202. */
  readonly gated?: z.ZodType
  /** Media type of an answer in text. */
  readonly media_type?: string
  /** The answer says which version it shows (`ETag`), or the request may say which it changes (`If-Match`). */
  readonly versioned?: boolean
}

export const none = z.strictObject({})

type Given<F extends ApiFunction, P, Q, B> = Omit<Operation<F>, 'params' | 'query' | 'body' | 'status'> & {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly status?: number
}

/** A row with what it leaves out: no parameters, no query, no body, 200. */
export const route = <
  F extends ApiFunction,
  P extends z.ZodObject = typeof none,
  Q extends z.ZodObject = typeof none,
  B extends z.ZodType | null = null,
>(
  row: Given<F, P, Q, B>,
): Operation<F, P, Q, B> => ({
  status: 200,
  ...row,
  params: row.params ?? (none as z.ZodObject as P),
  query: row.query ?? (none as z.ZodObject as Q),
  body: row.body ?? (null as B),
})

export const prefix = '/api/v1'

/** Members of the query of every list. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** From the `Link` of the page before. */
  cursor: z.string().min(1).max(1024).optional(),
}
export const page = z.strictObject(paging)

export const text = z.string().trim().min(1)
export const note = text.max(2000)
/** Why something is asked for: in words, and the ticket outside that it belongs to. */
export const why = { reason: note.optional(), ticket: ticketReference.optional() }
export const noted = { note: note.optional(), ticket: ticketReference.optional() }
export const planDigest = z.string().regex(/^[0-9a-f]{64}$/)

/** Any instant of RFC 3339; we compare and keep them in UTC with milliseconds. */
export const when = z.iso.datetime({ offset: true }).transform((text) => instantOf(new Date(text)))
/** 16 KB of DER in PEM, with room for its line ends. */
export const csr = text.max(24_576)
export const owner = text.max(256)

export const changed = z.strictObject({ job: jobView, approval: approvalRow.nullable() })
export const certificateChanged = changed.extend({ certificate: certificateView })

export const certificateParams = z.strictObject({ id: certificateId })
export const principalParams = z.strictObject({ id: principalId })
