import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { decideApproval } from '../../../lib/flows/decide-job.ts'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { environment, makeFurnishedWorld, type Name, receiptKeys, type World } from '../../support/world.ts'

const verify = receiptVerifier(receiptKeys, environment)

const at = (world: World, seconds: number) => new Date(world.now().getTime() + seconds * 1000).toISOString()

const give = (world: World, giver: Name, body: object) =>
  world.call(giver, 'giveDelegation', { id: `pr-${giver}`, body })

const end = (world: World, who: Name, delegation: string) =>
  world.call(who, 'endDelegation', { params: { id: 'pr-bob', delegation } })

const approve = (world: World, who: Name, id: string, stoodFor?: string) =>
  world.call(who, 'approve', { id, body: stoodFor === undefined ? {} : { for: stoodFor } })

const security = [{ name: 'security', quorum: 1, eligible: { principals: ['pr-bob'] } }]

const lastOf = async (world: World, job_id: string) => (await world.jobOf(job_id)).events.at(-1)

describe('A delegation', () => {
  it('is given for a while by an approver for themselves, and is on record on their chain', async () => {
    const world = await makeFurnishedWorld()
    const until = at(world, 3600)
    const { status, body } = await give(world, 'bob', { delegate_id: 'pr-erin', until, note: 'on leave' })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      principal_id: 'pr-bob',
      delegate_id: 'pr-erin',
      from: at(world, 0),
      until,
      ended_at: null,
    })
    expect((await world.principals.get('pr-bob'))?.last).toMatchObject({
      type: 'delegation_given',
      actor: 'pr-bob',
      details: { delegation_id: body.id, delegate_id: 'pr-erin', until },
    })
    for (const [id, side] of [
      ['pr-bob', 'given'],
      ['pr-erin', 'received'],
    ] as const)
      expect((await world.call('dave', 'listDelegations', { id, query: { side } })).body).toEqual([body])
  })

  it.each([
    ['by an admin for somebody', 'carol', 'pr-bob', { delegate_id: 'pr-erin' }, 'forbidden'],
    ['by an approver for another', 'erin', 'pr-bob', { delegate_id: 'pr-erin' }, 'forbidden'],
    ['by somebody who does not approve', 'alice', 'pr-alice', { delegate_id: 'pr-erin' }, 'forbidden'],
    ['to oneself', 'bob', 'pr-bob', { delegate_id: 'pr-bob' }, 'invalid_body'],
    ['to nobody', 'bob', 'pr-bob', { delegate_id: 'pr-nobody' }, 'invalid_body'],
    ['to somebody who does not approve', 'bob', 'pr-bob', { delegate_id: 'pr-alice' }, 'invalid_body'],
    ['to an admin', 'bob', 'pr-bob', { delegate_id: 'pr-carol' }, 'invalid_body'],
    ['that is over already', 'bob', 'pr-bob', { until: -10 }, 'invalid_body'],
    ['that ends before it begins', 'bob', 'pr-bob', { from: 7200 }, 'invalid_body'],
    ['of more than 90 days', 'bob', 'pr-bob', { until: 91 * 86_400 }, 'invalid_body'],
  ] as const)('is not given %s', async (_, who, id, given, code) => {
    const world = await makeFurnishedWorld()
    const {
      from,
      until = 3600,
      delegate_id = 'pr-erin',
    } = { from: undefined, ...given } as {
      from?: number
      until?: number
      delegate_id?: string
    }
    const times = { until: at(world, until), ...(from === undefined ? {} : { from: at(world, from) }) }
    const body = { delegate_id, ...times }
    await expect(world.call(who, 'giveDelegation', { id, body })).rejects.toMatchObject({ code })
  })

  it('is not given by an approver who is one by the groups of a token alone', async () => {
    const world = await makeFurnishedWorld()
    world.people.alice = { ...world.people.alice, roles: ['operator', 'approver'] }
    await expect(
      give(world, 'alice', { delegate_id: 'pr-erin', until: at(world, 60) }),
    ).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('is one of twenty at most that are not over', async () => {
    const world = await makeFurnishedWorld()
    for (let n = 0; n < 20; n += 1) await world.standIn('erin', 'bob')
    await expect(world.standIn('erin', 'bob')).rejects.toMatchObject({ code: 'conflict' })
    world.pass(3601)
    await world.standIn('erin', 'bob')
  })

  it.each(['bob', 'erin', 'carol'] as const)('is ended by %s, at once and once', async (who) => {
    const world = await makeFurnishedWorld({ approval_policy: { stages: security } })
    const id = await world.standIn('erin', 'bob')
    const { approval_id } = await world.ask()
    const ended = await end(world, who, id)
    expect(ended.body.ended_at).toBe(at(world, 0))
    expect((await world.principals.get('pr-bob'))?.last).toMatchObject({
      type: 'delegation_ended',
      actor: `pr-${who}`,
    })
    const { sequence } = (await world.principals.get('pr-bob'))?.last ?? {}
    expect((await end(world, who, id)).body).toEqual(ended.body)
    expect((await world.principals.get('pr-bob'))?.last.sequence).toBe(sequence)
    await expect(approve(world, 'erin', approval_id, 'pr-bob')).rejects.toMatchObject({ code: 'forbidden' })
  })

  it.each(['frank', 'alice', 'dave'] as const)(
    'is not ended by %s, whom it does not concern',
    async (who) => {
      const world = await makeFurnishedWorld()
      const id = await world.standIn('erin', 'bob')
      await expect(end(world, who, id)).rejects.toMatchObject({ code: 'forbidden' })
    },
  )
})

describe('A delegate', () => {
  it('decides in the place of whom they stand for: job, event and receipt name both', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages: security } })
    const delegation_id = await world.standIn('erin', 'bob')
    const { job_id, approval_id } = await world.ask()
    await expect(approve(world, 'erin', approval_id)).rejects.toThrow('not among those')
    const { body } = await approve(world, 'erin', approval_id, 'pr-bob')
    const stoodFor = { id: 'pr-bob', name: 'bob', email: 'bob@example.com', delegation_id }
    expect(body.decisions).toMatchObject([{ by: 'pr-erin', for: stoodFor, stage: 'security' }])
    const details = (await lastOf(world, job_id))?.details
    expect(details).toMatchObject({ for: stoodFor })
    expect(verify(String(details?.receipt))).toMatchObject({
      decider: { id: 'pr-erin', teams: ['platform'] },
      for: { ...stoodFor, roles: ['approver'], teams: ['security'] },
    })
    await world.drain()
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })

  it('gives the same answer to the same word again, also after the delegation is over', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    await world.standIn('erin', 'bob')
    const { approval_id } = await world.ask()
    const first = await approve(world, 'erin', approval_id, 'pr-bob')
    world.pass(4000)
    expect((await approve(world, 'erin', approval_id, 'pr-bob')).body).toEqual(first.body)
  })

  type Case = readonly [title: string, (world: World) => Promise<unknown>, code: string]
  const cases: readonly Case[] = [
    [
      'before it begins',
      async (world) =>
        give(world, 'bob', { delegate_id: 'pr-erin', from: at(world, 60), until: at(world, 120) }),
      'forbidden',
    ],
    [
      'from its end on',
      async (world) => world.standIn('erin', 'bob').then(() => world.pass(3600)),
      'forbidden',
    ],
    ['without one', async () => undefined, 'forbidden'],
    ['of another giver', (world) => world.standIn('erin', 'frank'), 'forbidden'],
    ['that somebody else has', (world) => world.standIn('frank', 'bob'), 'forbidden'],
    [
      'handed on by somebody who has it',
      async (world) => {
        await world.standIn('frank', 'bob')
        await world.standIn('erin', 'frank')
      },
      'forbidden',
    ],
    [
      'once the giver may not approve any more',
      async (world) => {
        await world.standIn('erin', 'bob')
        world.become('bob', { roles: ['operator'] })
      },
      'forbidden',
    ],
    [
      'once the giver is disabled',
      async (world) => {
        await world.standIn('erin', 'bob')
        world.become('bob', { status: 'disabled' })
      },
      'forbidden',
    ],
    [
      'who may not approve any more themselves',
      async (world) => {
        await world.standIn('erin', 'bob')
        world.become('erin', { roles: ['operator'] })
      },
      'forbidden',
    ],
  ]

  it.each(cases)('does not decide in the place of another %s', async (_, prepare, code) => {
    const world = await makeFurnishedWorld({ approval_policy: { stages: security } })
    const { job_id, approval_id } = await world.ask()
    await prepare(world)
    await expect(approve(world, 'erin', approval_id, 'pr-bob')).rejects.toMatchObject({ code })
    expect((await world.jobOf(job_id)).job.approval?.decisions).toEqual([])
  })

  it.each([
    ['requested it', { who: 'frank', body: {} }],
    ['owns it', { who: 'alice', body: { owner: 'FRANK@example.com' } }],
  ] as const)(
    'is never somebody who %s, nor stands for them; each try is on record',
    async (_, { who, body }) => {
      const world = await makeFurnishedWorld()
      await world.standIn('erin', 'frank')
      await world.standIn('frank', 'bob')
      const { job_id, approval_id } = await world.ask(body, who)
      for (const [by, stoodFor] of [
        ['frank', 'pr-bob'],
        ['erin', 'pr-frank'],
      ] as const) {
        await expect(approve(world, by, approval_id, stoodFor)).rejects.toMatchObject({
          code: 'two_person_integrity',
        })
        expect(await lastOf(world, job_id)).toMatchObject({
          type: 'approval_refused',
          actor: `pr-${by}`,
          details: { for: stoodFor },
        })
      }
    },
  )
})

describe('One word of two people', () => {
  const two = () => makeFurnishedWorld({ approval_policy: { quorum: 2 } })

  it.each([
    ['the delegate for them, then they themselves', [['erin', 'pr-bob'], ['bob']]],
    ['they themselves, then the delegate for them', [['bob'], ['erin', 'pr-bob']]],
    ['the delegate for them, then for himself', [['erin', 'pr-bob'], ['erin']]],
    ['the delegate for himself, then for them', [['erin'], ['erin', 'pr-bob']]],
    [
      'two delegates of one',
      [
        ['erin', 'pr-bob'],
        ['frank', 'pr-bob'],
      ],
    ],
    [
      'one delegate of two',
      [
        ['erin', 'pr-bob'],
        ['erin', 'pr-frank'],
      ],
    ],
    [
      'each for the other',
      [
        ['erin', 'pr-bob'],
        ['bob', 'pr-erin'],
      ],
    ],
  ] as const)('counts once: %s', async (_, words) => {
    const world = await two()
    await world.standIn('erin', 'bob')
    await world.standIn('frank', 'bob')
    await world.standIn('erin', 'frank')
    await world.standIn('bob', 'erin')
    const { job_id, approval_id } = await world.ask()
    const [[first, firstFor], [second, secondFor]] = words as unknown as [[Name, string?], [Name, string?]]
    await approve(world, first, approval_id, firstFor)
    await expect(approve(world, second, approval_id, secondFor)).rejects.toMatchObject({
      code: 'approval_decided',
    })
    const { job } = await world.jobOf(job_id)
    expect([job.status, job.approval?.decisions.length]).toEqual(['AwaitingApproval', 1])
  })

  it('counts once also where both come at the same instant', async () => {
    const world = await two()
    await world.standIn('erin', 'bob')
    const { job_id, approval_id } = await world.ask()
    const results = await Promise.allSettled([
      approve(world, 'erin', approval_id, 'pr-bob'),
      approve(world, 'bob', approval_id),
    ])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await world.jobOf(job_id)).job.approval?.decisions).toHaveLength(1)
  })
})

describe('What becomes of people between their word and its record', () => {
  const racing = async (change: (world: World, delegation: string) => unknown, stoodFor?: string) => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const delegation = await world.standIn('erin', 'bob')
    const { job_id, approval_id } = await world.ask()
    const sign = world.receipts.sign
    // The receipt is sealed after the word was judged, and before it is stored.
    const receipts = {
      ...world.receipts,
      sign: async (input: Uint8Array) => {
        await change(world, delegation)
        return sign(input)
      },
    }
    const word = { verdict: 'approve', note: null, for: stoodFor ?? null } as const
    const said = decideApproval({ ...world, receipts }, world.people.erin, approval_id, word)
    await expect(said).rejects.toMatchObject({ code: 'conflict' })
    expect((await world.jobOf(job_id)).job.approval?.decisions).toEqual([])
  }

  it('counts: who lost their role at that moment has said nothing', () =>
    racing((world) =>
      world.table.tamper(keys.principal('pr-erin'), (row) => ({ ...row, roles: [], version: 2 })),
    ))

  it('counts: whom they stand for was disabled at that moment', () =>
    racing(
      (world) =>
        world.table.tamper(keys.principal('pr-bob'), (row) => ({ ...row, status: 'disabled', version: 2 })),
      'pr-bob',
    ))

  it('counts: the delegation was ended at that moment', () =>
    racing((world, delegation) => end(world, 'carol', delegation), 'pr-bob'))
})
