import { describe, expect, it } from 'vitest'
import { csrFor, makeFurnishedWorld } from '../../support/world.ts'

describe('issuing', () => {
  it('issues what somebody else approved, each step with its event', async () => {
    const world = await makeFurnishedWorld()
    const body = { profile_id: 'p-prod-web', csr: csrFor('www.example.com') }
    const asked = await world.call('alice', 'requestCertificate', { body })
    expect(asked.status).toBe(202)
    expect(asked.body.job.status).toBe('AwaitingApproval')
    await world.drain()
    await world.call('bob', 'approve', { id: asked.body.approval.id, body: { note: 'ok' } })
    await world.drain()
    const { job, events } = await world.jobOf(asked.body.job.id)
    expect(job.error_message).toBe(null)
    expect(job.status).toBe('Completed')
    expect(events.map(({ type }) => type)).toEqual([
      'certificate_requested',
      'approval_requested',
      'approval_approved',
      'issuance_planned',
      'certificate_issued',
    ])
  })
})
