import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import createClient from 'openapi-fetch'
import { describe, expect, it } from 'vitest'
import type { Name } from '../../scripts/local/seed.ts'
import type { paths } from '../support/api-types.ts'
import { csrFor, newHostName } from '../support/live-requests.ts'
import { stack } from '../support/stack.ts'

const clientWith = (key: string) =>
  createClient<paths>({ baseUrl: stack.api_url, headers: { authorization: `Bearer ${key}` } })

const clientOf = (name: Name) => clientWith(stack.principals[name].api_key)

type Client = ReturnType<typeof clientOf>

/** What an answer must have been. */
const given = <T>(answer: { data?: T; error?: unknown }): T => {
  if (answer.data === undefined) throw new Error(`refused: ${JSON.stringify(answer.error)}`)
  return answer.data
}

const until = async (client: Client, id: string, status: string) => {
  for (let round = 0; round < 300; round += 1) {
    const job = given(await client.GET('/api/v1/jobs/{id}', { params: { path: { id } } }))
    if (job.status === status) return job
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${id} did not become ${status}`)
}

/** What was done at once, and asked no second person. */
const atOnce = <T extends object>(answer: T): Exclude<T, { approval: unknown }> => {
  if ('approval' in answer) throw new Error('it takes a second person')
  return answer as Exclude<T, { approval: unknown }>
}

describe('A client made of the OpenAPI document', () => {
  it('reads the very document it was made of', async () => {
    const answer = await fetch(`${stack.api_url}/api/v1/openapi.json`)
    expect(answer.status).toBe(200)
    const lying = readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8')
    expect(await answer.json()).toEqual(JSON.parse(lying))
  })

  it('takes a certificate from its request to its revocation', async () => {
    const [alice, bob] = [clientOf('alice'), clientOf('bob')]
    const body = { profile_id: 'p-prod-web', csr: csrFor(newHostName()), reason: 'a shop' }
    const asked = given(await alice.POST('/api/v1/certificates', { body, params: {} }))
    const approval = { path: { id: asked.approval?.id ?? '' } }
    const own = await alice.POST('/api/v1/approvals/{id}/approve', { params: approval, body: {} })
    expect(own.error).toMatchObject({ status: 403, code: 'two_person_integrity' })
    const shown = given(await bob.GET('/api/v1/approvals/{id}', { params: approval }))
    expect(shown.content.type).toBe('Issuance')
    given(await bob.POST('/api/v1/approvals/{id}/approve', { params: approval, body: { note: 'ok' } }))
    await until(alice, asked.job.id, 'Completed')
    const certificate = { path: { id: asked.certificate.id } }
    const versions = given(await alice.GET('/api/v1/certificates/{id}/versions', { params: certificate }))
    expect(versions.map(({ number }) => number)).toEqual([1])
    const revoked = given(
      await alice.POST('/api/v1/certificates/{id}/revoke', {
        params: certificate,
        body: { reason: 'superseded' },
      }),
    )
    if (revoked.approval !== null)
      given(
        await bob.POST('/api/v1/approvals/{id}/approve', {
          params: { path: { id: revoked.approval.id } },
          body: {},
        }),
      )
    await until(alice, revoked.job.id, 'Completed')
    const after = given(await alice.GET('/api/v1/certificates/{id}', { params: certificate }))
    expect(after.status).toBe('Revoked')
  })

  it('makes a service with a key, uses it, rotates it, ends it', async () => {
    const carol = clientOf('carol')
    const header = { 'Idempotency-Key': `service-${Date.now()}` }
    const wanted = { body: { kind: 'service' as const, name: 'pipeline', roles: ['operator' as const] } }
    const [service, again] = await Promise.all([
      carol.POST('/api/v1/principals', { ...wanted, params: { header } }),
      carol.POST('/api/v1/principals', { ...wanted, params: { header } }),
    ])
    expect(given(again)).toEqual(given(service))
    const path = { id: atOnce(given(service)).id }
    const made = atOnce(
      given(await carol.POST('/api/v1/principals/{id}/api-keys', { params: { path }, body: {} })),
    )
    const own = clientWith(made.token)
    expect((await own.GET('/api/v1/jobs')).response.status).toBe(200)
    const key = { ...path, key: made.id }
    const rotated = atOnce(
      given(
        await own.POST('/api/v1/principals/{id}/api-keys/{key}/rotate', {
          params: { path: key },
          body: { overlap: 'PT1H' },
        }),
      ),
    )
    const both = [own, clientWith(rotated.token)]
    for (const client of both) expect((await client.GET('/api/v1/jobs')).response.status).toBe(200)
    given(await carol.DELETE('/api/v1/principals/{id}/api-keys/{key}', { params: { path: key } }))
    expect((await own.GET('/api/v1/jobs')).response.status).toBe(401)
    const keys = given(await carol.GET('/api/v1/principals/{id}/api-keys', { params: { path } }))
    expect(
      keys.map(({ id, disabled_at, last_used_at }) => [id, disabled_at !== null, last_used_at !== null]),
    ).toEqual([
      [made.id, true, true],
      [rotated.id, false, true],
    ])
    const events = given(
      await carol.GET('/api/v1/audit', { params: { query: { resource: path.id, limit: 200 } } }),
    )
    expect(events.map((event) => ('type' in event ? event.type : event.unreadable))).toEqual([
      'principal_created',
      'api_key_created',
      'api_key_created',
      'api_key_disabled',
      'access_refused',
    ])
  })

  it('keeps an edit from being lost', async () => {
    const carol = clientOf('carol')
    const path = { id: 'p-dev-web' }
    const seen = await carol.GET('/api/v1/profiles/{id}', { params: { path } })
    const { id: _, version: __, created_by: ___, created_at: ____, job_id: _____, ...document } = given(seen)
    const header = { 'If-Match': '"v999"' }
    const lost = await carol.PUT('/api/v1/profiles/{id}', { params: { path, header }, body: document })
    expect(lost.response.status).toBe(412)
    expect(seen.response.headers.get('etag')).toMatch(/^"v\d+"$/)
  })

  it('follows the Links of the audit to their end, each event once, and of the export the same', async () => {
    const walk = async (first: string, read: (text: string) => readonly { id: string }[]) => {
      const ids: string[] = []
      let path: string | null = first
      while (path !== null) {
        const answer: Response = await fetch(`${stack.api_url}${path}`, {
          headers: { authorization: `Bearer ${stack.principals.dave.api_key}` },
        })
        ids.push(...read(await answer.text()).map(({ id }) => id))
        path = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null
      }
      return ids
    }
    const to = encodeURIComponent(new Date().toISOString())
    const listed = await walk(`/api/v1/audit?limit=30&to=${to}`, (text) => JSON.parse(text))
    const exported = await walk(`/api/v1/audit/export?limit=100&to=${to}`, (text) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    )
    expect(new Set(listed).size).toBe(listed.length)
    expect(exported).toEqual(listed)
    expect(listed.length).toBeGreaterThan(30)
  })

  it.each([
    ['HEAD', '/api/v1/jobs', 200],
    ['PATCH', '/api/v1/jobs', 405],
    ['POST', '/api/v1/jobs/job-000000/approve', 404],
    ['GET', '/api/v2/jobs', 404],
    ['GET', '/', 404],
  ])('%s %s is %i', async (method, path, status) => {
    const headers = { authorization: `Bearer ${stack.principals.alice.api_key}` }
    const answer = await fetch(`${stack.api_url}${path}`, { method, headers })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    if (status === 405) expect(answer.headers.get('allow')).toBe('HEAD, GET')
    if (status >= 400) expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })
})
