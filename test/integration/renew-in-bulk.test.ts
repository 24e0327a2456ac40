import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { keys } from '../../lib/aws/table.ts'
import { batchedRenewalView, principalView, renewalPlanView } from '../../lib/http/views.ts'
import { openJob } from '../../lib/model/open-job.ts'
import { lineJobId } from '../../lib/model/renewal-batch.ts'
import { changed, eventually, jobCompleted, jobOver } from '../../scripts/local/api.ts'
import { commandsOf, runIn } from '../support/live-commands.ts'
import { eventsOf, fileOf, live, principalOf, typesOf, versionsOf, writeRow } from '../support/live-jobs.ts'
import { filesOf, verifyStrictly } from '../support/live-openssl.ts'
import { newApprover, newGatedProfile } from '../support/live-people.ts'
import { approve, issueGated, issueUngated, requestGated, suffix } from '../support/live-requests.ts'
import { as } from '../support/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-batch-'))
afterAll(() => rmSync(folder, { recursive: true }))

const alice = as('alice')

const kept = <T>(name: string, schema: z.ZodType<T>): T =>
  schema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')))

/** The commands of the page that are about many at once, and those with which an auditor proves a renewal. */
const [plan = '', list = '', ask = '', decide = '', watch = ''] =
  commandsOf('docs/operator/renewals.md').slice(1)
const prove = commandsOf('docs/operator/standing-grants.md')[5] ?? ''

describe('certificates renewed in bulk', () => {
  it('are planned, approved once by somebody else, renewed, and proven each by that approval: as the page says', async () => {
    const owner = `owner-${suffix()}`
    const gated = [await issueGated({ owner }), await issueGated({ owner })]
    const ids = [...gated, await issueUngated({ owner })]
      .map(({ certificate_id }) => certificate_id)
      .toSorted()
    const named = {
      'web-team@example.com': owner,
      '2027-06-01T00:00:00Z': new Date(Date.now() + 200 * 86_400_000).toISOString(),
    }
    await runIn(folder, plan, named)
    const { digest, ...shown } = kept('plan.json', renewalPlanView)
    expect(shown).toMatchObject({ matched: 3, renewable: 3, requires_approval: true, quorum: 1 })
    const planned = { '$(jq -r .digest plan.json)': digest ?? '' }
    const listed = await runIn(folder, list, planned)
    for (const id of ids) expect(listed).toContain(id)
    await runIn(folder, ask, planned)
    const { job, approval } = kept('batch.json', changed)
    const asked = {
      '$(jq -r .approval.id batch.json)': approval?.id ?? '',
      '$(jq -r .job.id batch.json)': job.id,
    }
    expect((await alice.post(`/approvals/${approval?.id}/approve`, {})).status).toBe(403)
    const decided = await runIn(folder, decide, asked)
    expect(decided).toContain(digest)
    expect(decided).toContain('renew 3 certificates with the names that they have')
    expect((await jobCompleted(alice, job.id)).progress).toEqual({ matched: 3, done: 3, changed: 3 })
    const lines = await alice.expect(z.array(batchedRenewalView), 200, alice.get(`/jobs/${job.id}/renewals`))
    expect(lines.map(({ certificate_id }) => certificate_id)).toEqual(ids)
    for (const { job_id } of lines) await jobCompleted(alice, job_id ?? '')
    expect((await runIn(folder, watch, asked)).match(/"Completed"/g)).toHaveLength(4)
    for (const id of ids) expect(await versionsOf(id)).toHaveLength(2)
    const [first = ''] = gated.map(({ certificate_id }) => certificate_id)
    expect(await verifyStrictly(await filesOf(first, folder))).toContain(': OK')
    const told = await runIn(folder, prove, { 'mc-shop': first })
    expect(told).toContain('of a batch')
    expect(told).toContain('approved by pr-bob (bob)')
    const through = (await eventsOf(job.id)).at(-1)
    await eventually('whoever asked was told', async () => {
      const since = `from=${through?.time}&limit=200`
      const recorded = await as('dave').get(`/audit?action=notification_recorded&${since}`)
      const found = recorded.text.includes(`"event":"${through?.id}"`)
      return found ? { found } : { seen: recorded.text.slice(-200) }
    })
  })

  it('are renewed once, whatever a writer of the table says: a line is spent by the signer', async () => {
    const owner = `owner-${suffix()}`
    const { certificate_id } = await issueGated({ owner })
    const selection = { owner }
    expect((await as('dave').post('/certificates/renew/plan', { selection })).status).toBe(403)
    const planned = alice.post('/certificates/renew/plan', { selection })
    const { digest } = await alice.expect(renewalPlanView, 200, planned)
    const asked = await alice.expect(changed, 202, alice.post('/certificates/renew', { plan: digest }))
    await approve(asked.approval?.id ?? '')
    await jobCompleted(alice, asked.job.id)
    const child = lineJobId({ job_id: asked.job.id, index: 0 })
    await jobCompleted(alice, child)
    const { content, job } = await fileOf(child)
    const id = `job-forged${suffix()}`.slice(0, 30)
    const requester = await principalOf('alice')
    const opening = { id, content, requester, owner: job.owner, reason: null, requirement: null }
    await live.jobs.commit(openJob(opening, [], new Date()))
    expect(await jobOver(alice, id)).toMatchObject({ status: 'Failed' })
    expect(typesOf(await eventsOf(id))).not.toContain('issuance_planned')
    expect(await versionsOf(certificate_id)).toHaveLength(2)
  })

  it('go on without one whose place somebody took, and say so', async () => {
    const owner = `owner-${suffix()}`
    const ids = [await issueGated({ owner }), await issueGated({ owner })].map((one) => one.certificate_id)
    const selection = { owner }
    const planned = alice.post('/certificates/renew/plan', { selection })
    const { digest } = await alice.expect(renewalPlanView, 200, planned)
    const asked = await alice.expect(changed, 202, alice.post('/certificates/renew', { plan: digest }))
    const job_id = asked.job.id
    // Whoever writes job rows knows the place of a line as soon as the batch waits for approval.
    await writeRow(keys.job(lineJobId({ job_id, index: 0 })))
    await approve(asked.approval?.id ?? '')
    expect((await jobCompleted(alice, job_id)).progress).toEqual({ matched: 2, done: 2, changed: 1 })
    const lines = await alice.expect(z.array(batchedRenewalView), 200, alice.get(`/jobs/${job_id}/renewals`))
    expect(lines.map(({ certificate_id }) => certificate_id)).toEqual(ids.toSorted())
    expect(lines[0]).toMatchObject({
      status: 'Skipped',
      detail: expect.stringContaining('there is something else in the place of its job'),
    })
  })

  it('are refused at once where nobody is left who could approve, with who is missing', async () => {
    const other = await newApprover()
    const eligible = { principals: ['pr-bob', other.id] }
    const profile_id = await newGatedProfile({ stages: [{ name: 'board', quorum: 1, eligible }] })
    const { certificate_id, approval_id, job_id } = await requestGated({ profile_id, owner: 'pr-bob' })
    expect((await other.api.post(`/approvals/${approval_id}/approve`, {})).status).toBe(200)
    await jobCompleted(alice, job_id)
    const planned = alice.post('/certificates/renew/plan', { selection: { ids: [certificate_id] } })
    const { digest } = await alice.expect(renewalPlanView, 200, planned)
    const { status, json } = await as('carol').get(`/principals/${other.id}`)
    expect(status).toBe(200)
    const { name, email, roles, teams } = principalView.parse(json)
    const change = { name, email, roles, teams, status: 'disabled' }
    expect((await as('carol').call('PUT', `/principals/${other.id}`, change)).status).toBe(200)
    const asked = await alice.post('/certificates/renew', { plan: digest })
    expect([asked.status, asked.json]).toMatchObject([422, { code: 'no_approver' }])
    expect(asked.text).toContain('pr-bob asks for it, owns it or brought a CSR of it, and does not count')
  })
})
