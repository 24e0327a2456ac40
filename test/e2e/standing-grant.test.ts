import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { grantView } from '../../lib/http/views.ts'
import { jobCompleted, requested } from '../../scripts/local/api.ts'
import { eventsOf, typesOf } from '../support/live-jobs.ts'
import { filesOf, verifyStrictly } from '../support/live-openssl.ts'
import { approve, issueGated } from '../support/live-requests.ts'
import { as, stack } from '../support/stack.ts'

const asked = requested.extend({ grant_id: z.string() })
const renewed = requested.extend({
  job: requested.shape.job.extend({
    grant: z.object({ id: z.string(), number: z.int() }).nullable(),
    outside_grants: z.array(z.object({ id: z.string(), detail: z.string() })),
  }),
})

describe('a certificate with a standing grant', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-grant-'))
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  let certificate_id: string
  let grant_id: string
  let renewal_id: string

  const renew = () =>
    as('alice').expect(renewed, 202, as('alice').post(`/certificates/${certificate_id}/renew`, {}))

  beforeAll(async () => {
    certificate_id = (await issueGated()).certificate_id
    const until = new Date(Date.now() + 30 * 86_400_000).toISOString()
    const bounds = { issuances: 3, period: 'P1D', until }
    const path = `/certificates/${certificate_id}/grants`
    const made = await as('alice').expect(asked, 202, as('alice').post(path, bounds))
    grant_id = made.grant_id
    await approve(made.approval?.id ?? '')
    await jobCompleted(as('alice'), made.job.id)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is renewed without a person, and OpenSSL takes what comes', async () => {
    const { job, approval } = await renew()
    expect(approval).toBe(null)
    expect(job).toMatchObject({ status: 'Pending', grant: { id: grant_id, number: 1 } })
    renewal_id = job.id
    await jobCompleted(as('alice'), job.id)
    expect(typesOf(await eventsOf(job.id))).toEqual([
      'renewal_requested',
      'grant_consumed',
      'issuance_planned',
      'certificate_issued',
    ])
    const files = await filesOf(certificate_id, folder)
    expect(await verifyStrictly(files)).toContain(`${files.leaf}: OK`)
  })

  it('proves offline which people approved that', async () => {
    const evidence = await as('dave').get(`/certificates/${certificate_id}/versions/2/evidence`)
    expect(evidence.status).toBe(200)
    const keys = await (await fetch(`${stack.api_url}/.well-known/countersign/jwks.json`)).text()
    const args = [file('bundle.json', evidence.text), '--jwks', file('jwks.json', keys)]
    const run = () =>
      spawnSync(process.execPath, ['scripts/verify-receipt.ts', ...args], { encoding: 'utf8', env: {} })
    const told = run()
    expect(told.stdout).toContain('as number 1 under a standing grant')
    expect(told.stdout).toContain('approved by pr-bob (bob)')
    expect(told.status).toBe(0)
    file('bundle.json', evidence.text.replaceAll('pr-bob', 'pr-eve'))
    expect(run().status).toBe(1)
  })

  it('waits for a person the second time in a period, and says why', async () => {
    const { job, approval } = await renew()
    expect(job).toMatchObject({
      status: 'AwaitingApproval',
      grant: null,
      outside_grants: [
        { id: grant_id, detail: `it allows one renewal in P1D, and ${renewal_id} is that one` },
      ],
    })
    expect(approval).not.toBe(null)
    const shown = await as('bob').expect(grantView, 200, as('bob').get(`/grants/${grant_id}`))
    expect(shown).toMatchObject({ state: 'active', used: 1, remaining: 2, last_used_by: renewal_id })
  })

  it('is withdrawn at once by one person, and not by somebody who has no part in it', async () => {
    const refused = await as('dave').post(`/grants/${grant_id}/withdraw`, {})
    expect([refused.status, refused.json]).toMatchObject([403, { code: 'forbidden' }])
    const withdrawn = await as('bob').post(`/grants/${grant_id}/withdraw`, { note: 'no longer' })
    expect(withdrawn.status).toBe(200)
    const { job } = await renew()
    expect(job.outside_grants[0]?.detail).toContain('it was withdrawn by pr-bob')
    const listed = await as('alice').expect(
      z.array(grantView),
      200,
      as('alice').get(`/certificates/${certificate_id}/grants`),
    )
    expect(listed.map(({ id, state }) => [id, state])).toEqual([[grant_id, 'withdrawn']])
  })
})
