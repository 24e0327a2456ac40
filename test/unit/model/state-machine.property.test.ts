import fc from 'fast-check'
import { expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import type { Row } from '../../../lib/aws/table-client.ts'
import { isUnbroken } from '../../../lib/model/event.ts'
import { type JobStatus, jobStatuses } from '../../../lib/model/job.ts'
import { Refusal } from '../../../lib/model/refusal.ts'
import { csrFor, makeFurnishedWorld, type Name, profileBody, type World } from '../../support/world.ts'

type Gate = { readonly gated: boolean; readonly quorum: number }

/** What a test knows of a job without ever reading it: who asked, who agreed, where it must stand. */
type Expected = {
  readonly id: string
  readonly approval_id: string
  readonly profile: Profile
  readonly requester: Name
  readonly owner: Name
  readonly pinned: Gate
  readonly deadline: number
  readonly approvers: Set<Name>
  readonly rejecters: Set<Name>
  status: JobStatus
  state: 'none' | 'pending' | 'approved' | 'rejected' | 'expired' | 'withdrawn'
  tampered: boolean
}

const profileIds = ['p-prod-web', 'p-dev-web'] as const
type Profile = (typeof profileIds)[number]

type Model = { readonly jobs: Expected[]; readonly profiles: Record<Profile, Gate> }

type Command = fc.AsyncCommand<Model, World>

const approvers: readonly Name[] = ['bob', 'erin', 'frank']
const everybody: readonly Name[] = ['alice', 'bob', 'erin', 'frank', 'carol', 'dave']
const week = 7 * 86_400
const csr = csrFor('www.example.com')

const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  try {
    await attempt
    return 'done'
  } catch (error) {
    return error instanceof Refusal ? error.code : 'fault'
  }
}

/** How many people it takes by now; 0 for none. */
const needed = (model: Model, { pinned, profile }: Expected): number =>
  Math.max(...[pinned, model.profiles[profile]].map(({ gated, quorum }) => (gated ? quorum : 0)))

const told = (
  { requester, owner, ...job }: Expected,
  by: Name,
  verdict: 'approve' | 'reject',
  now: number,
) => {
  if (job.state === 'none') return 'not_found'
  if (by === requester || by === owner) return 'two_person_integrity'
  if (!approvers.includes(by)) return 'forbidden'
  const [same, other] =
    verdict === 'approve' ? [job.approvers, job.rejecters] : [job.rejecters, job.approvers]
  if (same.has(by)) return 'done'
  if (other.has(by) || job.state !== 'pending') return 'approval_decided'
  return now > job.deadline ? 'approval_expired' : 'done'
}

/** Whatever was done, by whomever: this holds of every job. */
const holds = async (model: Model, world: World): Promise<void> => {
  const signed = new Set<string>()
  for (const expected of model.jobs) {
    const rows = [...world.table.rows.values()].filter(({ pk }) => pk === `JOB#${expected.id}`)
    const types = rows.map(({ type }) => type)
    const planned = rows.filter(({ type }) => type === 'issuance_planned')
    expect(types.filter((type) => type === 'certificate_issued').length).toBeLessThanOrEqual(1)
    if (planned.length > 0) {
      expect(expected.approvers.size).toBeGreaterThanOrEqual(
        expected.pinned.gated ? expected.pinned.quorum : 0,
      )
      expect(expected.approvers).not.toContain(expected.requester)
      expect(expected.approvers).not.toContain(expected.owner)
    }
    for (const { details } of planned) signed.add(String((details as Row).tbs_sha256))
    if (!expected.tampered) await agrees(expected, world)
  }
  for (const signature of world.signatures) expect(signed).toContain(signature)
  expect(new Set(world.signatures).size).toBe(world.signatures.length)
}

const agrees = async (expected: Expected, world: World): Promise<void> => {
  const { job, events } = await world.jobOf(expected.id)
  expect(isUnbroken(expected.id, events)).toBe(true)
  expect([job.status, job.approval?.state ?? 'none']).toEqual([expected.status, expected.state])
  expect(events.some(({ type }) => type === 'certificate_issued')).toBe(expected.status === 'Completed')
}

/** A step that is checked against what the model says of it, and after which everything must hold. */
const command = (name: string, run: (model: Model, world: World) => Promise<void>): Command => ({
  check: () => true,
  run: async (model, world) => {
    await run(model, world)
    await holds(model, world)
  },
  toString: () => name,
})

const onJob = (
  name: string,
  index: number,
  run: (job: Expected, model: Model, world: World) => Promise<void>,
): Command => ({
  ...command(`${name} #${index}`, async (model, world) => {
    const job = model.jobs[index % model.jobs.length]
    if (job !== undefined) await run(job, model, world)
  }),
  check: ({ jobs }) => jobs.length > 0,
})

const request = (who: Name, owner: Name, profile: Profile) =>
  command(`request(${who}, ${owner}, ${profile})`, async (model, world) => {
    const pinned = model.profiles[profile]
    const asked = await world.ask({ profile_id: profile, owner: `${owner}@EXAMPLE.com`, csr }, who)
    model.jobs.push({
      id: asked.job_id,
      approval_id: asked.approval_id || asked.job_id.replace('job-', 'ar-'),
      profile,
      requester: who,
      owner,
      pinned,
      deadline: world.now().getTime() + week * 1000,
      approvers: new Set(),
      rejecters: new Set(),
      status: pinned.gated ? 'AwaitingApproval' : 'Pending',
      state: pinned.gated ? 'pending' : 'none',
      tampered: false,
    })
  })

const decide = (by: Name, verdict: 'approve' | 'reject', index: number) =>
  onJob(`${verdict}(${by})`, index, async (job, _, world) => {
    const expected = told(job, by, verdict, world.now().getTime())
    const body = { note: 'because' }
    const found = await codeOf(world.call(by, verdict, { id: job.approval_id, body }))
    if (!job.tampered) expect(found).toBe(expected)
    if (found !== 'done') return
    const open = job.state === 'pending'
    if (verdict === 'approve') job.approvers.add(by)
    else job.rejecters.add(by)
    if (open && verdict === 'reject') Object.assign(job, { state: 'rejected', status: 'Cancelled' })
    if (open && verdict === 'approve' && job.approvers.size >= job.pinned.quorum)
      Object.assign(job, { state: 'approved', status: 'Pending' })
  })

const withdraw = (by: Name, index: number) =>
  onJob(`withdraw(${by})`, index, async (job, _, world) => {
    const found = await codeOf(world.call(by, 'withdraw', { id: job.approval_id }))
    const open = job.state === 'pending' || job.state === 'withdrawn'
    const otherwise = job.state === 'none' ? 'not_found' : 'approval_decided'
    if (!job.tampered) expect(found).toBe(by !== job.requester ? 'forbidden' : open ? 'done' : otherwise)
    if (found === 'done') Object.assign(job, { state: 'withdrawn', status: 'Cancelled' })
  })

const cancel = (by: Name, index: number) =>
  onJob(`cancel(${by})`, index, async (job, _, world) => {
    const found = await codeOf(world.call(by, 'cancelJob', { id: job.id }))
    const over = job.status === 'Completed' || job.status === 'Failed'
    if (!job.tampered) expect(found).toBe(over ? 'job_not_cancellable' : 'done')
    if (found !== 'done' || job.status === 'Cancelled') return
    Object.assign(job, { status: 'Cancelled', state: job.state === 'pending' ? 'withdrawn' : job.state })
  })

/** Any worker is offered any job at any time. */
const dispatch = (queue: 'kms' | 'apply', index: number) =>
  onJob(`dispatch(${queue})`, index, async (job, model, world) => {
    await codeOf(queue === 'kms' ? world.issue(job.id) : world.applyJob(job.id))
    if (job.status !== 'Pending') return
    const enough = job.approvers.size >= needed(model, job)
    const inTime = job.state === 'none' || world.now().getTime() <= job.deadline
    job.status = queue === 'kms' && enough && inTime ? 'Completed' : 'Failed'
  })

/** The honest way to a certificate: all who may approve, then a worker. */
const carryThrough = (index: number): Command => {
  const steps = [...approvers.map((who) => decide(who, 'approve', index)), dispatch('kms', index)]
  return onJob('carryThrough', index, async (_, model, world) => {
    for (const step of steps) await step.run(model, world)
  })
}

const pass = (seconds: number) => command(`pass(${seconds})`, async (_, world) => world.pass(seconds))

const tend = () =>
  command('tend', async (model, world) => {
    await world.tend()
    for (const job of model.jobs)
      if (job.state === 'pending' && world.now().getTime() > job.deadline)
        Object.assign(job, { state: 'expired', status: 'Cancelled' })
  })

const edit = (profile: Profile, gate: Gate) =>
  command(`edit(${profile}, ${JSON.stringify(gate)})`, async (model, world) => {
    const body = {
      ...profileBody,
      requires_approval: gate.gated,
      approval_policy: { quorum: gate.quorum, expires_after: 'P7D' },
    }
    const before = await world.profiles.current(profile)
    const reply = await world.call('carol', 'changeProfile', { id: profile, body })
    for (const who of approvers.slice(0, reply.body.approval.quorum))
      await world.call(who, 'approve', { id: reply.body.approval.id })
    await world.applyJob(reply.body.job.id)
    expect((await world.profiles.current(profile))?.version).toBe((before?.version ?? 0) + 1)
    model.profiles[profile] = gate
  })

const forgeries: Readonly<Record<string, (row: Row, digest: string) => Row>> = {
  approved: (row) => ({
    ...row,
    status: 'Pending',
    approval: { ...(row.approval as Row), state: 'approved' },
  }),
  ungated: (row) => ({ ...row, status: 'Pending', approval: null }),
  decided: (row, digest) => ({
    ...row,
    status: 'Pending',
    approval: {
      ...(row.approval as Row),
      state: 'approved',
      decisions: approvers.map((name) => ({
        by: `pr-${name}`,
        name,
        email: null,
        verdict: 'approve',
        note: null,
        digest,
        time: row.updated_at,
      })),
    },
  }),
  unowned: (row) => ({ ...row, owner: 'nobody', requested_by: 'pr-nobody' }),
  later: (row) => ({
    ...row,
    approval: { ...(row.approval as Row), expires_at: '2099-01-01T00:00:00.000Z' },
  }),
  ...Object.fromEntries(jobStatuses.map((status) => [status, (row: Row) => ({ ...row, status })])),
}

/** Somebody writes to the table by hand. */
const tamper = (how: string, index: number) =>
  onJob(`tamper(${how})`, index, async (job, _, world) => {
    job.tampered = true
    world.table.tamper(keys.job(job.id), (row) => {
      if (row.approval === null && (how === 'approved' || how === 'decided' || how === 'later')) return row
      return forgeries[how]?.(row, String(row.digest)) ?? row
    })
  })

const someone = fc.constantFrom(...everybody)
const some = fc.nat({ max: 5 })
const profile = fc.constantFrom(...profileIds)

const commands = fc.commands(
  [
    fc
      .tuple(fc.constantFrom<Name>('alice', 'frank'), fc.constantFrom<Name>('alice', 'erin', 'dave'), profile)
      .map((given) => request(...given)),
    fc.tuple(someone, fc.constant('approve' as const), some).map((given) => decide(...given)),
    fc
      .tuple(fc.constantFrom(...approvers), fc.constant('approve' as const), some)
      .map((given) => decide(...given)),
    fc.tuple(someone, fc.constant('reject' as const), some).map((given) => decide(...given)),
    fc.tuple(fc.constantFrom<Name>('alice', 'frank'), some).map((given) => withdraw(...given)),
    fc.tuple(fc.constantFrom<Name>('alice', 'frank'), some).map((given) => cancel(...given)),
    fc
      .tuple(fc.constantFrom('kms' as const, 'kms' as const, 'apply' as const), some)
      .map((given) => dispatch(...given)),
    some.map(carryThrough),
    fc.constantFrom(1, 3600, week - 3600, week).map(pass),
    fc.constant(tend()),
    fc
      .tuple(profile, fc.record({ gated: fc.boolean(), quorum: fc.integer({ min: 1, max: 3 }) }))
      .map((given) => edit(...given)),
    fc.tuple(fc.constantFrom(...Object.keys(forgeries)), some).map((given) => tamper(...given)),
  ],
  { maxCommands: 30, size: 'max' },
)

/** What the runs of a test came to, so that it cannot pass by never issuing anything. */
const reached = new Set<string>()

it('No sequence of steps leads to a signature without its quorum, out of a terminal status, or to a second certificate', async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const world = await makeFurnishedWorld()
      const model: Model = {
        jobs: [],
        profiles: { 'p-prod-web': { gated: true, quorum: 1 }, 'p-dev-web': { gated: false, quorum: 1 } },
      }
      await fc.asyncModelRun(() => ({ model, real: world }), sequence)
      for (const { status, state, tampered, pinned } of model.jobs)
        reached.add(
          `${tampered ? 'tampered' : 'honest'} ${pinned.gated ? 'gated' : 'free'} ${status} ${state}`,
        )
    }),
    { numRuns: 80 },
  )
  expect(reached).toContain('honest gated Completed approved')
  expect(reached).toContain('honest free Completed none')
}, 60_000)
