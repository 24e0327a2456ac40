import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { gatherEvidence } from '../../../lib/flows/gather-evidence.ts'
import { receiptVerifier, sealReceipt } from '../../../lib/flows/receipts.ts'
import { tend } from '../../../lib/flows/tend.ts'
import { verifyEvidence } from '../../../lib/flows/verify-evidence.ts'
import { append } from '../../../lib/model/event.ts'
import { environment, makeFurnishedWorld, profileBody, receiptKeys, type World } from '../../support/world.ts'

const hour = 3600
const day = 24 * hour

const verify = receiptVerifier(receiptKeys, environment)

const typesOf = async (world: World, job_id: string) =>
  (await world.jobOf(job_id)).events.map(({ type }) => type)

const countOf = async (world: World, job_id: string, type: string) =>
  (await typesOf(world, job_id)).filter((one) => one === type).length

const dueOf = (world: World, job_id: string) =>
  String(world.table.rows.get(`JOB#${job_id}\u0000JOB`)?.gsi5sk).split('#')[0]

const at = (world: World, seconds: number) => new Date(world.now().getTime() + seconds * 1000).toISOString()

/** As many sweeps at the same instant, on the clock's own key. */
const sweepsAtOnce = (world: World, count: number) =>
  Promise.all(Array.from({ length: count }, () => tend({ ...world, receipts: world.clockReceipts })))

describe('an approval that is not decided', () => {
  const remind_after = ['P1D', 'P3D', 'P5D']
  const reminded = () => makeFurnishedWorld({ approval_policy: { remind_after, quorum: 2 } })

  it('is looked at when the next reminder is due, and not before', async () => {
    const world = await reminded()
    const { job_id, approval_id } = await world.ask()
    world.pass(hour)
    await world.call('bob', 'approve', { id: approval_id })
    expect(dueOf(world, job_id)).toBe(at(world, 12 * hour))
    world.pass(20 * hour)
    await world.sweep()
    expect(await countOf(world, job_id, 'approval_reminded')).toBe(0)
    expect(dueOf(world, job_id)).toBe(at(world, 3 * hour))
  })

  it('has people reminded at each time, once, however often and at once it is swept', async () => {
    const world = await reminded()
    const { job_id } = await world.ask()
    const seen = []
    for (let hours = 0; hours < 7 * 24 - 1; hours += 1) {
      world.pass(hour)
      await sweepsAtOnce(world, 2)
      seen.push(await countOf(world, job_id, 'approval_reminded'))
    }
    expect([seen[22], seen[24], seen[70], seen[72], seen[118], seen[120], seen.at(-1)]).toEqual([
      0, 1, 1, 2, 2, 3, 3,
    ])
  })

  it('says who is still missing, and until when', async () => {
    const world = await reminded()
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    const due_at = at(world, day)
    const expires_at = at(world, 7 * day)
    world.pass(day)
    await world.sweep()
    expect((await world.jobOf(job_id)).events.at(-1)).toMatchObject({
      type: 'approval_reminded',
      actor: 'system-reaper',
      actor_type: 'System',
      details: { due_at, expires_at, waiting_for: [{ stage: 'approval', missing: 1 }] },
    })
  })

  it('has each reminder on record also where no sweep ran for days', async () => {
    const world = await reminded()
    const { job_id } = await world.ask()
    world.pass(4 * day)
    await sweepsAtOnce(world, 5)
    expect(await countOf(world, job_id, 'approval_reminded')).toBe(2)
    await world.sweep()
    expect(await countOf(world, job_id, 'approval_reminded')).toBe(2)
  })

  it('has nobody reminded once it is over', async () => {
    const world = await reminded()
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'reject', { id: approval_id, body: { note: 'no' } })
    world.pass(6 * day)
    await world.sweep()
    expect(await countOf(world, job_id, 'approval_reminded')).toBe(0)
  })

  it('expires all the same, and then is reminded of nothing', async () => {
    const world = await reminded()
    const { job_id } = await world.ask()
    world.pass(8 * day)
    await sweepsAtOnce(world, 3)
    expect(await typesOf(world, job_id)).toEqual([
      'certificate_requested',
      'approval_requested',
      'approval_expired',
    ])
  })
})

const stages = [
  { name: 'security', quorum: 1, eligible: { teams: ['security'] } },
  { name: 'platform', quorum: 1, eligible: { principals: ['pr-erin'] } },
]
const policy = { stages, escalate_after: 'P2D', escalate_to: { principals: ['pr-frank', 'pr-bob'] } }
const escalating = () => makeFurnishedWorld({ approval_policy: policy })

describe('an approval that is escalated', () => {
  it('is so once, on record, with a receipt of the clock', async () => {
    const world = await escalating()
    const { job_id } = await world.ask()
    const due_at = at(world, 2 * day)
    expect(dueOf(world, job_id)).toBe(at(world, 12 * hour))
    world.pass(2 * day)
    await sweepsAtOnce(world, 3)
    await sweepsAtOnce(world, 3)
    expect(await countOf(world, job_id, 'approval_escalated')).toBe(1)
    const { job, events } = await world.jobOf(job_id)
    expect(events.at(-1)).toMatchObject({
      actor: 'system-reaper',
      details: { due_at, to: policy.escalate_to, waiting_for: [{ missing: 1 }, { missing: 1 }] },
    })
    expect(verify(String(events.at(-1)?.details.receipt))).toMatchObject({
      verdict: 'escalate',
      decider: null,
      job_id,
      time: due_at,
    })
    expect(job.approval).toMatchObject({ state: 'pending', escalation: { escalated_at: due_at } })
  })

  it('hears whom it was escalated to from then on, and not before', async () => {
    const world = await escalating()
    const { job_id, approval_id } = await world.ask()
    await expect(world.call('frank', 'approve', { id: approval_id })).rejects.toThrow('not among those')
    world.pass(2 * day)
    await expect(world.call('frank', 'approve', { id: approval_id })).rejects.toThrow('not among those')
    await world.sweep()
    await world.call('frank', 'approve', { id: approval_id })
    await world.call('erin', 'approve', { id: approval_id })
    await world.drain()
    const { job } = await world.jobOf(job_id)
    expect(job.status).toBe('Completed')
    expect(job.approval?.decisions.map(({ by, stage }) => `${by}:${stage}`)).toEqual([
      'pr-frank:security',
      'pr-erin:platform',
    ])
  })

  it('takes as many people as before, each once', async () => {
    const world = await escalating()
    const { job_id, approval_id } = await world.ask()
    world.pass(2 * day)
    await world.sweep()
    await world.call('frank', 'approve', { id: approval_id })
    await world.call('frank', 'approve', { id: approval_id })
    const { job } = await world.jobOf(job_id)
    expect([job.status, job.approval?.decisions.length]).toEqual(['AwaitingApproval', 1])
    await world.call('bob', 'approve', { id: approval_id })
    expect((await world.jobOf(job_id)).job.status).toBe('Pending')
  })

  it('hears no more than before of whoever requested or owns it, or may not approve', async () => {
    const world = await escalating()
    const { approval_id } = await world.ask({ owner: 'pr-frank' })
    world.pass(2 * day)
    await world.sweep()
    await expect(world.call('frank', 'approve', { id: approval_id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
    world.become('frank', { roles: ['operator'] })
    const other = await world.ask({})
    world.pass(2 * day)
    await world.sweep()
    await expect(world.call('frank', 'approve', { id: other.approval_id })).rejects.toThrow('roles approver')
  })

  it('may be decided by a delegate of whom it was escalated to', async () => {
    const world = await makeFurnishedWorld({
      approval_policy: { ...policy, stages: [stages[0]], escalate_to: { principals: ['pr-frank'] } },
    })
    const { job_id, approval_id } = await world.ask()
    world.pass(2 * day)
    await world.sweep()
    await world.standIn('erin', 'frank')
    await expect(world.call('erin', 'approve', { id: approval_id })).rejects.toThrow('not among those')
    await world.call('erin', 'approve', { id: approval_id, body: { for: 'pr-frank' } })
    await world.drain()
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })

  it('may go to the team of the owner', async () => {
    const world = await makeFurnishedWorld({
      approval_policy: { ...policy, stages: [stages[0]], escalate_to: { owner_team: true } },
    })
    await expect(world.ask()).rejects.toMatchObject({ code: 'invalid_body' })
    const { job_id, approval_id } = await world.ask({ team: 'web' })
    world.pass(2 * day)
    await world.sweep()
    await world.call('frank', 'approve', { id: approval_id })
    await world.drain()
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })

  it('proves it offline', async () => {
    const world = await escalating()
    const { approval_id, certificate_id } = await world.ask()
    world.pass(2 * day)
    await world.sweep()
    await world.call('frank', 'approve', { id: approval_id })
    await world.call('erin', 'approve', { id: approval_id })
    await world.drain()
    const bundle = await gatherEvidence(world, certificate_id, 1)
    expect(verifyEvidence(bundle, verify)).toEqual([])
    const events = bundle.issued_by.events.filter(({ type }) => type !== 'approval_escalated')
    expect(verifyEvidence({ ...bundle, issued_by: { ...bundle.issued_by, events } }, verify)).not.toEqual([])
  })

  it('made rules that count: a profile that was changed by those it was escalated to issues', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { ...policy, stages: [stages[0]] } })
    const body = { ...profileBody, requires_approval: true, approval_policy: { quorum: 1 } }
    const change = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
    world.pass(2 * day)
    await world.sweep()
    await world.call('frank', 'approve', { id: change.body.approval.id })
    await world.drain()
    const { job_id, approval_id } = await world.ask()
    await world.call('erin', 'approve', { id: approval_id })
    await world.drain()
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })
})

describe('an escalation that nobody vouches for', () => {
  const forgeries: readonly [string, (world: World, job_id: string) => Promise<void>][] = [
    ['is in the row alone', async () => undefined],
    ['has an event without a receipt', (world, job_id) => tell(world, job_id, { receipt: null })],
    [
      'has a receipt of the key for decisions',
      async (world, job_id) => {
        const receipt = await sealReceipt(world, await claimsFor(world, job_id, at(world, 0)))
        await tell(world, job_id, { receipt })
      },
    ],
    [
      'has a receipt from before its time',
      async (world, job_id) => {
        const clock = { ...world, receipts: world.clockReceipts }
        const receipt = await sealReceipt(clock, await claimsFor(world, job_id, at(world, 0)))
        await tell(world, job_id, { receipt })
      },
    ],
    [
      'has the receipt of another job',
      async (world, job_id) => {
        const other = await world.ask()
        const clock = { ...world, receipts: world.clockReceipts }
        const receipt = await sealReceipt(clock, await claimsFor(world, other.job_id, at(world, 3 * day)))
        await tell(world, job_id, { receipt })
      },
    ],
    [
      'has the receipt of its expiry instead',
      async (world, job_id) => {
        const clock = { ...world, receipts: world.clockReceipts }
        const claims = await claimsFor(world, job_id, at(world, 3 * day))
        await tell(world, job_id, { receipt: await sealReceipt(clock, { ...claims, verdict: 'expire' }) })
      },
    ],
  ]

  const claimsFor = async (world: World, job_id: string, time: string) => {
    const { job } = await world.jobOf(job_id)
    return {
      job_id,
      digest: job.digest,
      policy_sha256: job.approval?.policy_sha256 ?? '',
      requester: job.requested_by,
      owner: job.owner,
      ticket: job.ticket,
      decider: null,
      for: null,
      verdict: 'escalate' as const,
      stage: null,
      time,
    }
  }

  /** Puts an event at the end of the chain of a job, as somebody who can write the table could. */
  const tell = async (world: World, job_id: string, details: { receipt: string | null }): Promise<void> => {
    const { events } = await world.jobOf(job_id)
    const [last] = events.slice(-1)
    const draft = {
      type: 'approval_escalated',
      actor: { id: 'system-reaper', type: 'System' },
      resource: last?.resource ?? '',
      job: last?.job ?? null,
      details: { ...details, to: policy.escalate_to },
    } as const
    for (const event of append(job_id, events, [draft], world.now()))
      world.table.write({ ...keys.event(`JOB#${job_id}`, event.sequence), ...event })
  }

  it.each(forgeries)('%s: what was approved by those it names is not signed', async (_, forge) => {
    const world = await makeFurnishedWorld({ approval_policy: { ...policy, stages: [stages[0]] } })
    const { job_id, approval_id } = await world.ask()
    const before = world.signatures.length
    await forge(world, job_id)
    world.table.tamper(keys.job(job_id), (row) => {
      const approval = row.approval as { escalation: object }
      return {
        ...row,
        approval: { ...approval, escalation: { ...approval.escalation, escalated_at: at(world, 0) } },
      }
    })
    await world.call('frank', 'approve', { id: approval_id })
    await world.drain()
    const { job } = await world.jobOf(job_id)
    expect(world.signatures.length).toBe(before)
    expect(job.status).toBe('Failed')
    expect(job.error_message).toContain('somebody whom its stage does not name')
  })

  it('never makes less of a quorum, whatever the row says', async () => {
    const world = await escalating()
    const { job_id, approval_id } = await world.ask()
    const before = world.signatures.length
    world.pass(2 * day)
    await world.sweep()
    world.table.tamper(keys.job(job_id), (row) => ({
      ...row,
      approval: { ...(row.approval as object), quorum: 1, stages: [stages[0]] },
    }))
    await world.call('frank', 'approve', { id: approval_id })
    await world.drain()
    expect(world.signatures.length).toBe(before)
    expect((await world.jobOf(job_id)).job.error_message).toContain('stage "platform" lacks 1')
  })
})

describe('a policy that escalates', () => {
  it('is refused where whom it names could not approve', async () => {
    const world = await makeFurnishedWorld()
    const approval_policy = { ...policy, escalate_to: { principals: ['pr-dave', 'pr-nobody'] } }
    const body = { ...profileBody, requires_approval: true, approval_policy }
    await expect(world.call('carol', 'changeProfile', { id: 'p-prod-web', body })).rejects.toThrow(
      'escalate_to names nobody who approves (pr-dave lacks role approver, pr-nobody is not there)',
    )
  })
})
