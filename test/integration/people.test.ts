import { describe, expect, it } from 'vitest'
import { receiptVerifier } from '../../lib/flows/receipts.ts'
import { verifyEvidence } from '../../lib/flows/verify-evidence.ts'
import { evidenceBundle } from '../../lib/model/evidence.ts'
import { jobCompleted } from '../../scripts/local/api.ts'
import { invoke } from '../support/live-functions.ts'
import { eventOf, eventsOf, receiptPorts, requestAt, typesOf, versionsOf } from '../support/live-jobs.ts'
import { newApprover, newGatedProfile, newRequester } from '../support/live-people.ts'
import { csrFor, newHostName, requestGated, suffix } from '../support/live-requests.ts'
import { executionEnded, executionOf, tokenOf } from '../support/live-workflow.ts'
import { as } from '../support/stack.ts'

const day = 86_400_000

describe('a certificate of a team, with a ticket, approved by the team and in the place of somebody', () => {
  it('is asked for with both, decided by those two, shown by its execution, and proven offline', async () => {
    const team = `team-${suffix()}`
    const [requester, member, chief, deputy] = await Promise.all([
      newRequester(team),
      newApprover(team),
      newApprover(),
      newApprover(),
    ])
    const profile_id = await newGatedProfile({
      stages: [
        { name: 'owners', quorum: 1, eligible: { owner_team: true } },
        { name: 'security', quorum: 1, eligible: { principals: [chief.id] } },
      ],
      order: 'ordered',
      ticket_required: true,
    })
    const body = { profile_id, csr: csrFor(newHostName()), team }
    const without = await requester.api.post('/certificates', body)
    expect([without.status, without.json]).toMatchObject([400, { violations: [{ pointer: '/ticket' }] }])
    const elsewhere = { ...body, team: 'elsewhere', ticket: 'SECOPS-12345' }
    expect((await requester.api.post('/certificates', elsewhere)).status).toBe(403)
    const asked = { profile_id, team, ticket: 'SECOPS-12345' }
    const { job_id, approval_id, certificate_id } = await requestGated(asked, requester.api)

    const approve = (api: typeof member.api, word: object = {}) =>
      api.post(`/approvals/${approval_id}/approve`, word)
    expect((await approve(deputy.api, { for: chief.id })).status).toBe(403)
    const until = new Date(Date.now() + day).toISOString()
    const given = await chief.api.post(`/principals/${chief.id}/delegations`, {
      delegate_id: deputy.id,
      until,
    })
    expect(given.status).toBe(201)
    expect((await approve(deputy.api, { for: chief.id })).json).toMatchObject({ code: 'forbidden' })
    expect((await approve(member.api)).status).toBe(200)
    expect((await approve(member.api, { stage: 'security' })).status).toBe(200)
    const last = await approve(deputy.api, { for: chief.id })
    expect(last.json).toMatchObject({ state: 'approved', ticket: 'SECOPS-12345' })
    expect((await approve(chief.api)).json).toMatchObject({ code: 'approval_decided' })

    await jobCompleted(as('alice'), job_id)
    expect(await executionEnded(approval_id)).toBe('SUCCEEDED')
    const execution = await executionOf(approval_id)
    expect(JSON.parse(execution?.input ?? '{}')).toMatchObject({
      ticket: 'SECOPS-12345',
      stages: [{ name: 'owners', quorum: 1, eligible: { teams: [team] } }, { name: 'security' }],
      expires_at: expect.any(String),
    })
    expect(JSON.parse(execution?.output ?? '{}')).toMatchObject({
      state: 'approved',
      votes: [
        { by: member.id, stage: 'owners' },
        { by: deputy.id, for: chief.id, stage: 'security' },
      ],
    })
    const { receiptKeys, environment } = await receiptPorts()
    const shown = await as('dave').get(`/certificates/${certificate_id}/versions/1/evidence`)
    const bundle = evidenceBundle.parse(shown.json)
    expect(verifyEvidence(bundle, receiptVerifier(await receiptKeys(), environment))).toEqual([])
  })
})

describe('an approval that nobody decides', () => {
  it('is reminded of and escalated once each, by however many sweeps; then others may decide', async () => {
    const [named, added] = await Promise.all([newApprover(), newApprover()])
    const profile_id = await newGatedProfile({
      stages: [{ name: 'named', quorum: 1, eligible: { principals: [named.id] } }],
      remind_after: ['P1D', 'P3D'],
      escalate_after: 'P2D',
      escalate_to: { principals: [added.id] },
    })
    const { job_id, approval_id, certificate_id } = await requestAt(
      new Date(Date.now() - 2.5 * day),
      profile_id,
    )
    await tokenOf(approval_id)
    await Promise.all(Array.from({ length: 4 }, () => invoke('schedule-tend')))
    await Promise.all(Array.from({ length: 4 }, () => invoke('schedule-tend')))
    await eventOf(job_id, 'approval_reminded')
    const escalated = await eventOf(job_id, 'approval_escalated')
    expect(escalated).toMatchObject({ actor: 'system-reaper', details: { to: { principals: [added.id] } } })
    expect(typesOf(await eventsOf(job_id)).toSorted()).toEqual([
      'approval_escalated',
      'approval_reminded',
      'approval_requested',
      'certificate_requested',
    ])
    expect((await added.api.post(`/approvals/${approval_id}/approve`, {})).status).toBe(200)
    await jobCompleted(as('alice'), job_id)
    expect(await versionsOf(certificate_id)).toHaveLength(1)
  })
})
