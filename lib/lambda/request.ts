import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type * as z from 'zod'
import type { Operation } from '../http/operation.ts'
import { routes } from '../http/routes.ts'
import { Refusal, type RefusalCode, type Violation } from '../model/refusal.ts'

type Named = (typeof routes)[number]

const maximumBody = 65_536

const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

const refusalOf = (code: RefusalCode, violations: readonly Violation[]): Refusal =>
  new Refusal(
    code,
    violations.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join('; '),
    violations,
  )

/** Reads one part of a request by its schema, and tells everything that is wrong with it at once. */
export const read = <T extends z.ZodType>(schema: T, value: unknown, code: RefusalCode): z.output<T> => {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const violations = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ pointer: pointerOf([...issue.path, key]), detail: 'is not known here' }))
      : [{ pointer: pointerOf(issue.path), detail: issue.message }],
  )
  throw refusalOf(code, violations)
}

const textOf = (event: APIGatewayProxyEventV2): string => {
  const raw = event.body ?? ''
  const bytes = Buffer.from(raw, event.isBase64Encoded ? 'base64' : 'utf8')
  if (bytes.length > maximumBody)
    throw new Refusal('body_too_large', `a body has at most ${maximumBody} bytes`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal('invalid_body', 'the body is not UTF-8')
  }
}

export const bodyOf = (event: APIGatewayProxyEventV2): unknown => {
  const text = textOf(event)
  if (text.trim() === '') return {}
  if (!/^application\/json\s*(;|$)/i.test(event.headers['content-type'] ?? ''))
    throw new Refusal('unsupported_media_type', 'send the body as application/json')
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Refusal('invalid_body', 'the body is not JSON')
  }
}

/** The query, each parameter once. */
export const queryOf = (event: APIGatewayProxyEventV2): Readonly<Record<string, string>> => {
  const given = [...new URLSearchParams(event.rawQueryString ?? '')]
  const twice = given.filter(([name], index) => given.findIndex(([other]) => other === name) !== index)
  if (twice.length > 0)
    throw refusalOf(
      'invalid_query',
      twice.map(([name]) => ({ pointer: pointerOf([name]), detail: 'is given more than once' })),
    )
  return Object.fromEntries(given)
}

const keyForm = /^[\x21-\x7e]{1,128}$/

export const idempotencyKeyOf = (event: APIGatewayProxyEventV2): string | null => {
  const key = event.headers['idempotency-key']
  if (key === undefined) return null
  if (!keyForm.test(key))
    throw new Refusal('invalid_header', 'an Idempotency-Key has 1 to 128 visible ASCII characters')
  return key
}

/** The versions that `If-Match` names. A weak or foreign entity tag names none. */
export const ifMatchOf = (event: APIGatewayProxyEventV2): readonly number[] | null => {
  const given = event.headers['if-match']
  if (given === undefined || given.trim() === '*') return null
  return given.split(',').flatMap((tag) => {
    const [, version] = /^\s*"v([1-9]\d{0,8})"\s*$/.exec(tag) ?? []
    return version === undefined ? [] : [Number(version)]
  })
}

export type Matched = { readonly operation: Named; readonly params: Readonly<Record<string, string>> }

/** What the braces of a path stand for in another; null where they differ. */
const paramsOf = (pattern: string, path: string): Readonly<Record<string, string>> | null => {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== given.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const [, name] = /^\{(\w+)\}$/.exec(part) ?? []
    const value = given[index] ?? ''
    if (name === undefined ? part !== value : value === '') return null
    if (name !== undefined) params[name] = value
  }
  return params
}

/** The methods that a path has; none for a path that is not there. `HEAD` goes wherever `GET` does. */
export const methodsAt = (path: string): readonly string[] => {
  const methods = routes.filter((row) => paramsOf(row.path, path) !== null).map(({ method }) => method)
  return methods.includes('GET') ? ['HEAD', ...methods] : methods
}

/** The row that a request is for. Refuses (`not_found`, `method_not_allowed`) what has none. */
export const operationFor = (event: APIGatewayProxyEventV2): Matched => {
  const { method: given, path } = event.requestContext.http
  const method = given === 'HEAD' ? 'GET' : given
  // A path without braces is more than one with: /audit/export is nobody's {id}.
  const byPrecision = [...routes].sort((a, b) => a.path.split('{').length - b.path.split('{').length)
  for (const operation of byPrecision) {
    const params = operation.method === method ? paramsOf(operation.path, path) : null
    if (params !== null) return { operation, params }
  }
  const methods = methodsAt(path)
  if (methods.length === 0) throw new Refusal('not_found', 'no such path')
  throw new Refusal('method_not_allowed', `this path has ${methods.join(', ')}`)
}

/** What a cursor is good for: this list, of this thing, under this filter. */
export const scopeOf = (
  operation: Operation & { readonly operation_id: string },
  params: object,
  query: object,
) => {
  const { cursor: _, limit: __, ...filter } = query as Record<string, unknown>
  return JSON.stringify([operation.operation_id, params, Object.entries(filter).sort()])
}
