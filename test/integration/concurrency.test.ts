import { describe, expect, it } from 'vitest'
import { issueCertificate } from '../../lib/flows/issue-certificate.ts'
import type { Change } from '../../lib/model/change.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { readCertificate } from '../../lib/pki/certificate-reader.ts'
import { eventually, jobCompleted } from '../../scripts/local/api.ts'
import { invoke, sqsEvent } from '../support/live-functions.ts'
import { fileOf, live, receiptPorts, requestAt, send, versionsOf } from '../support/live-jobs.ts'
import { newApprover, newGatedProfile } from '../support/live-people.ts'
import { type Gated, requestGated, type Ungated } from '../support/live-requests.ts'
import { as } from '../support/stack.ts'

const many = 40
const workers = 8

const numbered = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

/** Each worker has every job, and begins at another one. */
const turned = <T>(list: readonly T[], by: number): readonly T[] => [...list.slice(by), ...list.slice(0, by)]

const inBatches = <T>(list: readonly T[], size: number): readonly (readonly T[])[] =>
  numbered(Math.ceil(list.length / size), (n) => list.slice(n * size, (n + 1) * size))

/** One worker: batch after batch, as SQS would deliver them. */
const work = async (job_ids: readonly string[]): Promise<void> => {
  for (const batch of inBatches(job_ids, 5)) {
    const delivered = sqsEvent(...batch.map((job_id) => ({ job_id })))
    expect(await invoke('worker-kms', delivered)).toEqual({ batchItemFailures: [] })
  }
}

const count = (types: readonly string[], type: string): number =>
  types.filter((found) => found === type).length

/** What must hold of every job, whoever carried it out and however often it was tried. */
const outcomeOf = async ({ job_id, certificate_id }: Ungated) => {
  await jobCompleted(as('alice'), job_id)
  const { job, issuance, events } = await fileOf(job_id)
  const versions = await versionsOf(certificate_id)
  const [version] = versions
  if (version === undefined || issuance === null) throw new Error(`job ${job_id} has no certificate`)
  const read = readCertificate(Buffer.from(version.der, 'base64'))
  const types = events.map(({ type }) => type)
  expect(versions).toHaveLength(1)
  expect(read.serial).toBe(version.serial)
  expect(issuance.serial).toBe(version.serial)
  expect(issuance.tbs_sha256).toBe(sha256(read.tbs))
  expect((await live.serials.get('iss-web', version.serial))?.certificate_id).toBe(certificate_id)
  expect(count(types, 'certificate_issued')).toBe(1)
  const planned = events.filter(({ type }) => type === 'issuance_planned')
  expect(planned).toHaveLength(job.attempts)
  return { serial: version.serial, tbs_sha256: issuance.tbs_sha256, attempts: job.attempts, planned }
}

describe(`${many} jobs that are pending at once`, () => {
  it(`with ${workers} workers and every message delivered twice become ${many} certificates`, async () => {
    const asked = await Promise.all(numbered(many, () => requestAt(new Date(), 'p-dev-web')))
    const ids = asked.map(({ job_id }) => job_id)
    await Promise.all([
      ...ids.flatMap((job_id) => [send('kms', { job_id }), send('kms', { job_id })]),
      ...numbered(workers, (n) => work(turned(ids, (n * many) / workers))),
    ])
    const outcomes = await Promise.all(asked.map(outcomeOf))
    expect(new Set(outcomes.map(({ serial }) => serial)).size).toBe(many)
    expect(outcomes.map(({ attempts }) => attempts)).toEqual(numbered(many, () => 1))
  }, 90_000)

  it('survive workers that are killed after they signed: the same serial, the same octets', async () => {
    const killed = await killedWorkers(many)
    await eventually('every dead lease reclaimed', async () => {
      await invoke('schedule-tend')
      const left = []
      for (const { asked } of killed) {
        const { job } = await fileOf(asked.job_id)
        if (job.status !== 'Completed') left.push(job.id)
      }
      await Promise.all(left.slice(0, workers).flatMap((job_id) => [work([job_id]), send('kms', { job_id })]))
      return left.length === 0 ? { found: true } : { seen: `${left.length} left` }
    })
    const outcomes = await Promise.all(killed.map(({ asked }) => outcomeOf(asked)))
    expect(outcomes.map(({ tbs_sha256 }) => tbs_sha256)).toEqual(killed.map(({ signed }) => signed))
    expect(new Set(outcomes.map(({ serial }) => serial)).size).toBe(many)
    for (const { planned, attempts } of outcomes) {
      expect(attempts).toBe(2)
      expect(new Set(planned.map(({ details }) => details.serial)).size).toBe(1)
      expect(new Set(planned.map(({ details }) => details.tbs_sha256)).size).toBe(1)
    }
  }, 90_000)
})

describe('twenty approvers at once, of whom a stage names five and asks for three', () => {
  it('are three decisions and no more, all of those five, and exactly their events', async () => {
    const people = await Promise.all(numbered(20, () => newApprover()))
    const named = people.slice(0, 5).map(({ id }) => id)
    const stages = [{ name: 'board', quorum: 3, eligible: { principals: named } }]
    const profile_id = await newGatedProfile({ stages })
    const { job_id, approval_id, certificate_id } = await requestGated({ profile_id })
    const answers = await Promise.all(
      people.map(({ api }) => api.post(`/approvals/${approval_id}/approve`, {})),
    )
    const taken = people.filter((_, n) => answers[n]?.status === 200).map(({ id }) => id)
    expect(taken).toHaveLength(3)
    expect(named).toEqual(expect.arrayContaining(taken))
    const refused = answers.filter(({ status }) => status !== 200)
    for (const { status, json } of refused)
      expect([status, json]).toEqual([
        expect.toBeOneOf([403, 409]),
        expect.objectContaining({ code: expect.stringMatching(/^(forbidden|approval_decided)$/) }),
      ])
    await jobCompleted(as('alice'), job_id)
    const { job, events } = await fileOf(job_id)
    expect(job.approval?.decisions.map(({ by }) => by).toSorted()).toEqual(taken.toSorted())
    expect(events.map(({ type }) => type)).toEqual([
      'certificate_requested',
      'approval_requested',
      'decision_recorded',
      'decision_recorded',
      'approval_approved',
      'issuance_planned',
      'certificate_issued',
    ])
    expect(await versionsOf(certificate_id)).toHaveLength(1)
  })
})

type Killed = { readonly asked: Gated; readonly signed: string }

/** Jobs whose first worker died with the signature in its hands. Its clock is late, so that its lease ends soon. */
async function killedWorkers(wanted: number): Promise<readonly Killed[]> {
  const killed: Killed[] = []
  const ports = await receiptPorts()
  while (killed.length < wanted) {
    const missing = Math.min(workers, wanted - killed.length)
    const tried = await Promise.all(numbered(missing, () => killWorker(ports)))
    killed.push(...tried.filter((outcome) => outcome !== null))
  }
  return killed
}

/** Null where a deployed worker took the job first. */
async function killWorker(ports: Awaited<ReturnType<typeof receiptPorts>>): Promise<Killed | null> {
  const asked = await requestAt(new Date(), 'p-dev-web')
  const signed: string[] = []
  const deps = {
    ...live,
    ...ports,
    worker: 'worker-kms',
    now: () => new Date(Date.now() - 55_000),
    signer: {
      sign: (...[key, algorithm, what]: Parameters<typeof live.signer.sign>) => {
        signed.push(Buffer.from(what.digest).toString('hex'))
        return live.signer.sign(key, algorithm, what)
      },
    },
    jobs: {
      load: live.jobs.load,
      commit: (change: Change) => {
        if (change.events.some(({ type }) => type === 'certificate_issued')) throw new Error('killed')
        return live.jobs.commit(change)
      },
    },
  }
  const outcome = await issueCertificate(deps, asked.job_id).catch((error: Error) => error.message)
  const [digest] = signed
  return outcome === 'killed' && digest !== undefined ? { asked, signed: digest } : null
}
