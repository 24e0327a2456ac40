import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { jobOver } from '../../scripts/local/api.ts'
import { invoke, sqsEvent } from '../support/live-functions.ts'
import { eventOf, eventsOf, fileOf, requestAt, typesOf, versionsOf } from '../support/live-jobs.ts'
import type { Gated } from '../support/live-requests.ts'
import { executionEnded, tokenOf, wasDispatched } from '../support/live-workflow.ts'
import { as } from '../support/stack.ts'

const week = 7 * 86_400_000

/** A request under the gated profile whose deadline comes in so many milliseconds. */
const dueIn = (milliseconds: number): Promise<Gated> => requestAt(new Date(Date.now() - week + milliseconds))

describe('an approval past its deadline', () => {
  it('is expired by the schedule: job, event and execution say so', async () => {
    const { approval_id, job_id, certificate_id } = await dueIn(1500)
    await tokenOf(approval_id)
    const { job } = await fileOf(job_id)
    await pause(Math.max(0, new Date(job.approval?.expires_at ?? 0).getTime() - Date.now() + 1))
    await invoke('schedule-tend')
    const over = await jobOver(as('alice'), job_id)
    expect(over).toMatchObject({ status: 'Cancelled', error_message: 'approval expired' })
    const expired = await eventOf(job_id, 'approval_expired')
    expect(expired).toMatchObject({ actor: 'system-reaper', actor_type: 'System' })
    expect(await executionEnded(approval_id)).toBe('SUCCEEDED')
    expect(await wasDispatched(approval_id)).toBe(false)
    expect(await versionsOf(certificate_id)).toEqual([])
  })

  it('can be neither approved nor rejected, also when no sweep has run', async () => {
    for (const [verdict, body] of [
      ['approve', {}],
      ['reject', { note: 'too late' }],
    ] as const) {
      const { approval_id, job_id, certificate_id } = await dueIn(-1000)
      const answer = await as('bob').post(`/approvals/${approval_id}/${verdict}`, body)
      expect(answer.status).toBe(409)
      const swept = typesOf(await eventsOf(job_id)).includes('approval_expired')
      expect(answer.json).toMatchObject({
        // The schedule runs every minute, and may have come just now.
        code: swept ? expect.stringMatching(/^approval_(expired|decided)$/) : 'approval_expired',
      })
      expect(await invoke('worker-kms', sqsEvent({ job_id }))).toEqual({ batchItemFailures: [] })
      expect(await versionsOf(certificate_id)).toEqual([])
    }
  })

  it('is expired once, however often the schedule runs', async () => {
    const { job_id } = await dueIn(-1000)
    await Promise.all(Array.from({ length: 5 }, () => invoke('schedule-tend')))
    await invoke('schedule-tend')
    await jobOver(as('alice'), job_id)
    const types = typesOf(await eventsOf(job_id))
    expect(types).toEqual(['certificate_requested', 'approval_requested', 'approval_expired'])
  })

  it('says so in the list of approvals', async () => {
    const { approval_id, job_id } = await dueIn(-1000)
    await invoke('schedule-tend')
    await jobOver(as('alice'), job_id)
    const shown = await as('bob').get(`/approvals/${approval_id}`)
    expect(shown.json).toMatchObject({ state: 'expired', decisions: [], missing: [] })
  })
})
