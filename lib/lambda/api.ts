import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type * as z from 'zod'
import type { Answers, Call, Reply } from '../http/call.ts'
import { faultProblem, type Problem, problemOf } from '../http/problem.ts'
import { type ApiFunction, type Operation, routes } from '../http/routes.ts'
import { demand } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal, type RefusalCode } from '../model/refusal.ts'
import { logger } from './logger.ts'

type Authenticate = (authorization: string | undefined) => Promise<Principal>
type Result = APIGatewayProxyStructuredResultV2
type Named = (typeof routes)[number]

const maximumBody = 65_536

const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const

const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** Reads one part of a request by its schema, and tells everything that is wrong with it at once. */
const read = <T extends z.ZodType>(schema: T, value: unknown, code: RefusalCode): z.output<T> => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const violations = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ pointer: pointerOf([...issue.path, key]), detail: 'is not known here' }))
      : [{ pointer: pointerOf(issue.path), detail: issue.message }],
  )
  throw new Refusal(
    code,
    violations.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join('; '),
    violations,
  )
}

const bodyOf = (event: APIGatewayProxyEventV2): unknown => {
  const raw = event.body ?? ''
  const text = event.isBase64Encoded ? Buffer.from(raw, 'base64').toString('utf8') : raw
  if (Buffer.byteLength(text) > maximumBody)
    throw new Refusal('body_too_large', `a body has at most ${maximumBody} bytes`)
  if (text.trim() === '') return {}
  if (!/^application\/json\b/i.test(event.headers['content-type'] ?? ''))
    throw new Refusal('unsupported_media_type', 'send the body as application/json')
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Refusal('invalid_body', 'the body is not JSON')
  }
}

const keyForm = /^[\x21-\x7e]{1,128}$/

const idempotencyKeyOf = (event: APIGatewayProxyEventV2): string | null => {
  const key = event.headers['idempotency-key']
  if (key === undefined) return null
  if (!keyForm.test(key))
    throw new Refusal('invalid_body', 'an Idempotency-Key has 1 to 128 visible ASCII characters')
  return key
}

const segments = (path: string): readonly string[] => path.split('/')

const matches = (pattern: string, path: string): boolean => {
  const [wanted, given] = [segments(pattern), segments(path)]
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part === given[index] || (part.startsWith('{') && given[index] !== ''))
  )
}

/** The row that a request is for. Refuses (`not_found`, `method_not_allowed`) what has none. */
const operationFor = (event: APIGatewayProxyEventV2): Named => {
  const { method, path } = event.requestContext.http
  const there = routes.filter((route) => matches(route.path, path))
  const found = there.find((route) => route.method === method)
  if (found !== undefined) return found
  if (there.length === 0) throw new Refusal('not_found', 'no such path')
  throw new Refusal('method_not_allowed', `this path has ${there.map((route) => route.method).join(', ')}`)
}

const callOf = (operation: Named, event: APIGatewayProxyEventV2, principal: Principal): Call<Operation> => ({
  principal,
  params: read(operation.params, event.pathParameters ?? {}, 'not_found'),
  query: read(operation.query, event.queryStringParameters ?? {}, 'invalid_query'),
  body: operation.body === null ? null : read(operation.body, bodyOf(event), 'invalid_body'),
  idempotency_key: idempotencyKeyOf(event),
})

const linkTo = (event: APIGatewayProxyEventV2, cursor: string): string => {
  const query = new URLSearchParams(event.rawQueryString)
  query.set('cursor', cursor)
  return `<${event.requestContext.http.path}?${query.toString()}>; rel="next"`
}

const resultOf = (event: APIGatewayProxyEventV2, reply: Reply): Result => ({
  statusCode: reply.status,
  headers: {
    ...securityHeaders,
    'content-type': reply.content_type ?? 'application/json',
    ...(typeof reply.next === 'string' ? { link: linkTo(event, reply.next) } : {}),
  },
  body: reply.content_type === undefined ? JSON.stringify(reply.body) : String(reply.body),
})

const problemResult = (problem: Problem): Result => ({
  statusCode: problem.status,
  headers: {
    ...securityHeaders,
    'content-type': 'application/problem+json',
    ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  },
  body: JSON.stringify(problem),
})

/**
 * A Lambda function behind the HTTP API: finds the row, asks who it is and
 * whether they may, reads the request by the row's schemas, answers. The one
 * place where refusals become problem documents and faults are hidden.
 */
export const apiFunction = <F extends ApiFunction>(authenticate: Authenticate, answers: Answers<F>) => {
  // Complete by type; as a plain record here because the row is found by name.
  const byName = answers as unknown as Readonly<
    Record<string, ((call: Call<Operation>) => Promise<Reply>) | undefined>
  >
  return async (event: APIGatewayProxyEventV2, context: Context): Promise<Result> => {
    const instance = event.requestContext.requestId || context.awsRequestId
    try {
      const operation = operationFor(event)
      const principal = await authenticate(event.headers.authorization)
      demand(principal, operation.permission)
      const answer = byName[operation.operation_id]
      if (answer === undefined) throw new Error(`${operation.operation_id} is routed to another function`)
      const reply = await answer(callOf(operation, event, principal))
      logger.info('answered', {
        operation: operation.operation_id,
        principal: principal.id,
        status: reply.status,
        instance,
      })
      return resultOf(event, reply)
    } catch (error) {
      if (error instanceof Refusal) {
        logger.info('refused', { code: error.code, instance })
        return problemResult(problemOf(error, instance))
      }
      logger.error('fault', { error: error instanceof Error ? error : String(error), instance })
      return problemResult(faultProblem(instance))
    }
  }
}
