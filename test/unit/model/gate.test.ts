import { beforeAll, describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { issueCertificate } from '../../../lib/flows/issue-certificate.ts'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { vouchersOf } from '../../../lib/flows/vouchers.ts'
import { approvalPolicy } from '../../../lib/model/approval-policy.ts'
import { append, type Event } from '../../../lib/model/event.ts'
import { type Evidence, mandateFor } from '../../../lib/model/gate.ts'
import { contentDigest, type JobFile } from '../../../lib/model/job.ts'
import type { ProfileVersion } from '../../../lib/model/profile.ts'
import { Refusal } from '../../../lib/model/refusal.ts'
import { type Rules, requirementFor } from '../../../lib/model/requirement.ts'
import { environment, makeFurnishedWorld, receiptKeys, type World } from '../../support/world.ts'

/** An honest job and its rules, at one moment. */
type Honest = Pick<Evidence, 'rules' | 'made_by' | 'founders' | 'endings' | 'now'> & {
  readonly file: JobFile
}

const honest = {} as Record<
  | 'approved'
  | 'waiting'
  | 'ungated'
  | 'rejected'
  | 'running'
  | 'ungatedRunning'
  | 'twice'
  | 'issuer'
  | 'edit',
  Honest
>

const verify = receiptVerifier(receiptKeys, environment)

const read = async (world: World, job_id: string): Promise<Honest> => {
  const file = await world.jobOf(job_id)
  const { content } = file
  const pinned = 'profile_version' in content ? content.profile_version : null
  const rules =
    'profile_id' in content
      ? await world.profiles.rules(content.profile_id, pinned)
      : { pinned: null, current: null }
  const makers = [file]
  for (const profile of [rules.pinned, rules.current])
    if (profile !== null) makers.push(await world.jobOf(profile.job_id))
  return { file, rules, ...(await vouchersOf(world, makers, verify)), now: world.now() }
}

const planned = async (world: World, job_id: string): Promise<Honest> => {
  const signer = {
    sign: async () => {
      throw new Error('no key')
    },
  }
  await expect(issueCertificate({ ...world.kms, signer }, job_id)).rejects.toThrow('no key')
  return read(world, job_id)
}

beforeAll(async () => {
  const world = await makeFurnishedWorld()
  const waiting = await world.ask()
  honest.waiting = await read(world, waiting.job_id)
  const approved = await world.ask({ owner: 'Team Web' })
  await world.call('bob', 'approve', { id: approved.approval_id, body: { note: 'ticket 7' } })
  honest.approved = await read(world, approved.job_id)
  const rejected = await world.ask()
  await world.call('bob', 'reject', { id: rejected.approval_id, body: { note: 'no' } })
  honest.rejected = await read(world, rejected.job_id)
  honest.running = await planned(world, approved.job_id)
  const ungated = await world.ask({ profile_id: 'p-dev-web' })
  honest.ungated = await read(world, ungated.job_id)
  honest.ungatedRunning = await planned(world, ungated.job_id)
  const edit = await world.call('carol', 'deleteProfile', { id: 'p-prod-web' })
  await world.call('bob', 'approve', { id: edit.body.approval.id })
  honest.edit = await read(world, edit.body.job.id)
  const created = await world.call('carol', 'createIssuer', {
    body: {
      id: 'iss-other',
      type: 'kms',
      name: 'Other',
      key: 'issuing',
      parent_id: 'iss-root',
      subject: [{ type: 'CN', value: 'Other' }],
      lifetime: 'P100D',
      path_length: 0,
    },
  })
  await world.call('bob', 'approve', { id: created.body.approval.id })
  honest.issuer = await read(world, created.body.job.id)

  const strict = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
  const twice = await strict.ask()
  await strict.call('bob', 'approve', { id: twice.approval_id })
  await strict.call('erin', 'approve', { id: twice.approval_id })
  honest.twice = await read(strict, twice.job_id)
})

const gate = ({ file, ...evidence }: Honest) =>
  mandateFor(file, {
    newest: new Map([evidence.rules.current].flatMap((one) => (one === null ? [] : [[one.id, one.version]]))),
    ...evidence,
    verify,
    bypass: null,
  })

type Tampering = (given: Honest) => Honest

const withJob =
  (change: (job: JobFile['job']) => Partial<JobFile['job']>): Tampering =>
  (given) => ({
    ...given,
    file: { ...given.file, job: { ...given.file.job, ...change(given.file.job) } },
  })

const withEvents =
  (change: (events: readonly Event[], given: Honest) => readonly Event[]): Tampering =>
  (given) => ({ ...given, file: { ...given.file, events: change(given.file.events, given) } })

const approvalOf = (given: Honest) => {
  const { approval } = given.file.job
  if (approval === null) throw new Error('no approval')
  return approval
}

type ApprovalOf = NonNullable<JobFile['job']['approval']>

const withApproval =
  (change: (approval: ApprovalOf) => Partial<ApprovalOf>): Tampering =>
  (given) =>
    withJob(() => ({ approval: { ...approvalOf(given), ...change(approvalOf(given)) } }))(given)

type DecisionOf = ApprovalOf['decisions'][number]

const withDecisions = (change: (first: DecisionOf) => readonly DecisionOf[]): Tampering =>
  withApproval(({ decisions: [first] }) => {
    if (first === undefined) throw new Error('no decision')
    return { decisions: [...change(first)] }
  })

const withRules =
  (change: (rules: Rules) => Partial<Rules>): Tampering =>
  (given) => ({ ...given, rules: { ...given.rules, ...change(given.rules) } })

const profileWith = (profile: ProfileVersion | null, document: Partial<ProfileVersion['document']>) => {
  if (profile === null) throw new Error('no profile')
  return { ...profile, document: { ...profile.document, ...document } }
}

const all =
  (...steps: readonly Tampering[]): Tampering =>
  (given) =>
    steps.reduce((so_far, step) => step(so_far), given)

/** A whole chain made anew over what was tampered with, as somebody who knows the code could. */
const rechained = withEvents((events, { file }) => {
  const chain: Event[] = []
  for (const { type, actor, actor_type, resource, job, details, time } of events) {
    const draft = { type, actor: { id: actor, type: actor_type }, resource, job, details }
    chain.push(...append(file.job.id, chain, [draft], new Date(time)))
  }
  return chain
})

const approveEvent = (given: Honest, by: string): Honest => {
  const { file } = given
  const decision = {
    by,
    name: by.replace('pr-', ''),
    email: null,
    for: null,
    verdict: 'approve',
    stage: 'approval',
    note: null,
    digest: file.job.digest,
    time: given.now.toISOString(),
  } as const
  const approval = { ...approvalOf(given), state: 'approved' as const, decisions: [decision] }
  const job = { ...file.job, status: 'Pending' as const, approval }
  const snapshot = {
    id: job.id,
    type: job.type,
    status: job.status,
    queue: job.queue,
    approval_state: 'approved',
    profile_id: job.profile_id,
    created_at: job.created_at,
  }
  const details = { verdict: 'approve', stage: 'approval', note: null, digest: job.digest }
  const event = append(
    job.id,
    file.events,
    [
      {
        type: 'approval_approved',
        actor: { id: by, type: 'Person' },
        resource: job.id,
        job: snapshot,
        details,
      },
    ],
    given.now,
  )
  return { ...given, file: { ...file, job, events: [...file.events, ...event] } }
}

const refusalOf = (given: Honest): string => {
  try {
    gate(given)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'mandate_refused') return error.message
    throw error
  }
  return 'a mandate was given'
}

describe('the gate lets pass', () => {
  it.each(['approved', 'ungated', 'running', 'ungatedRunning', 'twice', 'issuer', 'edit'] as const)(
    'an honest job: %s',
    (name) => {
      expect(gate(honest[name]).file).toBe(honest[name].file)
    },
  )

  it('a job until the very instant of its deadline', () => {
    const now = new Date(approvalOf(honest.approved).expires_at)
    expect(gate({ ...honest.approved, now }).file).toBe(honest.approved.file)
  })

  it('a job whose signature was begun before the deadline and is tried again after it', () => {
    const now = new Date('2027-01-01T00:00:00.000Z')
    expect(gate({ ...honest.running, now }).file).toBe(honest.running.file)
  })

  it('an approved job when the profile no longer asks for approval, as a second person agreed', async () => {
    const world = await makeFurnishedWorld()
    const asked = await world.ask()
    await world.call('bob', 'approve', { id: asked.approval_id })
    const { document } = profileWith(honest.approved.rules.current, { requires_approval: false })
    const edit = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body: document })
    await world.call('bob', 'approve', { id: edit.body.approval.id })
    await world.applyJob(edit.body.job.id)
    const given = await read(world, asked.job_id)
    expect(given.rules.current?.document.requires_approval).toBe(false)
    expect(gate(given).file).toBe(given.file)
  })
})

describe('the gate refuses', () => {
  const forgeries: readonly [string, keyof typeof honest, Tampering, string][] = [
    // the status
    [
      'a job that waits',
      'waiting',
      (given) => given,
      'a job that is AwaitingApproval may not be carried out',
    ],
    ['a rejected job', 'rejected', (given) => given, 'a job that is Cancelled may not be carried out'],
    [
      'a waiting job set to Pending by hand',
      'waiting',
      withJob(() => ({ status: 'Pending' })),
      'the status is not the one on record; the approval is pending; 0 of 1 approvals',
    ],
    [
      'a waiting job set to Running by hand',
      'waiting',
      withJob(() => ({ status: 'Running' })),
      'a job that is Running may not be carried out',
    ],
    [
      'a rejected job set to Pending by hand',
      'rejected',
      withJob(() => ({ status: 'Pending' })),
      'the status is not the one on record; the approval is rejected; 0 of 1 approvals',
    ],
    ...(['Completed', 'Failed', 'Cancelled', 'AwaitingApproval'] as const).map(
      (status): [string, keyof typeof honest, Tampering, string] => [
        `an approved job that is ${status}`,
        'approved',
        withJob(() => ({ status })),
        `a job that is ${status} may not be carried out; the status is not the one on record`,
      ],
    ),
    [
      'a job that runs without anything on record of what it signs',
      'running',
      (given) => ({ ...given, file: { ...given.file, issuance: null } }),
      'a job that is Running may not be carried out',
    ],
    // the approval
    [
      'an approval set to approved by hand',
      'waiting',
      all(
        withJob(() => ({ status: 'Pending' })),
        withApproval(() => ({ state: 'approved' })),
      ),
      'the status is not the one on record; 0 of 1 approvals',
    ],
    ...(['pending', 'rejected', 'expired', 'withdrawn'] as const).map(
      (state): [string, keyof typeof honest, Tampering, string] => [
        `an approval set to ${state}`,
        'approved',
        withApproval(() => ({ state })),
        `the status is not the one on record; the approval is ${state}`,
      ],
    ),
    [
      'an approval that was taken away',
      'approved',
      withJob(() => ({ approval: null })),
      'the status is not the one on record; the job needs approval and has none',
    ],
    [
      'an approval of an ungated job that is not approved',
      'ungated',
      (given) => withJob(() => ({ approval: approvalOf(honest.waiting) }))(given),
      'the status is not the one on record; the approval is pending',
    ],
    // the decisions
    [
      'a decision written by hand without its event',
      'waiting',
      all(
        withJob(() => ({ status: 'Pending' })),
        withApproval(() => ({ state: 'approved', decisions: approvalOf(honest.approved).decisions })),
      ),
      'a decision is not on record',
    ],
    ['no decision at all', 'approved', withApproval(() => ({ decisions: [] })), '0 of 1 approvals'],
    [
      'a rejection counted as an approval',
      'approved',
      withDecisions((first) => [{ ...first, verdict: 'reject' }]),
      '0 of 1 approvals',
    ],
    [
      'a decision by somebody else than the one on record',
      'approved',
      withDecisions((first) => [{ ...first, by: 'pr-erin' }]),
      'a decision is not on record',
    ],
    [
      'a decision at another time than the one on record',
      'approved',
      withDecisions((first) => [{ ...first, time: '2026-03-01T11:59:59.000Z' }]),
      'a decision is not on record',
    ],
    [
      'a decision on other content',
      'approved',
      withDecisions((first) => [{ ...first, digest: 'ab'.repeat(32) }]),
      'a decision was made on other content; a decision is not on record',
    ],
    [
      'a second decision of which nothing is on record',
      'approved',
      withDecisions((first) => [first, { ...first, by: 'pr-erin' }]),
      'a decision is not on record',
    ],
    [
      'a decision after the deadline',
      'approved',
      withDecisions((first) => [{ ...first, time: '2027-01-01T00:00:00.000Z' }]),
      'a decision was made after the deadline; a decision is not on record',
    ],
    [
      'one approver twice where it takes two',
      'twice',
      withDecisions((first) => [first, first]),
      '1 of 2 approvals',
    ],
    ['one of the two approvals', 'twice', withDecisions((first) => [first]), '1 of 2 approvals'],
    [
      'a quorum lowered by hand',
      'twice',
      all(
        withApproval(() => ({ quorum: 1 })),
        withDecisions((first) => [first]),
      ),
      '1 of 2 approvals',
    ],
    // the requester and the owner
    [
      'a decision by the requester, with an event made to fit',
      'waiting',
      (given) => approveEvent(given, 'pr-alice'),
      'two-person integrity: an approver is the requester or the owner',
    ],
    [
      'another requester than the one on record',
      'approved',
      withJob(() => ({ requested_by: 'pr-frank' })),
      'the requester or the owner is not the one on record',
    ],
    [
      'another owner than the one on record',
      'approved',
      withJob(() => ({ owner: 'somebody' })),
      'the requester or the owner is not the one on record',
    ],
    ...['pr-bob', 'PR-BOB', 'bob', ' Bob ', 'bob@example.com', 'BOB@Example.COM', 'ｂｏｂ'].map(
      (owner): [string, keyof typeof honest, Tampering, string] => [
        `an approval by its owner, named "${owner}"`,
        'approved',
        withJob(() => ({ owner })),
        'two-person integrity: an approver is the requester or the owner',
      ],
    ),
    // the content
    [
      'content that was changed',
      'approved',
      (given) => ({
        ...given,
        file: {
          ...given.file,
          content: { ...given.file.content, certificate_id: 'mc-other' } as JobFile['content'],
        },
      }),
      'the content is not what was requested',
    ],
    [
      'content that was changed together with its digest',
      'approved',
      (given) => {
        const content = { ...given.file.content, certificate_id: 'mc-other' } as JobFile['content']
        const digest = contentDigest(content)
        return { ...given, file: { ...given.file, content, job: { ...given.file.job, digest } } }
      },
      'the content is not what was requested; a decision was made on other content',
    ],
    [
      'content of another type',
      'approved',
      withJob(() => ({ type: 'Renewal' })),
      'the content is of another type',
    ],
    [
      'the content of another job',
      'approved',
      (given) => ({ ...given, file: { ...given.file, content: honest.ungated.file.content } }),
      'the content is not what was requested',
    ],
    // time
    [
      'an approval past its deadline',
      'approved',
      (given) => ({ ...given, now: new Date(Date.parse(approvalOf(given).expires_at) + 1) }),
      'the approval expired',
    ],
    [
      'a deadline that was moved',
      'approved',
      all(
        withApproval(() => ({ expires_at: '2099-01-01T00:00:00.000Z' })),
        (given) => ({ ...given, now: new Date('2098-01-01T00:00:00.000Z') }),
      ),
      'the deadline is not the one on record',
    ],
    [
      'something to sign that was put on record by hand to outlive the deadline',
      'approved',
      (given) => ({
        ...given,
        file: { ...given.file, issuance: honest.running.file.issuance },
        now: new Date('2027-01-01T00:00:00.000Z'),
      }),
      'what will be signed is not what is on record',
    ],
    [
      'a period of validity that was changed after it was put on record',
      'running',
      (given) => {
        const { issuance } = given.file
        if (issuance === null) throw new Error('no issuance')
        const period = { not_before: '2030-01-01T00:00:00.000Z', not_after: '2030-03-31T23:59:59.000Z' }
        return { ...given, file: { ...given.file, issuance: { ...issuance, period } } }
      },
      'what will be signed is not what is on record',
    ],
    // the rules
    ['a profile that is gone', 'approved', withRules(() => ({ current: null })), 'is not in force'],
    ['a version of it that is gone', 'approved', withRules(() => ({ pinned: null })), 'is not in force'],
    [
      'a profile that was deleted',
      'approved',
      withRules(({ current }) => ({ current: { ...profileWith(current, {}), status: 'deleted' } })),
      'profile p-prod-web is not in force',
    ],
    [
      'an ungated job whose profile was deleted',
      'ungated',
      withRules(({ current }) => ({ current: { ...profileWith(current, {}), status: 'deleted' } })),
      'profile p-dev-web is not in force',
    ],
    [
      'an ungated job whose profile takes approval by now',
      'ungated',
      withRules(({ current }) => ({ current: profileWith(current, { requires_approval: true }) })),
      'the job needs approval and has none',
    ],
    [
      'an ungated job whose profile took approval when it was made',
      'ungated',
      withRules(({ pinned }) => ({ pinned: profileWith(pinned, { requires_approval: true }) })),
      'the job needs approval and has none',
    ],
    [
      'a job whose profile takes more people by now',
      'approved',
      withRules(({ current }) => ({
        current: profileWith(current, {
          approval_policy: approvalPolicy.parse({ quorum: 2 }),
        }),
      })),
      '1 of 2 approvals',
    ],
    [
      'a job whose profile took more people when it was made',
      'twice',
      all(
        withRules(({ current }) => ({ current: profileWith(current, { requires_approval: false }) })),
        withDecisions((first) => [first]),
      ),
      '1 of 2 approvals',
    ],
    [
      'a waiting job whose profile no longer takes approval',
      'waiting',
      all(
        withRules(({ current }) => ({ current: profileWith(current, { requires_approval: false }) })),
        withJob(() => ({ status: 'Pending' })),
      ),
      'the approval is pending',
    ],
    [
      'a change of a gated profile without a person',
      'edit',
      withJob(() => ({ approval: null })),
      'the job needs approval and has none',
    ],
    [
      'a change of a profile that takes two people by now',
      'edit',
      withRules(({ current }) => ({
        current: profileWith(current, {
          approval_policy: approvalPolicy.parse({ quorum: 2 }),
        }),
      })),
      '1 of 2 approvals',
    ],
    [
      'an issuer without a person',
      'issuer',
      withJob(() => ({ approval: null })),
      'the job needs approval and has none',
    ],
    // the events
    ['no events', 'approved', withEvents(() => []), 'the chain of events is broken'],
    [
      'events without the first',
      'approved',
      withEvents(([, ...rest]) => rest),
      'the chain of events is broken',
    ],
    [
      'events without the last',
      'approved',
      withEvents((events) => events.slice(0, -1)),
      'the status is not the one on record; a decision is not on record',
    ],
    [
      'events without one in the middle',
      'approved',
      withEvents((events) => events.filter(({ type }) => type !== 'approval_requested')),
      'the chain of events is broken',
    ],
    [
      'events without the request for approval, in a chain made anew',
      'approved',
      all(
        withEvents((events) => events.filter(({ type }) => type !== 'approval_requested')),
        rechained,
      ),
      'the deadline is not the one on record',
    ],
    ['events turned round', 'approved', withEvents((events) => events.toReversed()), 'the chain of events'],
    [
      'events of another job',
      'approved',
      withEvents(() => honest.twice.file.events),
      'the chain of events is broken',
    ],
    [
      'an event of another job at the end',
      'approved',
      withEvents((events) => [...events.slice(0, -1), ...honest.twice.file.events.slice(-1)]),
      'the chain of events is broken',
    ],
    [
      'an event with another actor',
      'approved',
      withEvents((events) => events.map((event) => ({ ...event, actor: 'pr-erin' }))),
      'the chain of events is broken',
    ],
    [
      'decisions on record under another kind of event',
      'approved',
      all(
        withEvents((events) =>
          events.map((event) =>
            event.type === 'approval_approved' ? { ...event, type: 'approval_refused' } : event,
          ),
        ),
        rechained,
      ),
      'a decision is not on record',
    ],
    [
      'a decision on record by somebody else, in a chain made anew',
      'approved',
      all(
        withEvents((events) =>
          events.map((event) =>
            event.type === 'approval_approved' ? { ...event, actor: 'pr-erin' } : event,
          ),
        ),
        rechained,
      ),
      'a decision is not on record',
    ],
  ]

  it.each(forgeries)('%s', (_, from, tamper, reason) => {
    expect(refusalOf(tamper(honest[from]))).toContain(reason)
  })

  it('a job whose id was changed to that of another', () => {
    expect(refusalOf(withJob(() => ({ id: honest.twice.file.job.id }))(honest.approved))).toContain(
      'the chain of events is broken',
    )
  })

  it('and says everything that it found', () => {
    const forged = all(
      withJob(() => ({ owner: 'bob' })),
      withDecisions((first) => [{ ...first, digest: 'ab'.repeat(32) }]),
    )(honest.approved)
    expect(refusalOf(forged).split('; ')).toEqual([
      'the requester or the owner is not the one on record',
      'two-person integrity: an approver is the requester or the owner',
      'a decision was made on other content',
      'a decision is not on record',
    ])
  })
})

describe('what a job needs', () => {
  it('is decided by the strictest version of its profile', () => {
    const { content } = honest.approved.file
    const quorums = [1, 2, 3].map((quorum) =>
      profileWith(honest.approved.rules.current, {
        approval_policy: approvalPolicy.parse({ quorum }),
      }),
    )
    for (const pinned of quorums)
      for (const current of quorums)
        expect(requirementFor(content, { pinned, current })?.policy.quorum).toBe(
          Math.max(pinned.document.approval_policy.quorum, current.document.approval_policy.quorum),
        )
  })
})

// A key of the table, to be sure that what is tampered with above is what is stored.
it('reads a job from where it is stored', async () => {
  const world = await makeFurnishedWorld()
  const { job_id } = await world.ask()
  world.table.tamper(keys.job(job_id), (row) => ({ ...row, status: 'Pending' }))
  expect(refusalOf(await read(world, job_id))).toContain('the status is not the one on record')
})
