import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ApprovalStage, approvalPolicy } from '../../../lib/model/approval-policy.ts'
import type { Role } from '../../../lib/model/principal.ts'
import { shortages, unreachable } from '../../../lib/model/reachability.ts'
import { missingOf, stageFor } from '../../../lib/model/staging.ts'

const stage = (name: string, quorum: number, ...principals: string[]): ApprovalStage => ({
  name,
  quorum,
  eligible: { principals },
})

const person = (id: string, ...roles: Role[]) => ({ id, roles, teams: [] as string[] })

const staging = (order: 'ordered' | 'parallel', ...stages: ApprovalStage[]) => ({ quorum: 0, order, stages })

describe('an approval policy', () => {
  it.each([
    ['nothing', {}, 1],
    ['three people', { quorum: 3 }, 3],
    ['two stages', { stages: [stage('a', 2, 'pr-a'), stage('b', 1, 'pr-b')] }, 3],
  ])('of %s asks for so many', (_, given, quorum) => {
    expect(approvalPolicy.parse(given).quorum).toBe(quorum)
  })

  it('is the same when it is read again', () => {
    const once = approvalPolicy.parse({ stages: [stage('a', 2, 'pr-a')], order: 'ordered' })
    expect(approvalPolicy.parse(once)).toEqual(once)
  })

  const none = { name: 'a', quorum: 1 }
  const escalating = {
    stages: [stage('a', 1, 'pr-a')],
    escalate_after: 'P1D',
    escalate_to: { roles: ['approver'] as Role[] },
  }

  it('may remind people and escalate, before its end', () => {
    const given = { ...escalating, remind_after: ['PT1H', 'P1D', 'PT25H'], expires_after: 'P2D' }
    expect(approvalPolicy.parse(given)).toMatchObject(given)
  })

  it.each([
    ['a quorum of 0', { quorum: 0 }],
    ['a negative quorum', { quorum: -1 }],
    ['no quorum', { quorum: null }],
    ['a quorum in words', { quorum: '1' }],
    ['no stages', { stages: [] }],
    ['a stage of nobody', { stages: [{ ...none, eligible: {} }] }],
    ['a stage of an empty list', { stages: [{ ...none, eligible: { roles: [] } }] }],
    ['a stage without anybody named', { stages: [none] }],
    ['a stage of quorum 0', { stages: [{ ...none, quorum: 0, eligible: { roles: ['approver'] } }] }],
    ['a stage of no team', { stages: [{ ...none, eligible: { teams: [] } }] }],
    ['a team with a name that is none', { stages: [{ ...none, eligible: { teams: ['Web Team'] } }] }],
    ['one team named twice', { stages: [{ ...none, eligible: { teams: ['web', 'web'] } }] }],
    ['one person named twice', { stages: [{ ...none, eligible: { principals: ['pr-a', 'pr-a'] } }] }],
    ['two stages of one name', { stages: [stage('a', 1, 'pr-a'), stage('a', 1, 'pr-b')] }],
    ['a quorum that is not the sum', { quorum: 1, stages: [stage('a', 2, 'pr-a')] }],
    ['another order', { order: 'any' }],
    ['reminders that do not ascend', { remind_after: ['P2D', 'P1D'] }],
    ['one reminder twice', { remind_after: ['P1D', 'PT24H'] }],
    ['eleven reminders', { remind_after: Array.from({ length: 11 }, (_, n) => `PT${n + 1}H`) }],
    ['a reminder at its end', { remind_after: ['P7D'] }],
    ['a reminder at once', { remind_after: ['PT0S'] }],
    ['an escalation at its end', { ...escalating, escalate_after: 'P7D' }],
    ['an escalation after a shorter end', { ...escalating, expires_after: 'P1D' }],
    ['an escalation to nobody', { ...escalating, escalate_to: {} }],
    ['an escalation without whom', { ...escalating, escalate_to: undefined }],
    ['an escalation without when', { ...escalating, escalate_after: undefined }],
    ['an escalation that adds nobody', { ...escalating, stages: undefined }],
    ['another quorum after the escalation', { ...escalating, escalate_quorum: 1 }],
  ])('of %s is refused', (_, given) => {
    expect(approvalPolicy.safeParse(given).success).toBe(false)
  })
})

describe('the stage that somebody counts for', () => {
  const two = [stage('security', 1, 'pr-ann', 'pr-bob'), stage('owner', 1, 'pr-bob', 'pr-cat')] as const

  it('is the first open one that names them', () => {
    expect(stageFor(staging('parallel', ...two), [], { who: person('pr-bob') })?.name).toBe('security')
    const approvals = [{ by: 'pr-ann', stage: 'security' }]
    expect(stageFor(staging('parallel', ...two), approvals, { who: person('pr-bob') })?.name).toBe('owner')
  })

  it('is not one that waits for another, where they are ordered', () => {
    expect(stageFor(staging('ordered', ...two), [], { who: person('pr-cat') })).toBe(null)
    expect(stageFor(staging('parallel', ...two), [], { who: person('pr-cat') })?.name).toBe('owner')
  })

  it('is none for somebody whom nobody named', () => {
    expect(stageFor(staging('parallel', ...two), [], { who: person('pr-eve', 'approver', 'admin') })).toBe(
      null,
    )
  })

  it.each([
    ['by id', { principals: ['pr-ann', 'pr-bob'] }, true],
    ['by team', { teams: ['web'] }, true],
    ['by role', { roles: ['auditor'] as Role[] }, true],
    ['by one list of several', { principals: ['pr-cat'], teams: ['web', 'mail'] }, true],
    ['by none', { principals: ['pr-cat'], teams: ['mail', 'we'], roles: ['admin'] as Role[] }, false],
  ])('is one that names them %s', (_, eligible, named) => {
    const stages = [{ name: 'one', quorum: 1, eligible }]
    const bob = { ...person('pr-bob', 'approver', 'auditor'), teams: ['web'] }
    expect(stageFor(staging('parallel', ...stages), [], { who: bob })?.name).toBe(named ? 'one' : undefined)
  })

  it('counts nobody for two stages', () => {
    const twice = [
      { by: 'pr-bob', stage: 'security' },
      { by: 'pr-bob', stage: 'owner' },
    ]
    const missing = missingOf(staging('parallel', ...two), twice).reduce((sum, one) => sum + one.missing, 0)
    expect(missing).toBe(1)
  })
})

describe('a policy that nobody could satisfy', () => {
  const people = [
    { ...person('pr-ann', 'approver'), teams: ['web'], status: 'active' },
    { ...person('pr-bob', 'operator'), teams: ['web', 'security'], status: 'active' },
    { ...person('pr-cat', 'approver'), teams: ['security'], status: 'disabled' },
  ] as const
  const everybody = people.map(({ roles, teams, ...rest }) => ({
    ...rest,
    roles: [...roles],
    teams: [...teams],
  }))

  it.each([
    [
      'of named people: the one that is not there, the one that is disabled, the one without the role',
      { principals: ['pr-ann', 'pr-bob', 'pr-cat', 'pr-dan'] },
      2,
      'stage "s" lacks 1 of its 2 approvers (pr-bob lacks role approver, pr-cat is disabled, pr-dan is not there)',
    ],
    [
      'of teams: how many approvers each has',
      { teams: ['web', 'security'] },
      3,
      'stage "s" lacks 2 of its 3 approvers (team web has 1 approvers, team security has 0 approvers)',
    ],
    ['of a role: how many', { roles: ['approver'] as Role[] }, 3, 'stage "s" lacks 2 of its 3 approvers'],
  ])('says who is missing %s', (_, eligible, quorum, detail) => {
    const stages = [stage('reached', 1, 'pr-ann'), { name: 's', quorum, eligible }]
    const alone = staging('parallel', { name: 's', quorum, eligible })
    expect(shortages(alone, everybody)).toEqual([{ pointer: '/approval_policy/stages/0', detail }])
    expect(shortages(staging('parallel', ...stages), everybody)[0]?.pointer).toBe('/approval_policy/stages/1')
  })

  it('without stages points at its quorum', () => {
    expect(shortages({ quorum: 2, order: 'parallel' }, everybody)).toEqual([
      {
        pointer: '/approval_policy/quorum',
        detail: 'stage "approval" lacks 1 of its 2 approvers',
      },
    ])
  })
})

describe('stages that cannot be filled', () => {
  it('are named', () => {
    const stages = [stage('security', 1, 'pr-ann'), stage('owner', 2, 'pr-ann', 'pr-bob')]
    const short = unreachable(staging('parallel', ...stages), [person('pr-ann'), person('pr-bob')])
    expect(short).toEqual([{ stage: stages[1], lacks: 1 }])
  })

  it('are none where people can be moved about until everybody has one place', () => {
    const stages = [stage('a', 1, 'pr-ann', 'pr-bob'), stage('b', 1, 'pr-ann')]
    expect(unreachable(staging('parallel', ...stages), [person('pr-ann'), person('pr-bob')])).toEqual([])
  })

  it('are none exactly where some choice of distinct people fills all of them', () => {
    const names = ['pr-a', 'pr-b', 'pr-c', 'pr-d']
    const some = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 })
    const anyStages = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 }), some), { minLength: 1, maxLength: 3 })
    const fill = (places: readonly (readonly string[])[], taken: ReadonlySet<string>): boolean => {
      const [first, ...rest] = places
      if (first === undefined) return true
      return first.some((who) => !taken.has(who) && fill(rest, new Set([...taken, who])))
    }
    fc.assert(
      fc.property(anyStages, some, (given, there) => {
        const stages = given.map(([quorum, principals], index) => stage(String(index), quorum, ...principals))
        const places = given.flatMap(([quorum, principals]) =>
          Array.from({ length: quorum }, () => principals.filter((who) => there.includes(who))),
        )
        const short = unreachable(
          staging('parallel', ...stages),
          there.map((id) => person(id)),
        )
        expect(short.length === 0).toBe(fill(places, new Set()))
      }),
    )
  })
})
