import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type Answer, changed, jobCompleted } from '../../scripts/local/api.ts'
import { invoke, sqsEvent } from '../support/live-functions.ts'
import { eventsOf, typesOf, versionsOf } from '../support/live-jobs.ts'
import {
  approve,
  csrFor,
  type Gated,
  issueGated,
  newHostName,
  requestGated,
  requestRenewal,
} from '../support/live-requests.ts'
import { executionEnded, executionOf, tokenOf, wasDispatched } from '../support/live-workflow.ts'
import { as } from '../support/stack.ts'

type Ending = {
  readonly ended: string
  readonly end: (asked: Gated) => Promise<Answer>
  readonly state: string
  readonly event: string
  readonly message: string
}

const endings: readonly Ending[] = [
  {
    ended: 'rejected',
    end: ({ approval_id }) => as('bob').post(`/approvals/${approval_id}/reject`, { note: 'not ours' }),
    state: 'rejected',
    event: 'approval_rejected',
    message: 'rejected: not ours',
  },
  {
    ended: 'withdrawn',
    end: ({ approval_id }) => as('alice').post(`/approvals/${approval_id}/withdraw`, {}),
    state: 'withdrawn',
    event: 'approval_withdrawn',
    message: 'withdrawn by requester',
  },
  {
    ended: 'cancelled',
    end: ({ job_id }) => as('alice').post(`/jobs/${job_id}/cancel`),
    state: 'withdrawn',
    event: 'job_cancelled',
    message: 'cancelled by pr-alice',
  },
]

const jobOf = (id: string) => as('alice').expect(changed.shape.job, 200, as('alice').get(`/jobs/${id}`))

const stateOf = async (id: string) =>
  (await as('bob').expect(z.object({ state: z.string() }), 200, as('bob').get(`/approvals/${id}`))).state

describe.each(endings.map((ending) => [ending.ended, ending] as const))(
  'a request that is %s',
  (_, { end, state, event, message }) => {
    it('is over: job, approval, event and execution say so', async () => {
      const asked = await requestGated()
      await tokenOf(asked.approval_id)
      expect((await end(asked)).status).toBe(200)
      expect(await jobOf(asked.job_id)).toMatchObject({ status: 'Cancelled', error_message: message })
      expect(await stateOf(asked.approval_id)).toBe(state)
      expect(typesOf(await eventsOf(asked.job_id)).at(-1)).toBe(event)
      expect(await executionEnded(asked.approval_id)).toBe('SUCCEEDED')
      expect(await wasDispatched(asked.approval_id)).toBe(false)
    })

    it('cannot be approved any more, and never issues, even when it is given to the signer', async () => {
      const asked = await requestGated()
      await end(asked)
      const late = await as('bob').post(`/approvals/${asked.approval_id}/approve`, {})
      expect(late.status).toBe(409)
      expect(late.json).toMatchObject({ code: 'approval_decided' })
      const message = { job_id: asked.job_id }
      expect(await invoke('worker-kms', sqsEvent(message))).toEqual({ batchItemFailures: [] })
      expect(await versionsOf(asked.certificate_id)).toEqual([])
      expect((await jobOf(asked.job_id)).status).toBe('Cancelled')
      expect(typesOf(await eventsOf(asked.job_id)).at(-1)).toBe(event)
    })

    it('leaves a certificate as it was, to be renewed later', async () => {
      const { certificate_id } = await issueGated()
      const before = (await as('alice').get(`/certificates/${certificate_id}`)).json
      const renewal = await requestRenewal(certificate_id)
      expect((await end(renewal)).status).toBe(200)
      expect((await as('alice').get(`/certificates/${certificate_id}`)).json).toEqual(before)
      const again = await requestRenewal(certificate_id)
      await approve(again.approval_id)
      await jobCompleted(as('alice'), again.job_id)
      expect((await versionsOf(certificate_id)).map(({ number }) => number)).toEqual([1, 2])
    })
  },
)

describe('a renewal', () => {
  it('without a body certifies the same key again, and waits for a second person like the first time', async () => {
    const { certificate_id } = await issueGated()
    const renewal = await requestRenewal(certificate_id)
    await tokenOf(renewal.approval_id)
    expect((await executionOf(renewal.approval_id))?.status).toBe('RUNNING')
    const own = await as('alice').post(`/approvals/${renewal.approval_id}/approve`, {})
    expect(own.status).toBe(403)
    await approve(renewal.approval_id)
    await jobCompleted(as('alice'), renewal.job_id)
    const [first, second, more] = await versionsOf(certificate_id)
    expect(more).toBe(undefined)
    expect(second?.csr).toBe(first?.csr)
    expect(second?.serial).not.toBe(first?.serial)
    expect(second?.job_id).toBe(renewal.job_id)
  })

  it('with a new CSR certifies its key and its names', async () => {
    const { certificate_id } = await issueGated()
    const name = newHostName()
    const renewal = await requestRenewal(certificate_id, { csr: csrFor(name, newHostName()) })
    const approval = await as('bob').get(`/approvals/${renewal.approval_id}`)
    expect(approval.text).toContain(name)
    await approve(renewal.approval_id)
    await jobCompleted(as('alice'), renewal.job_id)
    const [first, second] = await versionsOf(certificate_id)
    expect(second?.csr).not.toBe(first?.csr)
  })

  it('is refused for a certificate that was never issued', async () => {
    const { certificate_id } = await requestGated()
    const answer = await as('alice').post(`/certificates/${certificate_id}/renew`)
    expect(answer.status).toBe(409)
    expect(answer.json).toMatchObject({ code: 'certificate_not_renewable' })
  })
})
