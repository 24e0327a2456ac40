import { expect, it } from 'vitest'
import { jobCompleted, requested } from '../../scripts/local/api.ts'
import { eventOf } from '../support/live-jobs.ts'
import { approve, issueGated } from '../support/live-requests.ts'
import { as } from '../support/stack.ts'

it('a certificate leaves its gated profile by two people, and is renewed under the other one by one', async () => {
  const { certificate_id } = await issueGated()
  const alice = as('alice')
  const path = `/certificates/${certificate_id}`
  const stale = await alice.post(`${path}/rebind`, { profile_id: 'p-dev-web', base_profile_id: 'p-dev-web' })
  expect(stale.status).toBe(409)
  const asked = await alice.expect(requested, 202, alice.post(`${path}/rebind`, { profile_id: 'p-dev-web' }))
  expect(asked.job.status).toBe('AwaitingApproval')
  await approve(asked.approval?.id ?? '')
  await jobCompleted(alice, asked.job.id)
  expect((await eventOf(asked.job.id, 'certificate_rebound')).resource).toBe(certificate_id)
  const renewal = await alice.expect(requested, 202, alice.post(`${path}/renew`, {}))
  expect([renewal.approval, renewal.job.profile_id]).toEqual([null, 'p-dev-web'])
  await jobCompleted(alice, renewal.job.id)
})
