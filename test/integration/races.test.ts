import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Answer, Api } from '../../scripts/local/api.ts'
import { jobOver } from '../../scripts/local/api.ts'
import { invoke } from '../support/live-functions.ts'
import { fileOf, requestAt, typesOf, versionsOf } from '../support/live-jobs.ts'
import { asNew } from '../support/live-people.ts'
import { type Gated, requestGated } from '../support/live-requests.ts'
import { as } from '../support/stack.ts'

const rounds = 20

const each = <T>(make: (round: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: rounds }, (_, round) => make(round)))

const approveAs = (who: Api, { approval_id }: Gated): Promise<Answer> =>
  who.post(`/approvals/${approval_id}/approve`, { note: 'raced' })

const codeOf = ({ json }: Answer): unknown => (json as { code?: unknown } | null)?.code

const statuses = (answers: readonly Answer[]): readonly number[] =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b)

/** Bob's approval of as many requests against another word on each, all at once. What is left is looked at in turn. */
const raced = (other: (asked: Gated) => Promise<Answer>) =>
  each(async () => {
    const asked = await requestGated()
    const [yes, no] = await Promise.all([approveAs(as('bob'), asked), other(asked)])
    return { asked, yes, no }
  })

/** What is stored once a race is over: row and events must tell the same story. */
const storyOf = async ({ job_id, certificate_id }: Gated) => {
  await jobOver(as('alice'), job_id)
  const { job, events } = await fileOf(job_id)
  const types = typesOf(events)
  expect(events.at(-1)?.job?.status).toBe(job.status)
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1))
  const decided = types.filter((type) =>
    ['approval_approved', 'approval_rejected', 'approval_expired', 'approval_withdrawn'].includes(type),
  )
  return { job, types, decided, versions: await versionsOf(certificate_id) }
}

describe('at the same instant', () => {
  it('of two people who approve, one wins and the other is told that it is decided', async () => {
    const erin = await asNew('approver')
    for (const { asked, yes, no } of await raced((one) => approveAs(erin, one))) {
      expect(statuses([yes, no])).toEqual([200, 409])
      expect([codeOf(yes), codeOf(no)]).toContain('approval_decided')
      const { job, decided, versions } = await storyOf(asked)
      expect(job.status).toBe('Completed')
      expect(job.approval?.decisions).toHaveLength(1)
      expect(decided).toEqual(['approval_approved'])
      expect(versions).toHaveLength(1)
    }
  })

  it('one person who approves twice has approved once, and is told so twice', async () => {
    for (const { asked, yes, no } of await raced((one) => approveAs(as('bob'), one))) {
      expect(statuses([yes, no])).toEqual([200, 200])
      const { job, decided, versions } = await storyOf(asked)
      expect(job.approval?.decisions).toHaveLength(1)
      expect(decided).toEqual(['approval_approved'])
      expect(versions).toHaveLength(1)
    }
  })

  it('of an approval and a rejection, one wins', async () => {
    const erin = await asNew('approver')
    const reject = ({ approval_id }: Gated) =>
      erin.post(`/approvals/${approval_id}/reject`, { note: 'raced' })
    for (const { asked, yes, no } of await raced(reject)) {
      expect(statuses([yes, no])).toEqual([200, 409])
      const { job, decided, versions } = await storyOf(asked)
      expect(job.status).toBe(yes.status === 200 ? 'Completed' : 'Cancelled')
      expect(decided).toEqual([yes.status === 200 ? 'approval_approved' : 'approval_rejected'])
      expect(versions).toHaveLength(yes.status === 200 ? 1 : 0)
    }
  })

  it('of an approval and a withdrawal, one wins', async () => {
    const withdraw = ({ approval_id }: Gated) => as('alice').post(`/approvals/${approval_id}/withdraw`, {})
    for (const { asked, yes, no } of await raced(withdraw)) {
      expect(statuses([yes, no])).toEqual([200, 409])
      const { job, decided, versions } = await storyOf(asked)
      expect(job.status).toBe(yes.status === 200 ? 'Completed' : 'Cancelled')
      expect(decided).toEqual([yes.status === 200 ? 'approval_approved' : 'approval_withdrawn'])
      expect(versions).toHaveLength(yes.status === 200 ? 1 : 0)
    }
  })

  it('of an approval and a cancellation, one wins: a cancellation may come second, but never to what is issued', async () => {
    for (const { asked, yes, no } of await raced(({ job_id }) =>
      as('alice').post(`/jobs/${job_id}/cancel`),
    )) {
      const { job, types, versions } = await storyOf(asked)
      const cancelled = no.status === 200
      expect(['200,200', '200,409']).toContain(statuses([yes, no]).join())
      expect(job.status).toBe(cancelled ? 'Cancelled' : 'Completed')
      expect(versions).toHaveLength(cancelled ? 0 : 1)
      const approved = yes.status === 200 ? ['approval_approved'] : []
      expect(types.slice(2)).toEqual([
        ...approved,
        ...(cancelled ? ['job_cancelled'] : ['issuance_planned', 'certificate_issued']),
      ])
      if (!cancelled) expect(['job_not_cancellable', 'conflict']).toContain(codeOf(no))
      if (yes.status !== 200) expect(codeOf(yes)).toBe('approval_decided')
    }
  })

  it('of an approval and its deadline, one wins', async () => {
    const week = 7 * 86_400_000
    const lead = 2500
    const made = Date.now()
    const deadline = made + lead
    const asked = await each(() => requestAt(new Date(made - week + lead)))
    const sweeps: Promise<unknown>[] = []
    const answers = await Promise.all(
      asked.map(async (one, round) => {
        await pause(Math.max(0, deadline - Date.now() + (round - rounds + 4) * 40))
        if (round % 4 === 0) sweeps.push(invoke('schedule-tend'))
        return approveAs(as('bob'), one)
      }),
    )
    await Promise.all(sweeps)
    await pause(Math.max(0, deadline - Date.now() + 1))
    await invoke('schedule-tend')
    for (const [index, one] of asked.entries()) {
      const answer = answers[index]
      const { job, decided, versions } = await storyOf(one)
      if (answer?.status === 200) {
        expect(decided).toEqual(['approval_approved'])
        expect(job.status).not.toBe('Cancelled')
      } else {
        expect(answer).toMatchObject({
          status: 409,
          json: { code: expect.stringMatching(/^approval_(expired|decided)$/) },
        })
        expect(decided).toEqual(['approval_expired'])
        expect(job).toMatchObject({ status: 'Cancelled', error_message: 'approval expired' })
      }
      expect(versions).toHaveLength(job.status === 'Completed' ? 1 : 0)
    }
  })
})
