import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { expect, vi } from 'vitest'
import * as z from 'zod'
import { administerApi } from '../../lib/api/administer.ts'
import { decideApi } from '../../lib/api/decide.ts'
import { entrance } from '../../lib/api/entrance.ts'
import { readApi } from '../../lib/api/read.ts'
import { rulesApi } from '../../lib/api/rules.ts'
import { submitApi } from '../../lib/api/submit.ts'
import { cursorSecret } from '../../lib/aws/cursor-secret.ts'
import { createApiKey } from '../../lib/flows/create-api-key.ts'
import type { ApiFunction } from '../../lib/http/operation.ts'
import { routes } from '../../lib/http/routes.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import type { Limiter } from '../../lib/lambda/limiter.ts'
import type { Result } from '../../lib/lambda/response.ts'
import type { VerifyToken } from '../../lib/ports/requests.ts'
import type { Name, World } from './world.ts'

export type HttpRequest = {
  readonly method?: string
  /** Under /api/v1 (unless it is well known), with its query. */
  readonly path: string
  /** What follows `Bearer`. */
  readonly token?: string | null
  readonly body?: unknown
  /** As it is sent, instead of JSON of `body`. */
  readonly raw?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type HttpAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: what an operation answers is what the test looks at
  readonly json: any
}

export type Settings = { readonly verifyToken?: VerifyToken; readonly admits?: Limiter }

/** Every line that the functions logged, instead of on the terminal. */
export const logged: string[] = []

const terminal = process.stdout.write.bind(process.stdout)

vi.spyOn(process.stdout, 'write').mockImplementation((chunk, ...rest) => {
  if (typeof chunk !== 'string' || !chunk.startsWith('{"level":'))
    return terminal(chunk as string, ...(rest as []))
  logged.push(chunk)
  return true
})

const problem = z.strictObject({
  type: z.string().startsWith('urn:countersign:problem:'),
  title: z.string().min(1),
  status: z.int(),
  code: z.string().regex(/^[a-z_]+$/),
  detail: z.string().min(1),
  instance: z.string().min(1),
  violations: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
})

const eventOf = ({ method = 'GET', path, token, body, raw, headers = {} }: HttpRequest, count: number) => {
  const url = new URL(`http://api.test${path.startsWith('/.well-known') ? '' : '/api/v1'}${path}`)
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  return {
    version: '2.0',
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: {
      ...(token === null || token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    requestContext: { requestId: `request-${count}`, http: { method, path: url.pathname } },
    ...(text === undefined ? {} : { body: text }),
    isBase64Encoded: false,
  } as unknown as APIGatewayProxyEventV2
}

const patternOf = (path: string): RegExp => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)

/** Where the gateway sends a request: the row's function, or the reader for what no route has. */
const functionFor = (method: string, path: string): ApiFunction =>
  routes.find((row) => row.method === method && row.path === path)?.function ??
  routes.find((row) => row.method === method && patternOf(row.path).test(path))?.function ??
  'read'

/** Every answer, whatever a test looks at, is as the contract says. */
const holdToContract = (method: string, path: string, answer: HttpAnswer): void => {
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    'strict-transport-security': expect.stringContaining('max-age='),
  })
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
  if (method === 'HEAD' || answer.status === 304) {
    expect(answer.text).toBe('')
    return
  }
  if (answer.status >= 400) {
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(problem.parse(answer.json).status).toBe(answer.status)
    return
  }
  const row =
    routes.find((one) => one.method === method && one.path === path) ??
    routes.find((one) => one.method === method && patternOf(one.path).test(path))
  const gated = row?.gated !== undefined && answer.status === 202
  expect(answer.status).toBe(gated ? 202 : row?.status)
  expect(answer.headers['content-type']).toBe(row?.media_type ?? 'application/json')
  if (gated) row.gated?.parse(answer.json)
  else if (row?.output !== null) row?.output.parse(answer.json)
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A world in memory behind its four functions, asked as the gateway would ask them. */
export const behindHttp = async (world: World, { verifyToken, admits }: Settings = {}) => {
  const gate = {
    ...entrance({ ...world, verifyToken: verifyToken ?? (async () => null) }),
    cursorSecret: cursorSecret(world.table),
    admits: admits ?? (() => true),
  }
  const functions: Readonly<
    Record<ApiFunction, (event: APIGatewayProxyEventV2, context: Context) => Promise<Result>>
  > = {
    read: apiFunction(gate, readApi(world)),
    submit: apiFunction(gate, submitApi(world)),
    rules: apiFunction(gate, rulesApi(world)),
    decide: apiFunction(gate, decideApi(world)),
    administer: apiFunction(gate, administerApi(world)),
  }
  const actor = { id: 'system-setup', type: 'System' } as const
  const tokens = {} as Record<Name, string>
  for (const name of Object.keys(world.people) as Name[]) {
    const made = await createApiKey(world, actor, { principal_id: `pr-${name}`, expires_at: null })
    tokens[name] = made.token
  }
  let count = 0
  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    count += 1
    const event = eventOf(request, count)
    const { method, path } = event.requestContext.http
    const result = await functions[functionFor(method, path)](event, {} as Context)
    const text = result.body ?? ''
    const headers = (result.headers ?? {}) as Record<string, string>
    const answer = { status: result.statusCode ?? 0, headers, text, json: parsed(text) }
    holdToContract(method, path, answer)
    return answer
  }
  /** As one of the cast. */
  const as =
    (name: Name) => (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      send({ method, path, token: tokens[name], body, ...(headers === undefined ? {} : { headers }) })
  return { send, as, tokens }
}

/** Where the `Link` of an answer leads, under /api/v1; null on the last page. */
export const nextOf = ({ headers }: HttpAnswer): string | null => {
  const [, path] = /^<\/api\/v1([^>]+)>; rel="next"$/.exec(headers.link ?? '') ?? []
  return path ?? null
}
