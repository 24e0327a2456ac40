import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { OcspQuery, OcspReply } from '../ports.ts'
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

const answered = ({ body, max_age_seconds }: OcspReply): Result => ({
  statusCode: 200,
  headers: {
    'content-type': 'application/ocsp-response',
    'cache-control': max_age_seconds === 0 ? 'no-store' : `public, max-age=${max_age_seconds}`,
  },
  body: Buffer.from(body).toString('base64'),
  isBase64Encoded: true,
})

/** The OCSP function behind CloudFront (RFC 6960 Appendix A): POST and GET of DER, GET of a serial number. */
export const ocspFunction =
  (answer: (issuer_id: string, query: OcspQuery) => Promise<OcspReply>) =>
  async (event: APIGatewayProxyEventV2): Promise<Result> => {
    const { method } = event.requestContext.http
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return text(405, 'GET or POST\n')
    const question = asked(event)
    if (question === null) return text(404, 'not found\n')
    const reply = await answer(question.issuer_id, question.query)
    logger.info('answered', { issuer_id: question.issuer_id, outcome: reply.outcome })
    const dimensions = { status: reply.outcome }
    measure([{ name: 'ocsp_requests_total', unit: 'Count', value: 1, dimensions }])
    return reply.outcome === 'unknown_issuer' ? text(404, 'not found\n') : answered(reply)
  }
