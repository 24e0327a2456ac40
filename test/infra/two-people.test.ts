import { marshall } from '@aws-sdk/util-dynamodb'
import jsonata from 'jsonata'
import { beforeAll, describe, expect, it } from 'vitest'
import { releaseDefinition } from '../../infra/release-definition.ts'
import { items } from '../../lib/aws/table.ts'
import type { Decision } from '../../lib/model/approval.ts'
import type { Job } from '../../lib/model/job.ts'
import { makeFurnishedWorld } from '../support/world.ts'

/** The definition's own expressions, run by the reference implementation of JSONata. */

const { States: states } = releaseDefinition({
  refuse_arn: 'refuse',
  table_name: 'table',
  queue_urls: { kms: 'kms', 'acm-pca': 'acm-pca', apply: 'apply' },
})

const evaluate = async (text: string, bound: object): Promise<unknown> => {
  const [, expression = ''] = /^\{% (.*) %\}$/s.exec(text) ?? []
  return jsonata(expression).evaluate({}, { states: bound })
}

const { Choices: choices } = states['Two people?']

/** Where the choice leads with this row, and what it passes on. */
const led = async (row: object) => {
  const Item = marshall(row, { removeUndefinedValues: true })
  const asked = { approval_id: 'ar-1', votes: [] }
  const input = await evaluate(states['Read the decision'].Output, { input: asked, result: { Item } })
  for (const { Condition, Next } of choices)
    if ((await evaluate(Condition, { input })) === true) return { to: Next, input }
  return { to: states['Two people?'].Default, input }
}

let approved: Job
let rejected: Job

beforeAll(async () => {
  const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
  await world.standIn('erin', 'bob')
  const { job_id, approval_id } = await world.ask()
  await world.call('erin', 'approve', { id: approval_id, body: { for: 'pr-bob' } })
  await world.call('frank', 'approve', { id: approval_id })
  approved = (await world.jobOf(job_id)).job
  const other = await world.ask()
  await world.call('bob', 'reject', { id: other.approval_id, body: { note: 'no' } })
  rejected = (await world.jobOf(other.job_id)).job
})

const withDecisions = (change: (first: Decision, second: Decision) => readonly Decision[]): object => {
  const [first, second] = approved.approval?.decisions ?? []
  if (first === undefined || second === undefined || approved.approval === null)
    throw new Error('two decisions')
  return items.job({ ...approved, approval: { ...approved.approval, decisions: [...change(first, second)] } })
}

const stoodFor = (of: Decision, by: object): Decision => ({
  ...of,
  for: { id: 'pr-x', name: 'x', email: null, delegation_id: 'dl-0000000000000000', ...by },
})

describe('the choice of the workflow', () => {
  it('lets pass what enough people approved, one of them in the place of another', async () => {
    expect((await led(items.job(approved))).to).toBe('Dispatch')
  })

  it.each<[string, () => object]>([
    ['one of the two approvals', () => withDecisions((first) => [first])],
    ['one of them twice', () => withDecisions((first) => [first, first])],
    ['no approval', () => withDecisions(() => [])],
    ['one by the requester', () => withDecisions((a, b) => [a, { ...b, by: 'pr-alice' }])],
    ['one by the owner, by e-mail', () => withDecisions((a, b) => [a, { ...b, email: ' PR-ALICE' }])],
    ['one for the requester', () => withDecisions((a, b) => [a, stoodFor(b, { id: 'pr-alice' })])],
    ['one for the owner, by name', () => withDecisions((a, b) => [a, stoodFor(b, { name: 'Pr-Alice ' })])],
    [
      'one for somebody who decided themselves',
      () => withDecisions((a, b) => [a, stoodFor(b, { id: a.by })]),
    ],
    ['two for one person', () => withDecisions((a, b) => [a, stoodFor(b, { id: a.for?.id ?? '' })])],
    ['one of somebody who is stood for', () => withDecisions((a, b) => [a, { ...b, by: a.for?.id ?? '' }])],
    ['a rejection among them', () => withDecisions((a, b) => [a, { ...b, verdict: 'reject' }])],
    ['no requester', () => ({ ...items.job(approved), requested_by: undefined })],
    ['no owner', () => ({ ...items.job(approved), owner: undefined })],
    ['no approval at all', () => ({ ...items.job(approved), approval: null })],
    ['a status of somebody else', () => ({ ...items.job(approved), status: 'AwaitingApproval' })],
  ])('refuses a row with %s', async (_, row) => {
    expect((await led(row())).to).toBe('Refuse')
  })

  it('ends what was rejected', async () => {
    expect((await led(items.job(rejected))).to).toBe('Not approved')
  })
})

describe('what an execution shows when it is over', () => {
  it('is the state, and each vote with its stage, beside what it was asked', async () => {
    const { input } = await led(items.job(approved))
    const shown = await evaluate(states['Say what was done'].Arguments.Output, { input })
    expect(JSON.parse(String(shown))).toEqual({
      status: 'Pending',
      state: 'approved',
      votes: [
        { by: 'pr-erin', for: 'pr-bob', verdict: 'approve', stage: 'approval', time: expect.any(String) },
        { by: 'pr-frank', verdict: 'approve', stage: 'approval', time: expect.any(String) },
      ],
    })
  })

  it('has a list of votes also where there is one, or none', async () => {
    const one = (await led(items.job(rejected))).input
    expect(one).toMatchObject({ state: 'rejected', votes: [{ by: 'pr-bob', verdict: 'reject' }] })
    expect((await led(withDecisions(() => []))).input).toMatchObject({ votes: [] })
  })
})
