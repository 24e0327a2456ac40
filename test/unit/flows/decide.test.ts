import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import type { Row } from '../../../lib/aws/table-client.ts'
import { createPrincipal } from '../../../lib/flows/create-principal.ts'
import { decideApproval } from '../../../lib/flows/decide-job.ts'
import { isUnbroken } from '../../../lib/model/event.ts'
import { makeFurnishedWorld, type Name, type World } from '../../support/world.ts'

const day = 86_400

const typesOf = async (world: World, job_id: string) =>
  (await world.jobOf(job_id)).events.map(({ type }) => type)

const lastOf = async (world: World, job_id: string) => (await world.jobOf(job_id)).events.at(-1)

/** How many transactions a step takes. */
const transactions = async (world: World, step: () => Promise<unknown>): Promise<number> => {
  const before = world.table.calls.transact ?? 0
  await step()
  return (world.table.calls.transact ?? 0) - before
}

/** Every row of the table as text, to see that nothing was stored. */
const everything = (world: World): string => JSON.stringify([...world.table.rows.entries()])

type Asked = Awaited<ReturnType<World['ask']>>

/** Ways in which a waiting job ends without being carried out: the rows of the contract. */
const ends: readonly {
  title: string
  end: (world: World, asked: Asked) => Promise<unknown>
  state: string
  error_message: string
  event: { type: string; actor: string; actor_type: string }
}[] = [
  {
    title: 'rejected',
    end: (world, { approval_id }) =>
      world.call('bob', 'reject', { id: approval_id, body: { note: 'wrong team' } }),
    state: 'rejected',
    error_message: 'rejected: wrong team',
    event: { type: 'approval_rejected', actor: 'pr-bob', actor_type: 'Person' },
  },
  {
    title: 'expired',
    end: (world) => {
      world.pass(7 * day + 1)
      return world.sweep()
    },
    state: 'expired',
    error_message: 'approval expired',
    event: { type: 'approval_expired', actor: 'system-reaper', actor_type: 'System' },
  },
  {
    title: 'withdrawn',
    end: (world, { approval_id }) => world.call('alice', 'withdraw', { id: approval_id, body: {} }),
    state: 'withdrawn',
    error_message: 'withdrawn by requester',
    event: { type: 'approval_withdrawn', actor: 'pr-alice', actor_type: 'Person' },
  },
  {
    title: 'cancelled',
    end: (world, { job_id }) => world.call('frank', 'cancelJob', { id: job_id }),
    state: 'withdrawn',
    error_message: 'cancelled by pr-frank',
    event: { type: 'job_cancelled', actor: 'pr-frank', actor_type: 'Person' },
  },
]

describe('a waiting job', () => {
  it('becomes Pending when it is approved, in one transaction with its event', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    const took = await transactions(world, () => world.call('bob', 'approve', { id: approval_id }))
    const { job, events } = await world.jobOf(job_id)
    expect(took).toBe(1)
    expect(job).toMatchObject({ status: 'Pending', error_message: null, approval: { state: 'approved' } })
    expect(events.at(-1)).toMatchObject({ type: 'approval_approved', actor: 'pr-bob', actor_type: 'Person' })
    expect(isUnbroken(job_id, events)).toBe(true)
    expect(world.signatures).toEqual([])
  })

  it.each(ends)('that is $title ends with its event, in one transaction, and signs nothing', async (row) => {
    const world = await makeFurnishedWorld()
    const asked = await world.ask()
    const took = await transactions(world, () => row.end(world, asked))
    await world.drain()
    const { job, events } = await world.jobOf(asked.job_id)
    expect(took).toBe(1)
    expect(job).toMatchObject({
      status: 'Cancelled',
      error_message: row.error_message,
      approval: { state: row.state },
      lease: null,
    })
    expect(events.at(-1)).toMatchObject(row.event)
    expect(events).toHaveLength(3)
    expect(isUnbroken(asked.job_id, events)).toBe(true)
    expect(world.signatures).toEqual([])
  })

  it.each(ends)('that is $title never comes back, whatever anybody does', async ({ end, state }) => {
    const world = await makeFurnishedWorld()
    const asked = await world.ask()
    await end(world, asked)
    const settled = everything(world)
    const decided = { code: 'approval_decided', message: `the approval is ${state}` }
    await expect(world.call('erin', 'approve', { id: asked.approval_id })).rejects.toMatchObject(decided)
    await expect(
      world.call('erin', 'reject', { id: asked.approval_id, body: { note: 'no' } }),
    ).rejects.toMatchObject(decided)
    expect(await world.issue(asked.job_id)).toBe('nothing_to_do')
    world.pass(30 * day)
    expect(await world.sweep()).toMatchObject({ expired: [], touched: 0 })
    await world.drain()
    expect(everything(world)).toBe(settled)
    expect(world.signatures).toEqual([])
  })

  it.each(ends)('that is $title leaves its certificate as renewable as it was', async ({ end }) => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const before = await world.certificates.load(certificate_id)
    const gate = await world.call('carol', 'changeProfile', {
      id: 'p-dev-web',
      body: { ...(await world.profiles.current('p-dev-web'))?.document, requires_approval: true },
    })
    await world.call('bob', 'approve', { id: gate.body.approval.id })
    await world.drain()
    const renewal = await world.call('alice', 'renewCertificate', { id: certificate_id })
    const { job, approval } = renewal.body
    await end(world, { job_id: job.id, approval_id: approval.id, certificate_id })
    await world.drain()
    expect(await world.certificates.load(certificate_id)).toEqual(before)
    const again = await world.call('alice', 'renewCertificate', { id: certificate_id })
    await world.call('bob', 'approve', { id: again.body.approval.id })
    await world.drain()
    expect((await world.jobOf(again.body.job.id)).job.status).toBe('Completed')
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(2)
  })

  it('that was approved can be cancelled until it runs, and then never issues', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    await world.call('alice', 'cancelJob', { id: job_id })
    await world.drain()
    const { job } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'Cancelled', error_message: 'cancelled by pr-alice' })
    expect(job.approval?.state).toBe('approved')
    expect(await world.issue(job_id)).toBe('nothing_to_do')
    expect(world.signatures).toEqual([])
  })

  it('that needs nobody can be cancelled until it runs', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
    await world.call('alice', 'cancelJob', { id: job_id })
    await world.drain()
    expect((await world.jobOf(job_id)).job).toMatchObject({ status: 'Cancelled', approval: null })
    expect(world.signatures).toEqual([])
  })

  it('is cancelled once: asking again changes nothing', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask()
    const first = await world.call('alice', 'cancelJob', { id: job_id })
    const settled = everything(world)
    expect(await world.call('frank', 'cancelJob', { id: job_id })).toEqual(first)
    expect(everything(world)).toBe(settled)
  })

  it('is over once it is Completed: cancelling is refused', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.made()
    await expect(world.call('alice', 'cancelJob', { id: job_id })).rejects.toMatchObject({
      code: 'job_not_cancellable',
    })
  })
})

describe('the two-person rule', () => {
  const refused = async (
    world: World,
    { job_id, approval_id }: Asked,
    { who, verdict }: { who: Name; verdict: 'approve' | 'reject' },
  ) => {
    const before = await world.jobOf(job_id)
    const body = verdict === 'reject' ? { note: 'no' } : {}
    const answer = world.call(who, verdict, { id: approval_id, body })
    await expect(answer).rejects.toMatchObject({
      code: 'two_person_integrity',
      message: expect.stringContaining('two-person integrity'),
    })
    const after = await world.jobOf(job_id)
    expect(after.job).toMatchObject({ status: before.job.status, approval: before.job.approval })
    expect(after.events).toHaveLength(before.events.length + 1)
    expect(after.events.at(-1)).toMatchObject({
      type: 'approval_refused',
      actor: `pr-${who}`,
      details: { verdict, reason: expect.stringContaining('two-person integrity') },
    })
    return answer.catch((error: Error) => error.message)
  }

  it('keeps the requester from approving, and puts on record who tried', async () => {
    const world = await makeFurnishedWorld()
    const asked = await world.ask({}, 'frank')
    await refused(world, asked, { who: 'frank', verdict: 'approve' })
    await world.drain()
    expect(world.signatures).toEqual([])
  })

  it('tells a requester who would reject to withdraw instead', async () => {
    const world = await makeFurnishedWorld()
    const asked = await world.ask({}, 'frank')
    expect(await refused(world, asked, { who: 'frank', verdict: 'reject' })).toContain('/withdraw')
    await world.call('frank', 'withdraw', { id: asked.approval_id, body: { note: 'not needed' } })
    expect((await world.jobOf(asked.job_id)).job.approval?.state).toBe('withdrawn')
  })

  it('tells a requester without the role of an approver the same', async () => {
    const world = await makeFurnishedWorld()
    await refused(world, await world.ask(), { who: 'alice', verdict: 'approve' })
  })

  it.each(['pr-erin', 'erin', 'ERIN', ' Erin ', 'erin@example.com', 'Erin@EXAMPLE.com', 'ｅｒｉｎ'])(
    'keeps the owner, named "%s", from approving and from rejecting',
    async (owner) => {
      const world = await makeFurnishedWorld()
      const asked = await world.ask({ owner })
      await refused(world, asked, { who: 'erin', verdict: 'approve' })
      await refused(world, asked, { who: 'erin', verdict: 'reject' })
      await world.call('bob', 'approve', { id: asked.approval_id })
      await world.drain()
      expect((await world.jobOf(asked.job_id)).job.status).toBe('Completed')
    },
  )

  it('keeps the owner of a certificate from approving its renewal by somebody else', async () => {
    const world = await makeFurnishedWorld()
    const { approval_id, certificate_id } = await world.ask({ owner: 'bob@example.com' })
    await world.call('erin', 'approve', { id: approval_id })
    await world.drain()
    const { body } = await world.call('frank', 'renewCertificate', { id: certificate_id })
    const asked = { job_id: body.job.id, approval_id: body.approval.id, certificate_id }
    await refused(world, asked, { who: 'bob', verdict: 'approve' })
  })

  it('is still told to the requester when the approval is decided', async () => {
    const world = await makeFurnishedWorld()
    const asked = await world.ask({}, 'frank')
    await world.call('bob', 'approve', { id: asked.approval_id })
    await refused(world, asked, { who: 'frank', verdict: 'approve' })
    await world.drain()
    expect((await world.jobOf(asked.job_id)).job.status).toBe('Completed')
  })

  it('lets nobody but the requester withdraw', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    const before = everything(world)
    await expect(world.call('frank', 'withdraw', { id: approval_id })).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(everything(world)).toBe(before)
    expect((await world.jobOf(job_id)).job.status).toBe('AwaitingApproval')
  })

  it('is not met by one person with two names', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    const replay = await world.call('bob', 'approve', { id: approval_id, body: { note: 'me again' } })
    expect(replay.body.decisions).toHaveLength(1)
    const { job } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'AwaitingApproval', approval: { state: 'pending' } })
  })

  it.each(['carol', 'dave', 'alice'] as const)(
    'lets %s, who holds no role to decide, neither approve nor reject what others requested',
    async (who) => {
      const world = await makeFurnishedWorld()
      const { approval_id } = await world.ask({}, 'frank')
      const before = everything(world)
      const no = { code: 'forbidden' }
      await expect(world.call(who, 'approve', { id: approval_id })).rejects.toMatchObject(no)
      await expect(world.call(who, 'reject', { id: approval_id, body: { note: 'x' } })).rejects.toMatchObject(
        no,
      )
      expect(everything(world)).toBe(before)
    },
  )
})

describe('a decision', () => {
  it('given again by the same principal is the same answer, and nothing new is stored', async () => {
    const world = await makeFurnishedWorld()
    const { approval_id } = await world.ask()
    const first = await world.call('bob', 'approve', { id: approval_id, body: { note: 'ok' } })
    const settled = everything(world)
    expect(await world.call('bob', 'approve', { id: approval_id, body: { note: 'ok' } })).toEqual(first)
    expect(everything(world)).toBe(settled)
  })

  it('given again is the same answer after the certificate was issued', async () => {
    const world = await makeFurnishedWorld()
    const { approval_id } = await world.ask()
    const first = await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect((await world.call('bob', 'approve', { id: approval_id })).body).toEqual(first.body)
  })

  it.each([
    ['approve', 'reject'],
    ['reject', 'approve'],
  ] as const)('to %s is not changed into one to %s', async (first, second) => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', first, { id: approval_id, body: { note: 'a' } })
    const settled = everything(world)
    const change = world.call('bob', second, { id: approval_id, body: { note: 'b' } })
    await expect(change).rejects.toMatchObject({ code: 'approval_decided' })
    expect(everything(world)).toBe(settled)
    expect((await world.jobOf(job_id)).job.approval?.decisions).toHaveLength(1)
  })

  it.each(['approve', 'reject'] as const)('to %s on what is decided is refused', async (verdict) => {
    const world = await makeFurnishedWorld()
    const { approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    const settled = everything(world)
    const late = world.call('erin', verdict, { id: approval_id, body: { note: 'late' } })
    await expect(late).rejects.toMatchObject({ code: 'approval_decided' })
    expect(everything(world)).toBe(settled)
  })

  it('says who decided, by what name, on what digest, and when', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    const { body } = await world.call('bob', 'approve', { id: approval_id, body: { note: 'ticket 7' } })
    const { job } = await world.jobOf(job_id)
    expect(body.decisions).toEqual([
      {
        by: 'pr-bob',
        name: 'bob',
        email: 'bob@example.com',
        for: null,
        verdict: 'approve',
        stage: 'approval',
        note: 'ticket 7',
        digest: job.digest,
        time: world.now().toISOString(),
      },
    ])
    expect((await lastOf(world, job_id))?.details).toMatchObject({ digest: job.digest, note: 'ticket 7' })
  })

  it('waits for the quorum: each person is put on record, the last one releases the job', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 3 } })
    const { job_id, approval_id } = await world.ask()
    for (const who of ['bob', 'erin', 'frank'] as const) {
      await world.drain()
      expect(world.signatures).toEqual([])
      await world.call(who, 'approve', { id: approval_id })
    }
    await world.drain()
    expect(await typesOf(world, job_id)).toEqual([
      'certificate_requested',
      'approval_requested',
      'decision_recorded',
      'decision_recorded',
      'approval_approved',
      'issuance_planned',
      'certificate_issued',
    ])
  })

  it('to reject ends the approval whatever the quorum, and what others said before', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 3 } })
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    await world.call('erin', 'reject', { id: approval_id, body: { note: 'no' } })
    const { job } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'Cancelled', approval: { state: 'rejected' } })
  })

  it.each(['approve', 'reject'] as const)(
    'to %s what needs no approval, or what is not there, is not found',
    async (verdict) => {
      const world = await makeFurnishedWorld()
      const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
      for (const id of [job_id.replace('job-', 'ar-'), 'ar-nothing0here'])
        await expect(world.call('bob', verdict, { id, body: { note: 'x' } })).rejects.toMatchObject({
          code: 'not_found',
        })
    },
  )
})

describe('the deadline', () => {
  it.each(['approve', 'reject'] as const)(
    'refuses to %s after it, also when no sweep has run',
    async (verdict) => {
      const world = await makeFurnishedWorld()
      const { approval_id } = await world.ask()
      world.pass(7 * day)
      const settled = everything(world)
      world.pass(0.001)
      const late = world.call('bob', verdict, { id: approval_id, body: { note: 'late' } })
      await expect(late).rejects.toMatchObject({ code: 'approval_expired' })
      expect(everything(world)).toBe(settled)
    },
  )

  it('lets an approver decide until its very instant', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    world.pass(7 * day)
    expect((await world.sweep()).expired).toEqual([])
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })

  it('keeps what was approved in time from being carried out after it, also when no sweep has run', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    world.pass(7 * day + 1)
    expect(await world.issue(job_id)).toBe('refused')
    const { job, events } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'Failed', error_message: 'signing refused: the approval expired' })
    expect(events.at(-1)).toMatchObject({ type: 'signing_refused', actor: 'worker-kms' })
    expect(world.signatures).toEqual([])
  })

  it('is that of the profile', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { expires_after: 'PT15M' } })
    const { job_id } = await world.ask()
    world.pass(15 * 60 + 1)
    const { expired } = await world.sweep()
    expect(expired.map(({ id }) => id)).toEqual([job_id])
  })

  it('is swept for many approvals at once, each once', async () => {
    const world = await makeFurnishedWorld()
    const asked = []
    for (let n = 0; n < 12; n += 1) asked.push((await world.ask()).job_id)
    world.pass(7 * day + 1)
    const sweeps = await Promise.all([world.sweep(), world.sweep(), world.sweep()])
    const expired = sweeps.flatMap((swept) => swept.expired.map(({ id }) => id))
    expect(expired.toSorted()).toEqual(asked.toSorted())
    for (const id of asked)
      expect((await typesOf(world, id)).filter((type) => type === 'approval_expired')).toHaveLength(1)
  })
})

describe('a sweep', () => {
  it.each([
    ['Running', { status: 'Running' }],
    ['Completed', { status: 'Completed' }],
    ['Pending', { status: 'Pending' }],
    ['of no status that there is', { status: 'Approved' }],
    ['without its approval', { approval: null }],
  ])('is not stopped by a row that somebody made %s by hand', async (_, forged) => {
    const world = await makeFurnishedWorld()
    const tampered = await world.ask()
    const honest = await world.ask()
    world.table.tamper(keys.job(tampered.job_id), (row) => ({ ...row, ...forged }))
    world.pass(7 * day + 1)
    const { expired } = await world.sweep()
    expect(expired.map(({ id }) => id)).toEqual([honest.job_id])
    expect(world.signatures).toEqual([])
  })
})

describe('a reason', () => {
  it('is demanded where the profile demands it', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { reason_required: true } })
    const before = everything(world)
    await expect(world.ask()).rejects.toMatchObject({
      code: 'invalid_body',
      violations: [{ pointer: '/reason' }],
    })
    expect(everything(world)).toBe(before)
    const { job_id } = await world.ask({ reason: 'launch' })
    expect((await world.jobOf(job_id)).job.reason).toBe('launch')
  })
})

describe('a job that stands still', () => {
  it('is touched so that its workflow is started once more, without a change of its state', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask()
    const before = await world.jobOf(job_id)
    world.pass(12 * 3600 + 1)
    expect(await world.tend()).toMatchObject({ expired: [], touched: 1 })
    expect(await world.jobOf(job_id)).toEqual(before)
    expect(await world.tend()).toMatchObject({ expired: [], touched: 0 })
    const row: Row | null = await world.table.get(keys.job(job_id))
    expect(row?.touched_at).toBe(world.now().toISOString())
  })

  it('is dispatched once more when its message was lost', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
    world.pass(301)
    expect((await world.sweep()).touched).toBe(1)
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })
})

describe('a principal', () => {
  it('who is a service decides and requests like a person, under its own kind', async () => {
    const world = await makeFurnishedWorld()
    const actor = { id: 'system-setup', type: 'System' } as const
    const bot = await createPrincipal(world, actor, {
      kind: 'service',
      name: 'release-bot',
      email: null,
      roles: ['approver'],
    })
    const { job_id, approval_id } = await world.ask()
    await decideApproval(world, bot, approval_id, { verdict: 'approve', note: null })
    expect(await lastOf(world, job_id)).toMatchObject({ actor: bot.id, actor_type: 'Service' })
  })
})
