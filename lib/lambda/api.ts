import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import type { Answers, Call, Reply } from '../http/call.ts'
import type { ApiFunction, Operation } from '../http/operation.ts'
import { faultProblem, problemOf } from '../http/problem.ts'
import { openCursor, sealCursor } from '../model/cursor.ts'
import { demand } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import type { Credential } from '../model/receipt.ts'
import { Refusal } from '../model/refusal.ts'
import type { CursorSecret } from '../ports/requests.ts'
import type { Limiter } from './limiter.ts'
import { logger } from './logger.ts'
import { measure } from './metrics.ts'
import {
  bodyOf,
  idempotencyKeyOf,
  ifMatchOf,
  type Matched,
  operationFor,
  queryOf,
  read,
  scopeOf,
} from './request.ts'
import { problemResult, type Result, resultOf } from './response.ts'
import { envelopeUnder } from './sealed.ts'

type Attempt = { readonly operation: string; readonly instance: string }

type Visitor = {
  readonly principal: Principal
  readonly credential: Credential
  readonly noteUse: (() => Promise<void>) | null
}

/** How callers get in. */
export type Entrance = {
  readonly authenticate: (authorization: string | undefined, attempt: Attempt) => Promise<Visitor>
  readonly recordForbidden: (visitor: Visitor, attempt: Attempt, reason: string) => Promise<void>
  readonly cursorSecret: CursorSecret
  readonly admits: Limiter
}

/** Who asks where nobody has to say who they are: a principal that may do nothing. */
const anybody: Visitor = {
  principal: {
    id: 'pr-anybody',
    version: 1,
    kind: 'service',
    name: 'anybody',
    email: null,
    roles: [],
    teams: [],
    status: 'active',
    created_at: '1970-01-01T00:00:00.000Z',
    granted_by: null,
  },
  credential: { id: 'anybody', fingerprint: '', granted_by: null },
  noteUse: null,
}

type AnyAnswer = (call: Call<Operation>) => Promise<Reply>

/** What is known of a request once its caller is let in. */
type Admitted = Matched & { readonly visitor: Visitor; readonly attempt: Attempt }

const enter = async (
  entrance: Entrance,
  event: APIGatewayProxyEventV2,
  matched: Matched,
  instance: string,
): Promise<Admitted> => {
  const attempt = { operation: matched.operation.operation_id, instance }
  if (matched.operation.permission === null) return { ...matched, attempt, visitor: anybody }
  const visitor = await entrance.authenticate(event.headers.authorization, attempt)
  if (!entrance.admits(visitor.credential.id, Date.now()))
    throw new Refusal('too_many_requests', 'this credential asks too fast; slow down')
  return { ...matched, attempt, visitor }
}

/** The call as the operation knows it: a cursor is a position there, whose seal was looked at here. */
const callOf = async (
  entrance: Entrance,
  event: APIGatewayProxyEventV2,
  { operation, params: given, visitor }: Admitted,
): Promise<{ readonly call: Call<Operation>; readonly scope: string }> => {
  const params = read(operation.params, given, 'not_found')
  const query = read(operation.query, queryOf(event), 'invalid_query')
  const scope = scopeOf(operation, params, query)
  const cursor =
    typeof query.cursor === 'string'
      ? openCursor(await entrance.cursorSecret(), scope, query.cursor)
      : undefined
  if (cursor === null)
    throw new Refusal('invalid_query', '/cursor: is not one of this list', [
      { pointer: '/cursor', detail: 'is not one of this list' },
    ])
  const call = {
    principal: visitor.principal,
    credential: visitor.credential,
    params,
    query: cursor === undefined ? query : { ...query, cursor },
    body: operation.body === null ? null : read(operation.body, bodyOf(event), 'invalid_body'),
    idempotency_key: idempotencyKeyOf(event),
    if_match: ifMatchOf(event),
    envelope: envelopeUnder(event.headers.authorization ?? ''),
  }
  return { call, scope }
}

const nextCursor = async (entrance: Entrance, scope: string, { next }: Reply): Promise<string | null> =>
  typeof next === 'string' ? sealCursor(await entrance.cursorSecret(), scope, next) : null

/** `last_used_at` is a courtesy: a request does not fail for it. */
const noteUse = async ({ noteUse: note }: Visitor): Promise<void> => {
  try {
    await note?.()
  } catch (error) {
    logger.warn('last use not noted', { error: error instanceof Error ? error : String(error) })
  }
}

/** Callers are told how many rows a list lacks; operators, which. */
const noteUnreadable = ({ unreadable = [] }: Reply, attempt: Attempt): void => {
  if (unreadable.length === 0) return
  logger.warn('rows that cannot be read', { ...attempt, rows: unreadable })
  measure([{ name: 'rows_unreadable', unit: 'Count', value: unreadable.length, dimensions: {} }])
}

/**
 * A Lambda function behind the HTTP API: finds the row, asks who it is and
 * whether they may, reads the request by the row's schemas, answers. The one
 * place where refusals become problem documents and faults are hidden.
 */
export const apiFunction = <F extends ApiFunction>(entrance: Entrance, answers: Answers<F>) => {
  // Complete by type; as a plain record here because the row is found by name.
  const byName = answers as unknown as Readonly<Record<string, AnyAnswer | undefined>>

  const answered = async (event: APIGatewayProxyEventV2, admitted: Admitted): Promise<Result> => {
    const { operation, visitor, attempt } = admitted
    if (operation.permission !== null) demand(visitor.principal, operation.permission)
    const answer = byName[operation.operation_id]
    if (answer === undefined) throw new Error(`${operation.operation_id} is routed to another function`)
    const { call, scope } = await callOf(entrance, event, admitted)
    const [reply] = await Promise.all([answer(call), noteUse(visitor)])
    noteUnreadable(reply, attempt)
    logger.info('answered', { ...attempt, principal: visitor.principal.id, status: reply.status })
    return resultOf(event, reply, await nextCursor(entrance, scope, reply))
  }

  const putOnRecord = async ({ visitor, attempt }: Admitted, refusal: unknown): Promise<void> => {
    if (!(refusal instanceof Refusal) || refusal.code !== 'forbidden') return
    await entrance.recordForbidden(visitor, attempt, refusal.message)
  }

  const handle = async (event: APIGatewayProxyEventV2, instance: string): Promise<Result> => {
    const admitted = await enter(entrance, event, operationFor(event), instance)
    try {
      return await answered(event, admitted)
    } catch (error) {
      await putOnRecord(admitted, error)
      throw error
    }
  }

  return async (event: APIGatewayProxyEventV2, context: Context): Promise<Result> => {
    const instance = event.requestContext.requestId || context.awsRequestId
    try {
      return await handle(event, instance)
    } catch (error) {
      if (error instanceof Refusal) {
        logger.info('refused', { code: error.code, instance })
        return problemResult(event, problemOf(error, instance))
      }
      logger.error('fault', { error: error instanceof Error ? error : String(error), instance })
      return problemResult(event, faultProblem(instance))
    }
  }
}
