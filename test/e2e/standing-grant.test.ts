import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { grantView } from '../../lib/http/views.ts'
import { jobCompleted, requested } from '../../scripts/local/api.ts'
import { commandsOf, runIn } from '../support/live-commands.ts'
import { eventsOf, typesOf } from '../support/live-jobs.ts'
import { filesOf, verifyStrictly } from '../support/live-openssl.ts'
import { issueGated } from '../support/live-requests.ts'
import { as } from '../support/stack.ts'

const asked = requested.extend({ grant_id: z.string() })
const renewed = requested.extend({
  job: requested.shape.job.extend({
    grant: z.object({ id: z.string(), number: z.int() }).nullable(),
    outside_grants: z.array(z.object({ id: z.string(), detail: z.string() })),
  }),
})

/** Every command of the page is run, in its order. */
const [ask = '', decide = '', show = '', renewOnce = '', withdraw = '', prove = '', audit = ''] = commandsOf(
  'docs/operator/standing-grants.md',
)

describe('a certificate with a standing grant, by the commands of its page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-grant-'))
  let certificate_id: string
  let grant_id: string
  let approval_id: string
  let renewal_id: string

  const run = (command: string) =>
    runIn(folder, command, {
      'mc-shop': certificate_id,
      '2027-03-01T00:00:00Z': new Date(Date.now() + 200 * 86_400_000).toISOString(),
      '$(jq -r .approval.id grant.json)': approval_id,
      '$(jq -r .grant_id grant.json)': grant_id,
    })
  const renew = () =>
    as('alice').expect(renewed, 202, as('alice').post(`/certificates/${certificate_id}/renew`, {}))
  const shown = () => as('bob').expect(grantView, 200, as('bob').get(`/grants/${grant_id}`))

  beforeAll(async () => {
    certificate_id = (await issueGated()).certificate_id
    await run(ask)
    const made = asked.parse(JSON.parse(readFileSync(join(folder, 'grant.json'), 'utf8')))
    grant_id = made.grant_id
    approval_id = made.approval?.id ?? ''
    expect(await run(decide)).toContain('be renewed 12 times without further approval, once in P20D at most')
    await jobCompleted(as('alice'), made.job.id)
    expect(await run(show)).toContain(grant_id)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('is renewed without a person, once of ten times at once, and OpenSSL takes what comes', async () => {
    const asks = Array.from({ length: 10 }, () =>
      as('alice').post(`/certificates/${certificate_id}/renew`, {}),
    )
    const answers = await Promise.all(asks)
    const taken = answers.filter(({ status }) => status === 202).map(({ json }) => renewed.parse(json))
    const placed = taken.filter(({ job }) => job.status === 'Pending')
    expect(placed).toMatchObject([{ approval: null, job: { grant: { id: grant_id, number: 1 } } }])
    // A certificate has one open renewal: the others are told of it, unless it was through before they came.
    const late = taken.filter(({ job }) => job.status === 'AwaitingApproval')
    expect(late.length).toBe(taken.length - 1)
    for (const { job } of late) await as('alice').post(`/jobs/${job.id}/cancel`, {})
    for (const { status, json } of answers)
      if (status !== 202) expect([status, json]).toMatchObject([409, { code: 'conflict' }])
    renewal_id = placed[0]?.job.id ?? ''
    await jobCompleted(as('alice'), renewal_id)
    expect(typesOf(await eventsOf(renewal_id))).toEqual([
      'renewal_requested',
      'grant_consumed',
      'issuance_planned',
      'certificate_issued',
    ])
    const files = await filesOf(certificate_id, folder)
    expect(await verifyStrictly(files)).toContain(`${files.leaf}: OK`)
  })

  it('proves offline which people approved that', async () => {
    const told = await run(prove)
    expect(told).toContain('as number 1 under a standing grant')
    expect(told).toContain('approved by pr-bob (bob)')
    const bundle = join(folder, 'bundle.json')
    writeFileSync(bundle, readFileSync(bundle, 'utf8').replaceAll('pr-bob', 'pr-eve'))
    const args = ['scripts/verify-receipt.ts', bundle, '--jwks', join(folder, 'jwks.json')]
    expect(spawnSync(process.execPath, args, { env: {} }).status).toBe(1)
    expect(await run(audit)).toContain(grant_id)
  })

  it('waits for a person the second time in a period, and says why', async () => {
    const said = await run(renewOnce)
    expect(said).toContain('AwaitingApproval')
    expect(said).toContain(`it allows one renewal in P20D, and ${renewal_id} is that one`)
    expect(await shown()).toMatchObject({ state: 'active', used: 1, remaining: 11, last_used_by: renewal_id })
  })

  it('is withdrawn at once by one person, and not by somebody who has no part in it', async () => {
    const refused = await as('dave').post(`/grants/${grant_id}/withdraw`, {})
    expect([refused.status, refused.json]).toMatchObject([403, { code: 'forbidden' }])
    expect(await run(withdraw)).toContain('Completed')
    // What waits for approval is open: it makes way first.
    const open = z
      .object({ job_id: z.string() })
      .parse((await as('bob').get(`/certificates/${certificate_id}/renewal`)).json)
    expect((await as('alice').post(`/jobs/${open.job_id}/cancel`, {})).status).toBe(200)
    expect((await renew()).job.outside_grants[0]?.detail).toContain('it was withdrawn by pr-bob')
    expect(await shown()).toMatchObject({ state: 'withdrawn', withdrawn_by: 'pr-bob' })
  })
})
