import { describe, expect, it } from 'vitest'
import { eventually, jobCompleted } from '../../scripts/local/api.ts'
import { inConflict, internal, overCapacity, slowDown, throttled, withFault } from '../support/live-faults.ts'
import { invoke } from '../support/live-functions.ts'
import { eventsOf, send, typesOf, versionsOf } from '../support/live-jobs.ts'
import { statusUrl } from '../support/live-openssl.ts'
import { quickRedelivery, relayedAgain } from '../support/live-redelivery.ts'
import { approve, requestGated, requestUngated, type Ungated } from '../support/live-requests.ts'
import { executionEnded, executionOf } from '../support/live-workflow.ts'
import { as } from '../support/stack.ts'

/** Whatever happened on the way: one certificate, and each step on record once. */
const issuedOnce = async ({ job_id, certificate_id }: Ungated) => {
  await jobCompleted(as('alice'), job_id)
  expect(await versionsOf(certificate_id)).toHaveLength(1)
  const types = typesOf(await eventsOf(job_id))
  for (const once of ['certificate_requested', 'certificate_issued'] as const)
    expect(types.filter((type) => type === once)).toHaveLength(1)
  return types
}

const worker = { function: 'worker-kms', action: 'dynamodb:PutItem' } as const

quickRedelivery('kms', 'apply', 'status')

describe('a certificate is issued, and once,', () => {
  it.each([
    ['the table turns the signer away twice', { ...worker, times: 2, answer: overCapacity }],
    ['its transactions meet others five times', { ...worker, times: 5, answer: inConflict }],
    [
      'its transactions meet others for as long as the signer tries',
      { ...worker, times: 7, answer: inConflict },
    ],
    ['the answer to a write is lost', { ...worker, times: 1, answer: internal, carried_out: true }],
    ['KMS turns it away twice', { function: 'worker-kms', action: 'kms:Sign', times: 2, answer: throttled }],
    [
      'KMS turns it away for as long as it tries',
      { function: 'worker-kms', action: 'kms:Sign', times: 4, answer: throttled },
    ],
    [
      'the signature is made and its answer lost',
      { function: 'worker-kms', action: 'kms:Sign', times: 1, answer: internal, carried_out: true },
    ],
    [
      'the queue turns the relay away',
      { function: 'relay', action: 'sqs:SendMessage', times: 4, answer: throttled },
    ],
    [
      'a read fails where the mandate is earned',
      { function: 'worker-kms', action: 'dynamodb:Query', times: 4, answer: overCapacity },
    ],
  ] as const)('when %s', async (_, fault) => {
    const met = await withFault(fault, async () => {
      await issuedOnce(await requestUngated())
    })
    expect(met).toBe(fault.times)
  })

  it('when the request was stored and the answer to the API lost: the client asks again with its key', async () => {
    const fault = {
      function: 'api-submit',
      action: 'dynamodb:PutItem',
      containing: 'certificate_requested',
      times: 1,
    } as const
    const met = await withFault({ ...fault, answer: internal, carried_out: true }, async () => {
      await issuedOnce(await requestUngated())
    })
    expect(met).toBe(1)
  })

  it('when its message is delivered ten times at once', async () => {
    const asked = await requestUngated()
    await Promise.all(Array.from({ length: 10 }, () => send('kms', { job_id: asked.job_id })))
    await issuedOnce(asked)
  })

  it('when the whole shard of the stream is told again', async () => {
    const asked = await requestGated()
    await eventually('an execution', async () => {
      const found = await executionOf(asked.approval_id)
      return found === null ? { seen: 'none' } : { found }
    })
    await approve(asked.approval_id)
    await issuedOnce(asked)
    const before = await eventsOf(asked.job_id)
    expect(await invoke('relay', relayedAgain(before))).toEqual({ batchItemFailures: [] })
    expect(await invoke('relay', relayedAgain([...before].reverse()))).toEqual({ batchItemFailures: [] })
    await new Promise((resolve) => setTimeout(resolve, 2000))
    await issuedOnce(asked)
    expect(await executionEnded(asked.approval_id)).toBe('SUCCEEDED')
    expect(await eventsOf(asked.job_id)).toEqual(before)
  })
})

describe('a gated request', () => {
  it('waits in an execution although its start was throttled, and is issued once approved', async () => {
    const fault = { function: 'relay', action: 'states:StartExecution', times: 4, answer: throttled } as const
    const met = await withFault(fault, async () => {
      const asked = await requestGated()
      await eventually('an execution', async () => {
        const found = await executionOf(asked.approval_id)
        return found === null ? { seen: 'none' } : { found }
      })
      await approve(asked.approval_id)
      await issuedOnce(asked)
    })
    expect(met).toBe(4)
  })

  it('is resumed although waking it was throttled', async () => {
    const fault = {
      function: 'relay',
      action: 'states:SendTaskSuccess',
      times: 4,
      answer: throttled,
    } as const
    const met = await withFault(fault, async () => {
      const asked = await requestGated()
      await approve(asked.approval_id)
      await issuedOnce(asked)
    })
    expect(met).toBe(4)
  })
})

describe('a list', () => {
  it('is published although S3 answers 503', async () => {
    const fault = {
      function: 'worker-publish-status',
      action: 's3:PutObject',
      times: 3,
      answer: slowDown,
    } as const
    const numberOf = async () => (await fetch(statusUrl('crl', 'iss-web'))).headers.get('etag')
    const before = await numberOf()
    const met = await withFault(fault, async () => {
      const asked = await requestUngated()
      await jobCompleted(as('alice'), asked.job_id)
      const revoked = await as('alice').post(`/certificates/${asked.certificate_id}/revoke`, {
        reason: 'superseded',
      })
      expect(revoked.status).toBe(202)
      await eventually('another list', async () => {
        const now = await numberOf()
        return now === before ? { seen: String(now) } : { found: now }
      })
    })
    expect(met).toBe(3)
  })
})
