import { beforeEach, describe, expect, it } from 'vitest'
import { items, keys } from '../../../lib/aws/table.ts'
import { sealReceipt } from '../../../lib/flows/receipts.ts'
import { append } from '../../../lib/model/event.ts'
import { contentDigest, type Job, type JobContent } from '../../../lib/model/job.ts'
import type { ProfileVersion } from '../../../lib/model/profile.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

/** What somebody can do who writes to every table, and holds no key. */
describe('rules written into the table by hand', () => {
  let world: World
  let gated: ProfileVersion

  beforeEach(async () => {
    world = await makeFurnishedWorld()
    const current = await world.profiles.current('p-prod-web')
    if (current === null) throw new Error('no profile')
    gated = current
  })

  const store = (profile: ProfileVersion): void => {
    world.table.write(items.profile(profile))
    world.table.write({ ...keys.profileVersion(profile.id, profile.version), ...profile })
  }

  /** Asks under the profile as it is now, lets the signer at it, and tells what came of it. */
  const outcome = async (profile_id = 'p-prod-web') => {
    const before = world.signatures.length
    const { job_id } = await world.ask({ profile_id })
    await world.drain()
    const { job, events } = await world.jobOf(job_id)
    return {
      signed: world.signatures.length - before,
      status: job.status,
      message: job.error_message,
      last: events.at(-1)?.type,
    }
  }

  const open = (profile: ProfileVersion): ProfileVersion => ({
    ...profile,
    document: { ...profile.document, requires_approval: false },
  })

  it('issue nothing when the live version is made ungated', async () => {
    store(open(gated))
    expect(await outcome()).toEqual({
      signed: 0,
      status: 'Failed',
      message: 'signing refused: version 1 of profile p-prod-web is not what its job made',
      last: 'signing_refused',
    })
  })

  it('issue nothing when a further, ungated version names the job of the first', async () => {
    store({ ...open(gated), version: 2 })
    expect(await outcome()).toMatchObject({ signed: 0, status: 'Failed', last: 'signing_refused' })
  })

  it('issue nothing when the version names a job that does not exist', async () => {
    store({ ...open(gated), version: 2, job_id: 'job-nothing' })
    const { signed, message } = await outcome()
    expect(signed).toBe(0)
    expect(message).toContain('version 2 of profile p-prod-web has no job that made it')
  })

  it('issue nothing when the version names a job of another kind', async () => {
    const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
    await world.drain()
    store({ ...open(gated), version: 2, job_id })
    expect((await outcome()).signed).toBe(0)
  })

  /** A whole, well-formed, completed job that changes the profile, decided by an invented approver. */
  const forgeJob = (receipt: string | null): ProfileVersion => {
    const document = { ...gated.document, requires_approval: false }
    const content: JobContent = {
      type: 'ProfileChange',
      operation: 'update',
      profile_id: gated.id,
      base_version: 1,
      document,
      issuer: gated.issuer,
    }
    const id = 'job-forged0'
    const digest = contentDigest(content)
    const time = world.now().toISOString()
    const expires_at = new Date(world.now().getTime() + 86_400_000).toISOString()
    const job: Job = {
      id,
      version: 3,
      type: 'ProfileChange',
      status: 'Completed',
      queue: 'apply',
      digest,
      certificate_id: null,
      profile_id: gated.id,
      profile_version: null,
      issuer_id: null,
      owner: 'pr-carol',
      requested_by: 'pr-carol',
      reason: null,
      ticket: null,
      approval: {
        state: 'approved',
        quorum: 1,
        stages: [{ name: 'approval', quorum: 1, eligible: { roles: ['approver'] } }],
        order: 'parallel',
        remind_at: [],
        escalation: null,
        policy_sha256: 'ab'.repeat(32),
        decisions: [
          {
            by: 'pr-bob',
            name: 'bob',
            email: 'bob@example.com',
            for: null,
            verdict: 'approve',
            stage: 'approval',
            note: null,
            digest,
            time,
          },
        ],
        created_at: time,
        expires_at,
      },
      grant: null,
      outside_grants: [],
      lease: null,
      progress: null,
      attempts: 1,
      error_message: null,
      created_at: time,
      updated_at: time,
    }
    const snapshot = (status: Job['status'], approval_state: string) => ({
      id,
      type: job.type,
      status,
      queue: job.queue,
      approval_state,
      profile_id: job.profile_id,
      created_at: time,
    })
    const carol = { id: 'pr-carol', type: 'Person' } as const
    const bob = { id: 'pr-bob', type: 'Person' } as const
    const asked = { digest, owner: 'pr-carol', expires_at }
    const words = { verdict: 'approve', stage: 'approval', note: null, digest, receipt }
    const events = append(
      id,
      [],
      [
        {
          type: 'profile_change_requested',
          actor: carol,
          resource: id,
          job: snapshot('AwaitingApproval', 'pending'),
          details: asked,
        },
        {
          type: 'approval_requested',
          actor: carol,
          resource: id,
          job: snapshot('AwaitingApproval', 'pending'),
          details: asked,
        },
        {
          type: 'approval_approved',
          actor: bob,
          resource: id,
          job: snapshot('Pending', 'approved'),
          details: words,
        },
        {
          type: 'profile_changed',
          actor: { id: 'worker-apply', type: 'System' },
          resource: id,
          job: snapshot('Completed', 'approved'),
          details: {},
        },
      ],
      world.now(),
    )
    world.table.write(items.job(job))
    world.table.write({ ...keys.content(id), ...content })
    for (const event of events) world.table.write(items.event(`JOB#${id}`, event))
    return { ...gated, version: 2, document, job_id: id }
  }

  it('issue nothing with a forged job behind them that has no receipt', async () => {
    store(forgeJob(null))
    const { signed, message } = await outcome()
    expect(signed).toBe(0)
    expect(message).toContain('a decision has no receipt that verifies')
  })

  it('issue nothing with a receipt that was given for another job', async () => {
    const made = await world.jobOf(gated.job_id)
    const genuine = made.events.find(({ type }) => type === 'approval_approved')?.details.receipt
    store(forgeJob(typeof genuine === 'string' ? genuine : ''))
    const { signed, message } = await outcome()
    expect(signed).toBe(0)
    expect(message).toContain('the receipt of a decision is for another one')
  })

  it('issue nothing with a receipt that a stranger signed', async () => {
    const receipts = { kid: 'decision', sign: world.clockReceipts.sign }
    const draft = { job_id: 'job-forged0', digest: 'ab'.repeat(32), policy_sha256: 'ab'.repeat(32) }
    const more = {
      requester: 'pr-carol',
      owner: 'pr-carol',
      ticket: null,
      decider: null,
      for: null,
      verdict: 'approve',
      stage: null,
    } as const
    const time = world.now().toISOString()
    store(forgeJob(await sealReceipt({ ...world, receipts }, { ...draft, ...more, time })))
    expect((await outcome()).message).toContain('a decision has no receipt that verifies')
  })

  it('lose nothing that was honest: the same profile issues when it is left alone', async () => {
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })
})
