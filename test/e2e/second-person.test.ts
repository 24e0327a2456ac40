import { describe, expect, it } from 'vitest'
import { items, keys } from '../../lib/aws/table.ts'
import { newApiKey } from '../../lib/model/api-key.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { principal } from '../../lib/model/principal.ts'
import { apiFor, changed, jobCompleted } from '../../scripts/local/api.ts'
import { eventOf, fileOf, live, versionsOf, writeRow } from '../support/live-jobs.ts'
import { newApprover } from '../support/live-people.ts'
import { approve, random, requestGated, suffix } from '../support/live-requests.ts'
import { as, stack } from '../support/stack.ts'

const asked = async (path: string, body: object): Promise<string> => {
  const carol = as('carol')
  const { job, approval } = await carol.expect(changed, 202, carol.post(path, body))
  await approve(approval?.id ?? '')
  await jobCompleted(carol, job.id)
  return job.id
}

describe('An approver', () => {
  it('is made by an admin and an approver together, with a key whose secret only they know', async () => {
    const id = `pr-${suffix()}`
    const secret = Buffer.from(random(32)).toString('base64url')
    await asked('/principals', { id, kind: 'person', name: id, roles: ['approver'] })
    const job_id = await asked(`/principals/${id}/api-keys`, { secret_sha256: sha256(secret) })
    const { content } = await fileOf(job_id)
    const key_id = 'key' in content && typeof content.key !== 'string' ? content.key.id : ''
    const approver = apiFor(stack.api_url, `cs_${key_id}_${secret}`)
    const gated = await requestGated()
    await approve(gated.approval_id, approver)
    await jobCompleted(as('alice'), gated.job_id)
    expect(await versionsOf(gated.certificate_id)).toHaveLength(1)
  })

  it('who was written into the table by hand signs nothing', async () => {
    const id = `pr-${suffix()}`
    const created_at = new Date().toISOString()
    const about = { kind: 'person', name: id, email: null, roles: ['approver'], status: 'active' }
    const who = principal.parse({ ...about, id, version: 1, created_at, granted_by: 'bootstrap' })
    const { key, token } = newApiKey(who, random, created_at, null)
    await writeRow(items.principal(who))
    await writeRow(items.apiKey({ ...key, granted_by: 'bootstrap' }))
    const gated = await requestGated()
    await approve(gated.approval_id, apiFor(stack.api_url, token))
    const refused = await eventOf(gated.job_id, 'signing_refused')
    expect(refused.details.reason).toContain(`${id} is no such founder of this deployment`)
    expect(await versionsOf(gated.certificate_id)).toEqual([])
    expect(await live.founders.get(id)).toBe(null)
  })

  it('whose role an admin took away signs nothing, though somebody writes the role back into the table', async () => {
    const approver = await newApprover()
    const before = await live.principals.get(approver.id)
    if (before === null) throw new Error('no approver')
    const { name, email, teams, status } = before.principal
    const carol = as('carol')
    const taken = await carol.call('PUT', `/principals/${approver.id}`, {
      name,
      email,
      teams,
      status,
      roles: [],
    })
    expect(taken.status).toBe(200)
    const [ending, ...others] = await live.founders.endings(approver.id)
    expect([ending, others]).toEqual([
      { principal_id: approver.id, granted_by: 'bootstrap', what: 'approver', time: expect.any(String) },
      [],
    ])
    // As if the minute were over that whoever was deciding at that moment has.
    const time = new Date().toISOString()
    await writeRow(
      keys.ending({ principal_id: approver.id, granted_by: 'bootstrap', what: 'approver', time }),
    )
    await writeRow(items.principal({ ...before.principal, version: 3 }))
    const gated = await requestGated()
    await approve(gated.approval_id, approver.api)
    const refused = await eventOf(gated.job_id, 'signing_refused')
    expect(refused.details.reason).toContain(`${approver.id} was no such approver any more`)
    expect(await versionsOf(gated.certificate_id)).toEqual([])
  })
})
