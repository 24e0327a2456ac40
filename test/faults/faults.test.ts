import { describe, expect, it } from 'vitest'
import { eventually, jobCompleted } from '../../scripts/local/api.ts'
import {
  inConflict,
  internal,
  metOf,
  overCapacity,
  type Planted,
  slowDown,
  throttled,
  withFault,
} from '../support/live-faults.ts'
import { invoke } from '../support/live-functions.ts'
import { eventsOf, fileOf, send, typesOf, versionsOf } from '../support/live-jobs.ts'
import { statusUrl } from '../support/live-openssl.ts'
import { quickRedelivery, relayedAgain, timePasses } from '../support/live-redelivery.ts'
import { approve, type Gated, requestGated, requestUngated, type Ungated } from '../support/live-requests.ts'
import { executionEnded, executionOf } from '../support/live-workflow.ts'
import { as } from '../support/stack.ts'

/** Whatever happened on the way: one certificate, and each step on record once. */
const issuedOnce = async ({ job_id, certificate_id }: Ungated) => {
  await jobCompleted(as('alice'), job_id)
  expect(await versionsOf(certificate_id)).toHaveLength(1)
  const types = typesOf(await eventsOf(job_id))
  for (const once of ['certificate_requested', 'certificate_issued'] as const)
    expect(types.filter((type) => type === once)).toHaveLength(1)
}

const executionStarted = ({ approval_id }: Gated) =>
  eventually('an execution', async () => {
    const found = await executionOf(approval_id)
    return found === null ? { seen: 'none' } : { found }
  })

quickRedelivery('kms')

/** A call to the table, a queue or a workflow is made three times before it has failed. */
const tries = 3

const write = { function: 'worker-kms', action: 'dynamodb:PutItem' } as const
const sign = { function: 'worker-kms', action: 'kms:Sign' } as const

describe('a certificate is issued, and once,', () => {
  it.each<[string, Planted]>([
    ['the table turns the signer away', { ...write, times: 2, answer: overCapacity }],
    ['its transactions meet others', { ...write, times: 3, answer: inConflict }],
    ['the answer to a write is lost', { ...write, times: 1, answer: internal, carried_out: true }],
    ['KMS turns it away', { ...sign, times: 2, answer: throttled }],
    ['it was signed and the signature lost', { ...sign, times: 1, answer: internal, carried_out: true }],
    [
      'the table turns it away for a whole delivery',
      { function: 'worker-kms', action: 'dynamodb:Query', times: tries, answer: overCapacity },
    ],
    [
      'the queue turns the relay away',
      { function: 'relay', action: 'sqs:SendMessage', times: 2, answer: throttled },
    ],
  ])('although %s', async (_, fault) => {
    const met = await withFault(fault, async () => issuedOnce(await requestUngated()))
    expect(met).toBe(fault.times)
  })

  it.each<[string, Planted, number]>([
    // That costs no attempt: the job is as it was.
    ['KMS turned the signer away for as long as it tried', { ...sign, times: tries, answer: throttled }, 1],
    ['its transactions met others for as long as it tried', { ...write, times: 5, answer: inConflict }, 2],
  ])('once the lease of a worker is over, although %s', async (_, fault, attempts) => {
    const asked = await withFault(fault, async () => {
      const made = await requestUngated()
      await eventually('the fault met', async () => {
        const met = await metOf(fault)
        return met === fault.times ? { found: met } : { seen: String(met) }
      })
      return made
    })
    // What is delivered again now finds the job in the hands of a worker, or not at all: the sweep finds it.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await timePasses(asked.job_id)
    await issuedOnce(asked)
    expect((await fileOf(asked.job_id)).job.attempts).toBeLessThanOrEqual(attempts)
  })

  it('although its request was stored and the answer to the API lost', async () => {
    const fault = { function: 'api-submit', action: 'dynamodb:PutItem', times: 1 } as const
    const lost = { ...fault, containing: 'certificate_requested', answer: internal, carried_out: true }
    expect(await withFault(lost, async () => issuedOnce(await requestUngated()))).toBe(1)
  })

  it('although its message is delivered ten times at once', async () => {
    const asked = await requestUngated()
    await Promise.all(Array.from({ length: 10 }, () => send('kms', { job_id: asked.job_id })))
    await issuedOnce(asked)
  })

  it('although the whole shard of the stream is told again, forwards and backwards', async () => {
    const asked = await requestGated()
    await executionStarted(asked)
    await approve(asked.approval_id)
    await issuedOnce(asked)
    const before = await eventsOf(asked.job_id)
    const nothingFailed = { batchItemFailures: [] }
    expect(await invoke('relay', relayedAgain(before))).toEqual(nothingFailed)
    expect(await invoke('relay', relayedAgain(before.toReversed()))).toEqual(nothingFailed)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await issuedOnce(asked)
    expect(await executionEnded(asked.approval_id)).toBe('SUCCEEDED')
    expect(await eventsOf(asked.job_id)).toEqual(before)
  })
})

/*
 * The emulator takes a batch of a stream for done although the function names
 * records that failed. On AWS they are delivered again; here the test does it.
 */
describe('the relay', () => {
  it.each<[string, Planted]>([
    [
      'start a workflow',
      { function: 'relay', action: 'states:StartExecution', times: tries, answer: throttled },
    ],
    ['read the token', { function: 'relay', action: 'dynamodb:GetItem', times: tries, answer: overCapacity }],
    [
      'wake a workflow',
      { function: 'relay', action: 'states:SendTaskSuccess', times: tries, answer: throttled },
    ],
  ])('that cannot %s asks for its records again, and then it is as if nothing had been', async (_, fault) => {
    const asked = await requestGated()
    await executionStarted(asked)
    await approve(asked.approval_id)
    await issuedOnce(asked)
    const other = await withFault(fault, async () => {
      const gated = await requestGated()
      if (fault.action !== 'states:StartExecution') {
        await executionStarted(gated)
        await approve(gated.approval_id)
      }
      await eventually('the fault met', async () => {
        const met = await metOf(fault)
        return met === fault.times ? { found: met } : { seen: String(met) }
      })
      return gated
    })
    expect(await invoke('relay', relayedAgain(await eventsOf(other.job_id)))).toEqual({
      batchItemFailures: [],
    })
    await executionStarted(other)
    if (fault.action === 'states:StartExecution') await approve(other.approval_id)
    await issuedOnce(other)
  })

  it('names the record from which on it has to be told again', async () => {
    const asked = await requestGated()
    await executionStarted(asked)
    const events = await eventsOf(asked.job_id)
    const fault = {
      function: 'relay',
      action: 'states:StartExecution',
      times: tries,
      answer: throttled,
    } as const
    const answer = await withFault(fault, () => invoke('relay', relayedAgain(events)))
    const failed = events.findIndex(({ type }) => type === 'approval_requested')
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: String(failed) }] })
  })
})

describe('a list', () => {
  it('is published although S3 answers 503', async () => {
    const fault: Planted = {
      function: 'worker-publish-status',
      action: 's3:PutObject',
      times: 3,
      answer: slowDown,
    }
    const tag = async () => (await fetch(statusUrl('crl', 'iss-web'))).headers.get('etag')
    const before = await tag()
    const met = await withFault(fault, async () => {
      const asked = await requestUngated()
      await jobCompleted(as('alice'), asked.job_id)
      const revocation = as('alice').post(`/certificates/${asked.certificate_id}/revoke`, {
        reason: 'superseded',
      })
      expect((await revocation).status).toBe(202)
      await eventually('another list', async () => {
        const now = await tag()
        return now === before ? { seen: String(now) } : { found: now }
      })
      return metOf(fault)
    })
    expect(met).toBe(3)
  })
})
