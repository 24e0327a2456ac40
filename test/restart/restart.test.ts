import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../../lib/model/event.ts'
import { changed, eventually, jobCompleted } from '../../scripts/local/api.ts'
import { openssl } from '../../scripts/local/openssl.ts'
import { proofOf, proven } from '../support/live-evidence.ts'
import { metOf, type Planted, plant, pullUp, restartEmulator, throttled } from '../support/live-faults.ts'
import { invoke } from '../support/live-functions.ts'
import { eventsOf, fileOf, send, typesOf, versionsOf } from '../support/live-jobs.ts'
import { listed, publishedNumber } from '../support/live-lists.ts'
import { type Files, filesOf, statusUrl } from '../support/live-openssl.ts'
import { redeliveryAfter, timePasses } from '../support/live-redelivery.ts'
import {
  approve,
  issueGated,
  issueUngated,
  requestGated,
  requestUngated,
  type Ungated,
} from '../support/live-requests.ts'
import { executionOf, tokenOf } from '../support/live-workflow.ts'
import { as } from '../support/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-restart-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const always = Number.MAX_SAFE_INTEGER

/** Longer than the emulator takes to end: whoever waits for the answer is killed while waiting. */
const held = { times: always, hold_ms: 30_000 } as const

/** Where each job is stopped, as a fault that holds it there. */
const faults = {
  undispatched: { function: 'relay', action: 'sqs:SendMessage', times: always, answer: throttled },
  unwoken: { function: 'relay', action: 'states:SendTaskSuccess', times: always, answer: throttled },
  unsigned: { function: 'worker-kms', action: 'kms:Sign', ...held },
  unrecorded: {
    function: 'worker-kms',
    action: 'dynamodb:PutItem',
    containing: 'certificate_issued',
    ...held,
  },
  unrevoked: {
    function: 'worker-apply',
    action: 'dynamodb:PutItem',
    containing: 'certificate_revoked',
    ...held,
  },
  unpublished: { function: 'worker-publish-status', action: 's3:PutObject', ...held },
} as const satisfies Record<string, Planted>

const metWith = (fault: Planted) =>
  eventually('the fault met', async () => {
    const met = await metOf(fault)
    return met > 0 ? { found: met } : { seen: '0' }
  })

/** Has something happen that comes no further than its fault. */
const stoppedAt = async <T>(fault: Planted, run: () => Promise<T>): Promise<T> => {
  await plant(fault)
  const asked = await run()
  await metWith(fault)
  return asked
}

const revoke = async (certificate_id: string): Promise<string> => {
  const asked = as('alice').post(`/certificates/${certificate_id}/revoke`, { reason: 'superseded' })
  return (await as('alice').expect(changed, 202, asked)).job.id
}

/** One job at every stage, and what nobody works on any more. */
async function everyStage() {
  const done = await issueGated()
  const published = await issueUngated()
  const doomed = await issueUngated()
  const waiting = await requestGated()
  await tokenOf(waiting.approval_id)
  const unwoken = await requestGated()
  await tokenOf(unwoken.approval_id)
  await stoppedAt(faults.unwoken, () => approve(unwoken.approval_id))
  const unpublished = await stoppedAt(faults.unpublished, async () => {
    const job_id = await revoke(published.certificate_id)
    await jobCompleted(as('alice'), job_id)
    return { ...published, job_id }
  })
  const unrevoked = await stoppedAt(faults.unrevoked, async () => ({
    ...doomed,
    job_id: await revoke(doomed.certificate_id),
  }))
  const unrecorded = await stoppedAt(faults.unrecorded, requestUngated)
  await pullUp(faults.unrecorded)
  const unsigned = await stoppedAt(faults.unsigned, requestUngated)
  const undispatched = await stoppedAt(faults.undispatched, requestUngated)
  return { done, waiting, unwoken, unpublished, unrevoked, unrecorded, unsigned, undispatched }
}

type Stages = Awaited<ReturnType<typeof everyStage>>

redeliveryAfter(10, 'kms', 'apply', 'status')

let stages: Stages
let files: Files
/** What was on record at the orderly end. */
const before = new Map<string, readonly Event[]>()

async function hasLostNothing(): Promise<void> {
  for (const [id, events] of before) {
    const now = await eventsOf(id)
    expect(now.slice(0, events.length)).toEqual(events)
  }
}

/** Nobody has to wait for the clock; all were asked for before the end. */
async function issuedOnce(asked: readonly Ungated[]): Promise<void> {
  for (const { job_id } of asked) await timePasses(job_id)
  for (const { job_id, certificate_id } of asked) {
    await jobCompleted(as('alice'), job_id)
    const versions = await versionsOf(certificate_id)
    expect(versions).toHaveLength(1)
    const { issuance } = await fileOf(job_id)
    expect(versions[0]?.serial).toBe(issuance?.serial)
    const issued = typesOf(await eventsOf(job_id)).filter((type) => type === 'certificate_issued')
    expect(issued).toHaveLength(1)
  }
}

describe('an emulator that ends with jobs at every stage, every function where it is, and starts again', () => {
  beforeAll(async () => {
    stages = await everyStage()
    files = await filesOf(stages.done.certificate_id, folder)
    for (const { job_id } of Object.values(stages)) before.set(job_id, await eventsOf(job_id))
    await restartEmulator('orderly')
    for (const fault of Object.values(faults)) await pullUp(fault)
  }, 180_000)

  it('has lost no job and no event', async () => {
    await hasLostNothing()
    const statuses = {
      done: 'Completed',
      waiting: 'AwaitingApproval',
      unwoken: 'Pending',
      unpublished: 'Completed',
    }
    for (const [stage, status] of Object.entries(statuses))
      expect((await fileOf(stages[stage as keyof Stages].job_id)).job.status).toBe(status)
  })

  it('issues what was on its way, once, and as it was put on record before any key was used', async () => {
    const { waiting, unwoken, unrecorded, unsigned, undispatched } = stages
    // On AWS executions go on; the emulator ends those that waited, and what was approved is carried out without them.
    expect((await executionOf(waiting.approval_id))?.status).toBe('FAILED')
    await approve(waiting.approval_id)
    await issuedOnce([waiting, unwoken, unrecorded, unsigned, undispatched])
  }, 180_000)

  it('signs with the keys that it had: what is issued afterwards verifies under the root from before', async () => {
    const asked = await issueUngated()
    const chain = await filesOf(asked.certificate_id, mkdtempSync(join(folder, 'after-')))
    const verified = await openssl('verify', '-CAfile', files.root, '-untrusted', files.issuer, chain.leaf)
    expect(verified).toContain('OK')
  })

  it('revokes and publishes what it was asked to', async () => {
    const { unrevoked, unpublished } = stages
    await timePasses(unrevoked.job_id)
    await jobCompleted(as('alice'), unrevoked.job_id)
    for (const { certificate_id } of [unrevoked, unpublished]) {
      const { leaf } = await filesOf(certificate_id, mkdtempSync(join(folder, 'revoked-')))
      await listed(leaf)
      const about = ['-issuer', files.issuer, '-cert', leaf, '-CAfile', files.root]
      expect(await openssl('ocsp', ...about, '-url', statusUrl('ocsp', 'iss-web'))).toContain(': revoked')
    }
  })

  it('has evidence that verifies offline, of what was issued before and of what was approved after', async () => {
    for (const { certificate_id } of [stages.done, stages.waiting, stages.unwoken])
      expect(await proven(await proofOf(certificate_id, folder))).toContain('approved by pr-bob (bob)')
  })

  it('goes on by its own clock', async () => {
    expect(await invoke('schedule-tend')).toMatchObject({ expired: 0 })
  })
})

describe('an emulator that is killed at work, and starts again on what it wrote down before', () => {
  const planned = () => Promise.all([stages.unrecorded, stages.unsigned].map(serialOf))
  const serialOf = async ({ certificate_id }: Ungated) => (await versionsOf(certificate_id))[0]?.serial
  let serials: readonly (string | undefined)[]
  let number: bigint
  let forgotten: readonly Ungated[]

  beforeAll(async () => {
    serials = await planned()
    const issued = await issueUngated()
    await revoke(issued.certificate_id)
    const signing = await stoppedAt(faults.unsigned, requestUngated)
    forgotten = [issued, signing]
    number = await publishedNumber('iss-web')
    await restartEmulator('killed')
    await pullUp(faults.unsigned)
  }, 120_000)

  it('has lost nothing that it had written down, and knows nothing of what came later', async () => {
    await hasLostNothing()
    for (const { job_id, certificate_id } of forgotten) {
      expect(await eventsOf(job_id)).toEqual([])
      expect(await versionsOf(certificate_id)).toEqual([])
    }
  })

  it('issues once more what it no longer knows, the same where it was planned before', async () => {
    const { waiting, unwoken, unrecorded, unsigned, undispatched } = stages
    await approve(waiting.approval_id)
    await issuedOnce([waiting, unwoken, unrecorded, unsigned, undispatched])
    expect(await planned()).toEqual(serials)
  }, 180_000)

  it('serves no list that is older than the one that was out, and goes on upwards', async () => {
    expect(await publishedNumber('iss-web')).toBeGreaterThanOrEqual(number)
    await eventually('a later list', async () => {
      await send('status', { type: 'publish', issuer_id: 'iss-web', shards: null })
      const now = await publishedNumber('iss-web')
      return now > number ? { found: now } : { seen: String(now) }
    })
    await jobCompleted(as('alice'), await revoke(stages.done.certificate_id))
    await listed((await filesOf(stages.done.certificate_id, mkdtempSync(join(folder, 'later-')))).leaf)
  }, 120_000)
})
