import { createHash } from 'node:crypto'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Clock } from '../model/time.ts'
import type { OcspQuery, OcspReply } from '../ports/ocsp.ts'
import { logger } from './logger.ts'
import { measure } from './metrics.ts'

type Result = APIGatewayProxyStructuredResultV2

const prefix = '/.well-known/pki/ocsp/'
const issuerForm = /^iss-[a-z0-9-]{1,62}$/
/** As people and tools write it, with leading zeros and colons. No request in base64 looks so: each begins with M. */
const hexSerial = /^(?:0x)?[0-9a-fA-F:]{1,95}$/
const maximumBody = 16_384

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The issuer and the question of a request; null for a path that is neither of ours. */
const asked = (event: APIGatewayProxyEventV2): { issuer_id: string; query: OcspQuery } | null => {
  const { rawPath } = event
  if (!rawPath.startsWith(prefix)) return null
  const rest = rawPath.slice(prefix.length)
  const slash = rest.indexOf('/')
  const issuer_id = slash === -1 ? rest : rest.slice(0, slash)
  const question = slash === -1 ? '' : decoded(rest.slice(slash + 1))
  if (!issuerForm.test(issuer_id)) return null
  if (event.requestContext.http.method === 'POST') {
    const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'latin1')
    return question === '' ? { issuer_id, query: { der: body.subarray(0, maximumBody + 1) } } : null
  }
  if (question === '') return null
  if (hexSerial.test(question)) return { issuer_id, query: { serial: question } }
  return { issuer_id, query: { der: Buffer.from(question.replaceAll(' ', '+'), 'base64') } }
}

const text = (statusCode: number, body: string): Result => ({
  statusCode,
  headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=5' },
  body,
})

/** What caches may do with an answer: nothing that outlives it (RFC 5019 §6.2, RFC 9111). */
const cacheHeaders = (
  { body, max_age_seconds, this_update }: OcspReply,
  now: Date,
): Record<string, string> => {
  if (max_age_seconds === 0 || this_update === null) return { 'cache-control': 'no-store' }
  return {
    'cache-control': `max-age=${max_age_seconds}, public, no-transform, must-revalidate`,
    etag: `"${createHash('sha256').update(body).digest('hex')}"`,
    'last-modified': new Date(this_update).toUTCString(),
    expires: new Date(now.getTime() + max_age_seconds * 1000).toUTCString(),
  }
}

/** Whether a conditional request names what it would be sent (RFC 9110 §13.1.2). */
const isHeld = (condition: string | undefined, etag: string | undefined): boolean =>
  etag !== undefined &&
  (condition?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag) ??
    false)

const answered = (event: APIGatewayProxyEventV2, reply: OcspReply, now: Date): Result => {
  const headers = { 'content-type': 'application/ocsp-response', ...cacheHeaders(reply, now) }
  const { etag } = headers as { readonly etag?: string }
  const asks = event.requestContext.http.method !== 'POST'
  if (asks && isHeld(event.headers['if-none-match'], etag)) return { statusCode: 304, headers }
  return { statusCode: 200, headers, body: Buffer.from(reply.body).toString('base64'), isBase64Encoded: true }
}

type Deps = {
  readonly answer: (issuer_id: string, query: OcspQuery) => Promise<OcspReply>
  readonly now: Clock
}

/** The OCSP function behind CloudFront (RFC 6960 Appendix A): POST and GET of DER, GET of a serial number. */
export const ocspFunction =
  ({ answer, now }: Deps) =>
  async (event: APIGatewayProxyEventV2): Promise<Result> => {
    const { method } = event.requestContext.http
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return text(405, 'GET or POST\n')
    const question = asked(event)
    if (question === null) return text(404, 'not found\n')
    const reply = await answer(question.issuer_id, question.query)
    // An answer is counted, and only what was none is told of: a line more for each would cost more than the answer.
    if (reply.outcome !== 'answered')
      logger.info('not answered', { issuer_id: question.issuer_id, outcome: reply.outcome })
    const dimensions = { status: reply.outcome }
    measure([{ name: 'ocsp_requests_total', unit: 'Count', value: 1, dimensions }])
    return reply.outcome === 'unknown_issuer' ? text(404, 'not found\n') : answered(event, reply, now())
  }
