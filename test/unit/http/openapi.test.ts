import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { examples } from '../../../lib/http/examples.ts'
import { openApi } from '../../../lib/http/openapi.ts'
import { type OperationId, operations, routes } from '../../../lib/http/routes.ts'
import { withTables } from '../../../scripts/docs/api-reference.ts'
import { openApiText } from '../../../scripts/docs/openapi.ts'
import { stampOf } from '../../../scripts/docs/types.ts'
import { behindHttp } from '../../support/http-world.ts'
import { makeWorld } from '../../support/world.ts'

const lying = (path: string) => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8')

describe('The OpenAPI document', () => {
  it('is served to anybody, and lies in docs/openapi.json as it is served (npm run docs)', async () => {
    const { send } = await behindHttp(await makeWorld())
    const { json } = await send({ path: '/openapi.json' })
    expect(json).toEqual(openApi())
    expect(lying('docs/openapi.json')).toBe(openApiText())
  })

  it('is what the types of the generated client are made of (npm run docs)', () => {
    expect(lying('test/support/api-types.ts').split('\n')[0]).toBe(stampOf(lying('docs/openapi.json')))
  })

  it('names every operation of the table, and no other', () => {
    const paths = openApi().paths as Record<string, Record<string, { operationId: string }>>
    const named = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`,
      ),
    )
    expect(named.sort()).toEqual(
      routes.map(({ operation_id, method, path }) => `${operation_id} ${method} ${path}`).sort(),
    )
  })

  it('refers only to what it has', () => {
    const text = JSON.stringify(openApi())
    const components = openApi().components as Record<string, Record<string, unknown>>
    for (const [, kind, name] of text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g))
      expect(Object.keys(components[kind ?? ''] ?? {})).toContain(name)
    expect(text).not.toMatch(/\$defs|__schema/)
  })
})

describe('Its examples', () => {
  it.each(Object.keys(examples))('%s is as the operation asks and answers', (id) => {
    expect(Object.keys(operations)).toContain(id)
    const row = operations[id as OperationId]
    const { request, response } = examples[id] ?? {}
    if (request !== undefined) expect(row.body?.safeParse(request).error).toBeUndefined()
    if (response !== undefined && row.output !== null)
      expect(row.output.safeParse(response).error).toBeUndefined()
  })

  it('show a request for every operation that takes a body', () => {
    const wanting = routes.filter(
      ({ body, operation_id }) => body !== null && !examples[operation_id]?.request,
    )
    expect(wanting.map(({ operation_id }) => operation_id)).toEqual([])
  })
})

describe('docs/reference/api.md', () => {
  it('has the tables of today (npm run docs)', () => {
    const page = lying('docs/reference/api.md')
    expect(page).toBe(withTables(page))
  })
})
