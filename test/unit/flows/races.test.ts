import { describe, expect, it } from 'vitest'
import { createPrincipal } from '../../../lib/flows/create-principal.ts'
import { cancelJob, decideApproval } from '../../../lib/flows/decide-job.ts'
import { tend } from '../../../lib/flows/tend.ts'
import { isUnbroken } from '../../../lib/model/event.ts'
import { Refusal } from '../../../lib/model/refusal.ts'
import { makeFurnishedWorld, type Name, profileBody, type World } from '../../support/world.ts'

/** What became of each: done, or the code of the refusal. Anything else fails the test. */
const outcomes = async (attempts: readonly Promise<unknown>[]): Promise<string[]> => {
  const settled = await Promise.allSettled(attempts)
  return settled.map((one) => {
    if (one.status === 'fulfilled') return 'done'
    if (one.reason instanceof Refusal) return one.reason.code
    throw one.reason
  })
}

const typesOf = async (world: World, job_id: string) =>
  (await world.jobOf(job_id)).events.map(({ type }) => type)

/** Each race in both orders, for whoever comes first in memory has a head start. */
const orders = [
  ['as they come', false],
  ['the other way round', true],
] as const

const inOrder = <T>(all: readonly T[], reversed: boolean): readonly T[] => (reversed ? all.toReversed() : all)

const accounted = async (world: World, job_id: string) => {
  const { job, events } = await world.jobOf(job_id)
  expect(isUnbroken(job_id, events)).toBe(true)
  expect(events.at(-1)?.job).toMatchObject({
    status: job.status,
    approval_state: job.approval?.state ?? null,
  })
  return job
}

describe('at the same instant', () => {
  it.each(orders)(
    'of two who approve one does, and the other is told that it is decided: %s',
    async (_, reversed) => {
      const world = await makeFurnishedWorld()
      const { job_id, approval_id } = await world.ask()
      const people = inOrder<Name>(['bob', 'erin'], reversed)
      const found = await outcomes(people.map((who) => world.call(who, 'approve', { id: approval_id })))
      expect(found.toSorted()).toEqual(['approval_decided', 'done'])
      const job = await accounted(world, job_id)
      expect(job.approval?.decisions).toHaveLength(1)
      await world.drain()
      expect((await world.jobOf(job_id)).job.status).toBe('Completed')
      expect(world.signatures).toHaveLength(1)
    },
  )

  it('one who approves twice has approved once', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const { job_id, approval_id } = await world.ask()
    const approve = () => world.call('bob', 'approve', { id: approval_id })
    expect(await outcomes([approve(), approve(), approve()])).toEqual(['done', 'done', 'done'])
    const job = await accounted(world, job_id)
    expect(job).toMatchObject({ status: 'AwaitingApproval', approval: { state: 'pending' } })
    expect(job.approval?.decisions).toHaveLength(1)
    expect(await typesOf(world, job_id)).toEqual([
      'certificate_requested',
      'approval_requested',
      'decision_recorded',
    ])
  })

  it.each(orders)('approve and reject: one of them decides: %s', async (_, reversed) => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    const attempts = inOrder(
      [
        () => world.call('bob', 'approve', { id: approval_id }),
        () => world.call('erin', 'reject', { id: approval_id, body: { note: 'no' } }),
      ],
      reversed,
    )
    const found = await outcomes(attempts.map((attempt) => attempt()))
    expect(found.toSorted()).toEqual(['approval_decided', 'done'])
    const job = await accounted(world, job_id)
    await world.drain()
    expect(world.signatures).toHaveLength(job.approval?.state === 'approved' ? 1 : 0)
  })

  it.each(orders)('approve and expire: the deadline decides: %s', async (_, reversed) => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    world.pass(7 * 86_400)
    const late = { ...world, now: () => new Date(world.now().getTime() + 1) }
    const attempts = inOrder<() => Promise<unknown>>(
      [() => world.call('bob', 'approve', { id: approval_id }), () => tend(late)],
      reversed,
    )
    const found = await outcomes(attempts.map((attempt) => attempt()))
    const job = await accounted(world, job_id)
    const approved = job.approval?.state === 'approved'
    expect(inOrder(found, reversed)).toEqual([approved ? 'done' : 'approval_decided', 'done'])
    expect(job.status).toBe(approved ? 'Pending' : 'Cancelled')
    const ends = (await typesOf(world, job_id)).filter((type) => /approved|expired/.test(type))
    expect(ends).toEqual([approved ? 'approval_approved' : 'approval_expired'])
  })

  it.each(orders)('cancel and the last approval: one wins, and the events agree: %s', async (_, reversed) => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    const attempts = inOrder(
      [
        () => world.call('erin', 'approve', { id: approval_id }),
        () => world.call('alice', 'cancelJob', { id: job_id }),
      ],
      reversed,
    )
    const found = await outcomes(attempts.map((attempt) => attempt()))
    const [approved, cancelled] = inOrder(found, reversed)
    // A cancellation that comes second still stops what has only been approved.
    expect(cancelled).toBe('done')
    expect(['done', 'approval_decided']).toContain(approved)
    const job = await accounted(world, job_id)
    expect(job.status).toBe('Cancelled')
    expect(job.approval?.state).toBe(approved === 'done' ? 'approved' : 'withdrawn')
    await world.drain()
    expect(world.signatures).toEqual([])
  })

  it('cancel and the last approval, both decided on the same row: the one that is stored wins, the other hears of it', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    let loaded = 0
    let release: () => void = () => undefined
    const bothLoaded = new Promise<void>((resolve) => {
      release = resolve
    })
    /** Holds every commit back until both have read the same row; then lets the approval's through first. */
    const meeting = (delay: Promise<unknown>) => ({
      ...world,
      jobs: {
        ...world.jobs,
        load: async (id: string) => {
          const file = await world.jobs.load(id)
          loaded += 1
          if (loaded === 2) release()
          return file
        },
        commit: async (change: Parameters<typeof world.jobs.commit>[0]) => {
          await bothLoaded
          await delay
          return world.jobs.commit(change)
        },
      },
    })
    const approving = decideApproval(meeting(Promise.resolve()), world.people.bob, approval_id, {
      verdict: 'approve',
      note: null,
    })
    const cancelling = cancelJob(meeting(approving), world.people.alice, job_id)
    expect(await outcomes([approving, cancelling])).toEqual(['done', 'conflict'])
    expect(await accounted(world, job_id)).toMatchObject({
      status: 'Pending',
      approval: { state: 'approved' },
    })
  })

  it.each(orders)('withdraw and approve: one of them ends it: %s', async (_, reversed) => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    const attempts = inOrder(
      [
        () => world.call('bob', 'approve', { id: approval_id }),
        () => world.call('alice', 'withdraw', { id: approval_id }),
      ],
      reversed,
    )
    const found = await outcomes(attempts.map((attempt) => attempt()))
    expect(found.toSorted()).toEqual(['approval_decided', 'done'])
    const job = await accounted(world, job_id)
    expect(inOrder(found, reversed)[0]).toBe(job.approval?.state === 'approved' ? 'done' : 'approval_decided')
  })

  it.each(orders)('cancel and a worker: it is either cancelled or issued: %s', async (_, reversed) => {
    const world = await makeFurnishedWorld()
    const { job_id, certificate_id } = await world.ask({ profile_id: 'p-dev-web' })
    const attempts = inOrder<() => Promise<unknown>>(
      [() => world.call('alice', 'cancelJob', { id: job_id }), () => world.issue(job_id)],
      reversed,
    )
    const [cancelled] = inOrder(await outcomes(attempts.map((attempt) => attempt())), reversed)
    const job = await accounted(world, job_id)
    expect(job.status).toBe(cancelled === 'done' ? 'Cancelled' : 'Completed')
    const versions = (await world.certificates.load(certificate_id))?.versions
    expect(versions).toHaveLength(cancelled === 'done' ? 0 : 1)
    expect(world.signatures).toHaveLength(cancelled === 'done' ? 0 : 1)
  })

  it('two revocations of one certificate revoke each version once', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const ask = () => world.call('alice', 'revokeCertificate', { id: certificate_id })
    const replies = await Promise.all([ask(), ask()])
    const ids = replies.map(({ body }) => String(body.job.id))
    await Promise.allSettled(ids.map(world.applyJob))
    for (const id of ids) await world.applyJob(id)
    await world.drain()
    for (const id of ids) expect((await world.jobOf(id)).job.status).toBe('Completed')
    const serials = []
    for (const id of ids) serials.push((await world.jobOf(id)).events.at(-1)?.details.serials)
    expect(serials.map((list) => (Array.isArray(list) ? list.length : -1)).toSorted()).toEqual([0, 1])
  })

  it('a renewal and a revocation leave a certificate whose head agrees with its versions', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const renewal = await world.call('alice', 'renewCertificate', { id: certificate_id })
    const revocation = await world.call('alice', 'revokeCertificate', { id: certificate_id })
    await Promise.allSettled([world.issue(renewal.body.job.id), world.applyJob(revocation.body.job.id)])
    await world.applyJob(revocation.body.job.id)
    await world.drain()
    const found = await world.certificates.load(certificate_id)
    const newest = found?.versions.at(-1)
    expect(found?.certificate.current_version).toBe(newest?.number)
    expect(found?.certificate.status).toBe(newest?.revoked_at === null ? 'Active' : 'Revoked')
    expect(found?.versions[0]?.revoked_at).not.toBe(null)
  })

  it('twenty who approve at a quorum of three: three decisions count, the others are told that it is decided', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 3 } })
    const actor = { id: 'system-setup', type: 'System' } as const
    const people = []
    for (let n = 0; n < 20; n += 1)
      people.push(
        await createPrincipal(world, actor, {
          kind: 'person',
          name: `approver ${n}`,
          email: null,
          roles: ['approver'],
        }),
      )
    const { job_id, approval_id } = await world.ask()
    const word = { verdict: 'approve', note: null } as const
    const found = await outcomes(people.map((who) => decideApproval(world, who, approval_id, word)))
    expect(found.filter((one) => one === 'done')).toHaveLength(3)
    expect(found.filter((one) => one === 'approval_decided')).toHaveLength(17)
    const job = await accounted(world, job_id)
    expect(job).toMatchObject({ status: 'Pending', approval: { state: 'approved' } })
    expect(new Set(job.approval?.decisions.map(({ by }) => by)).size).toBe(3)
    expect(await typesOf(world, job_id)).toEqual([
      'certificate_requested',
      'approval_requested',
      'decision_recorded',
      'decision_recorded',
      'approval_approved',
    ])
  })

  it('twenty, of whom five are named by a stage of three: three decisions count, whoever comes first', async () => {
    const actor = { id: 'system-setup', type: 'System' } as const
    const world = await makeFurnishedWorld()
    const people = []
    for (let n = 0; n < 20; n += 1) {
      const request = { kind: 'person', name: `approver ${n}`, email: null } as const
      people.push(await createPrincipal(world, actor, { ...request, roles: ['approver'] }))
    }
    const named = people.filter((_, n) => n % 4 === 0)
    const stages = [{ name: 'board', quorum: 3, eligible: { principals: named.map(({ id }) => id) } }]
    const body = { ...profileBody, requires_approval: true, approval_policy: { stages } }
    const edit = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
    await world.call('bob', 'approve', { id: edit.body.approval.id })
    await world.drain()
    for (const reversed of [false, true]) {
      const { job_id, approval_id } = await world.ask()
      const word = { verdict: 'approve', note: null } as const
      const order = inOrder(people, reversed)
      const found = await outcomes(order.map((who) => decideApproval(world, who, approval_id, word)))
      const done = order.filter((_, n) => found[n] === 'done')
      expect(done).toHaveLength(3)
      expect(done.every((who) => named.includes(who))).toBe(true)
      // Whom the stage does not name is told so, or that it is decided; the last two of those it names, that it is decided.
      expect(found.filter((one) => one === 'forbidden' || one === 'approval_decided')).toHaveLength(17)
      const job = await accounted(world, job_id)
      expect(job.status).toBe('Pending')
      expect(job.approval?.decisions.map(({ by }) => by).toSorted()).toEqual(
        done.map(({ id }) => id).toSorted(),
      )
      expect(await typesOf(world, job_id)).toEqual([
        'certificate_requested',
        'approval_requested',
        'decision_recorded',
        'decision_recorded',
        'approval_approved',
      ])
    }
  })
})
