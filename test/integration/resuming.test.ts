import { describe, expect, it } from 'vitest'
import { decideApproval } from '../../lib/flows/decide-job.ts'
import { eventually, jobCompleted } from '../../scripts/local/api.ts'
import { linesOf, logGroupOf } from '../support/live-functions.ts'
import {
  deleteToken,
  live,
  principalOf,
  receiptPorts,
  requestAt,
  versionsOf,
  writeToken,
} from '../support/live-jobs.ts'
import { approve, requestGated } from '../support/live-requests.ts'
import { executionEnded, executionOf, parkedToken, statesOf, tokenOf } from '../support/live-workflow.ts'
import { as } from '../support/stack.ts'

const approvedStates = ['Wait for a decision', 'Release']

/** Until the relay has tried to wake the execution of an approval. */
const followed = (approval_id: string) =>
  eventually(`the relay to follow the decision on ${approval_id}`, async () => {
    const lines = await linesOf(logGroupOf('relay'))
    const found = lines.some((line) => line.includes('resume_workflow') && line.includes(approval_id))
    return found ? { found } : { seen: 'nothing' }
  })

describe('a decision and its execution', () => {
  it('meet when the decision comes before the token is parked', async () => {
    const { approval_id, job_id, certificate_id } = await requestGated()
    const token = await tokenOf(approval_id)
    await deleteToken(approval_id)
    await approve(approval_id)
    await followed(approval_id)
    expect((await executionOf(approval_id))?.status).toBe('RUNNING')
    expect(await versionsOf(certificate_id)).toEqual([])

    await writeToken(approval_id, token)
    await jobCompleted(as('alice'), job_id)
    expect(await executionEnded(approval_id)).toBe('SUCCEEDED')
    expect(await statesOf(approval_id)).toEqual(approvedStates)
    expect(await versionsOf(certificate_id)).toHaveLength(1)
  })

  it('meet when the decision comes before the execution is started', async () => {
    const deps = { ...live, ...(await receiptPorts()) }
    const bob = await principalOf('bob')
    const { approval_id, job_id, certificate_id } = await requestAt(new Date())
    await decideApproval(deps, bob, approval_id, { verdict: 'approve', note: null })
    await jobCompleted(as('alice'), job_id)
    expect(await executionEnded(approval_id)).toBe('SUCCEEDED')
    expect(await statesOf(approval_id)).toEqual(approvedStates)
    expect(await versionsOf(certificate_id)).toHaveLength(1)
  })

  it('meet once: a token that is parked again wakes nothing and is dropped', async () => {
    const { approval_id, job_id, certificate_id } = await requestGated()
    const token = await tokenOf(approval_id)
    await approve(approval_id)
    await jobCompleted(as('alice'), job_id)
    await executionEnded(approval_id)

    await writeToken(approval_id, token)
    await eventually('the token dropped', async () =>
      (await parkedToken(approval_id)) === null ? { found: true } : { seen: 'a token' },
    )
    expect(await statesOf(approval_id)).toEqual(approvedStates)
    expect(await versionsOf(certificate_id)).toHaveLength(1)
  })

  it('are all over when the job was cancelled before its execution was started', async () => {
    const asked = await requestAt(new Date())
    const cancelled = await as('alice').post(`/jobs/${asked.job_id}/cancel`)
    expect(cancelled.status).toBe(200)
    await followed(asked.approval_id)
    const execution = await executionOf(asked.approval_id)
    if (execution !== null) expect(await executionEnded(asked.approval_id)).toBe('SUCCEEDED')
    expect(await versionsOf(asked.certificate_id)).toEqual([])
  })
})
