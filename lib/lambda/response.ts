import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Reply } from '../http/call.ts'
import type { Problem } from '../http/problem.ts'
import { methodsAt } from './request.ts'

export type Result = APIGatewayProxyStructuredResultV2

const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const

const linkTo = (event: APIGatewayProxyEventV2, cursor: string): string => {
  const query = new URLSearchParams(event.rawQueryString)
  query.set('cursor', cursor)
  return `<${event.requestContext.http.path}?${query.toString()}>; rel="next"`
}

/** A `HEAD` is answered as its `GET`, without the body. */
const bodyFor = (event: APIGatewayProxyEventV2, body: string): string =>
  event.requestContext.http.method === 'HEAD' ? '' : body

const unchanged = (event: APIGatewayProxyEventV2, tag: string): boolean => {
  const known = event.headers['if-none-match']
  if (known === undefined || event.requestContext.http.method === 'POST') return false
  return known.trim() === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}

/** `cursor` is the sealed form of the reply's `next`. */
export const resultOf = (event: APIGatewayProxyEventV2, reply: Reply, cursor: string | null): Result => {
  const tag = reply.version === undefined ? null : `"v${reply.version}"`
  const missing = reply.unreadable?.length ?? 0
  const headers = {
    ...securityHeaders,
    ...(cursor === null ? {} : { link: linkTo(event, cursor) }),
    ...(tag === null ? {} : { etag: tag }),
    ...(missing === 0 ? {} : { 'countersign-unreadable': String(missing) }),
  }
  if (tag !== null && unchanged(event, tag)) return { statusCode: 304, headers, body: '' }
  const body = reply.content_type === undefined ? JSON.stringify(reply.body) : String(reply.body)
  return {
    statusCode: reply.status,
    headers: { ...headers, 'content-type': reply.content_type ?? 'application/json' },
    body: bodyFor(event, body),
  }
}

export const problemResult = (event: APIGatewayProxyEventV2, problem: Problem): Result => ({
  statusCode: problem.status,
  headers: {
    ...securityHeaders,
    'content-type': 'application/problem+json',
    ...(problem.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(problem.status === 405 ? { allow: methodsAt(event.requestContext.http.path).join(', ') } : {}),
    // Whatever the rate, a bucket holds a request again after a second.
    ...(problem.status === 429 ? { 'retry-after': '1' } : {}),
  },
  body: bodyFor(event, JSON.stringify(problem)),
})
