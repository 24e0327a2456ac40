import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { batchedRenewalView, renewalPlanView } from '../../lib/http/views.ts'
import { openJob } from '../../lib/model/open-job.ts'
import { lineJobId } from '../../lib/model/renewal-batch.ts'
import { changed, jobCompleted, jobOver } from '../../scripts/local/api.ts'
import { eventsOf, fileOf, live, principalOf, typesOf, versionsOf } from '../support/live-jobs.ts'
import { filesOf, verifyStrictly } from '../support/live-openssl.ts'
import { approve, issueGated, issueUngated, suffix } from '../support/live-requests.ts'
import { as, stack } from '../support/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-batch-'))
afterAll(() => rmSync(folder, { recursive: true }))

const alice = as('alice')

const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** What an auditor is told of a version, offline and without credentials. */
const toldOf = async (certificate_id: string): Promise<string> => {
  const jwks = await (await fetch(`${stack.api_url}/.well-known/countersign/jwks.json`)).text()
  const { text } = await as('dave').get(`/certificates/${certificate_id}/versions/2/evidence`)
  const args = [written('bundle.json', text), '--jwks', written('jwks.json', jwks)]
  const { stdout, status } = spawnSync(process.execPath, ['scripts/verify-receipt.ts', ...args], {
    encoding: 'utf8',
    env: {},
  })
  expect(status).toBe(0)
  return stdout
}

const plan = (selection: object) =>
  alice.expect(renewalPlanView, 200, alice.post('/certificates/renew/plan', { selection }))

describe('certificates renewed in bulk', () => {
  it('are planned, approved once by somebody else, renewed, and proven each by that approval', async () => {
    const owner = `owner-${suffix()}`
    const gated = [await issueGated({ owner }), await issueGated({ owner })]
    const ids = [...gated, await issueUngated({ owner })]
      .map(({ certificate_id }) => certificate_id)
      .toSorted()
    expect((await as('dave').post('/certificates/renew/plan', { selection: { owner } })).status).toBe(403)
    const { digest, ...shown } = await plan({ owner })
    expect(shown).toMatchObject({ matched: 3, renewable: 3, requires_approval: true })
    const listed = await as('bob').get(`/certificates/renew/plan/${digest}`)
    expect(listed.json).toMatchObject(ids.map((certificate_id) => ({ certificate_id, replaces: 1 })))
    const asked = await alice.expect(
      changed,
      202,
      alice.post('/certificates/renew', { plan: digest, reason: 'before the freeze' }),
    )
    const approval_id = asked.approval?.id ?? ''
    const approval = await as('bob').get(`/approvals/${approval_id}`)
    expect(approval.json).toMatchObject({ digest, content: { count: 3, lines: listed.json } })
    expect((await alice.post(`/approvals/${approval_id}/approve`, {})).status).toBe(403)
    await approve(approval_id)
    const { progress } = await jobCompleted(alice, asked.job.id)
    expect(progress).toEqual({ matched: 3, done: 3, changed: 3 })
    const lines = await alice.expect(
      z.array(batchedRenewalView),
      200,
      alice.get(`/jobs/${asked.job.id}/renewals`),
    )
    expect(lines.map(({ certificate_id }) => certificate_id)).toEqual(ids)
    for (const { job_id } of lines) await jobCompleted(alice, job_id ?? '')
    for (const id of ids) expect(await versionsOf(id)).toHaveLength(2)
    const [first = ''] = gated.map(({ certificate_id }) => certificate_id)
    expect(await verifyStrictly(await filesOf(first, folder))).toContain(': OK')
    const told = await toldOf(first)
    expect(told).toContain('of a batch')
    expect(told).toContain('approved by pr-bob (bob)')
    expect((await plan({ owner })).renewable).toBe(3)
  })

  it('are renewed once, whatever a writer of the table says: a line is spent by the signer', async () => {
    const owner = `owner-${suffix()}`
    const { certificate_id } = await issueGated({ owner })
    const { digest } = await plan({ owner })
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
})
