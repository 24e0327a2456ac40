import { beforeAll, describe, expect, it } from 'vitest'
import { approvalDefinition, outcomes } from '../../infra/approval-definition.ts'
import { releaseDefinition } from '../../infra/release-definition.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

type State = {
  readonly Type: string
  readonly Resource?: string
  readonly Comment?: string
  readonly TimeoutSeconds?: number
  readonly Next?: string
  readonly Default?: string
  readonly End?: boolean
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[]
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly MaxAttempts: number }[]
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[]
  readonly Arguments?: object
}

const definitions = {
  approval: approvalDefinition({ park_arn: 'park', release_arn: 'release' }),
  release: releaseDefinition({
    refuse_arn: 'refuse',
    table_name: 'table',
    queue_urls: { kms: 'kms', 'acm-pca': 'acm-pca', apply: 'apply' },
  }),
} as const

type States = Readonly<Record<string, State>>

const approval: States = definitions.approval.States
const release: States = definitions.release.States

describe('the approval of a job', () => {
  it('gives every wait for a task token a timeout; that for a decision outlasts the longest approval, and is caught', () => {
    const waits = Object.values(approval).filter(({ Resource }) => Resource?.includes('waitForTaskToken'))
    expect(waits).toHaveLength(2)
    for (const { TimeoutSeconds } of waits) expect(TimeoutSeconds).toBeGreaterThan(0)
    const decision = approval['Wait for a decision']
    expect(decision?.TimeoutSeconds).toBeGreaterThan(90 * 86_400)
    expect(decision?.TimeoutSeconds).toBeLessThan(100 * 86_400)
    expect(decision?.Catch?.[0]).toMatchObject({ ErrorEquals: ['States.ALL'], Next: 'Release' })
  })

  it('takes two states, whatever becomes of it', () => {
    expect(definitions.approval.StartAt).toBe('Wait for a decision')
    expect(Object.keys(approval)).toEqual(['Wait for a decision', 'Release'])
    expect(approval['Wait for a decision']?.Next).toBe('Release')
    expect(approval.Release?.End).toBe(true)
  })

  it('outlasts the release that it waits for, and tries no release again that refused', () => {
    const { Release } = approval
    expect(Release?.TimeoutSeconds).toBeGreaterThan(definitions.release.TimeoutSeconds)
    expect(Release?.Retry?.[0]).toEqual({ ErrorEquals: Object.values(outcomes), MaxAttempts: 0 })
  })

  it('goes back to waiting where nobody has decided, and fails where the rule was broken', () => {
    expect(approval.Release?.Catch).toMatchObject([
      { ErrorEquals: ['StillWaiting'], Next: 'Wait for a decision' },
    ])
  })
})

describe('the release of a job', () => {
  it('takes four states from its start to the word that it is dispatched', () => {
    expect(pathTo('Say what was done')).toEqual([
      'Read the decision',
      'Two people?',
      'Dispatch',
      'Say what was done',
    ])
  })

  it('dispatches only from the two-person choice, after reading the decision consistently', () => {
    expect(whoLeadsTo('Dispatch')).toEqual(['Two people?'])
    expect(whoLeadsTo('Two people?')).toEqual(['Read the decision'])
    expect(release['Read the decision']?.Arguments).toMatchObject({ ConsistentRead: true })
    const sends = Object.entries(release).filter(([, { Resource }]) => Resource?.includes(':sqs:'))
    expect(sends.map(([name]) => name)).toEqual(['Dispatch'])
  })

  it('refuses whatever the choice does not recognise', () => {
    expect(release['Two people?']?.Default).toBe('Refuse')
  })

  it('names requester, approvers, owner and quorum in the condition for a dispatch', () => {
    const dispatch = release['Two people?']?.Choices?.find(({ Next }) => Next === 'Dispatch')
    for (const part of ['requested_by', 'decisions', 'quorum', 'owner', '"Pending"', '"approved"'])
      expect(dispatch?.Condition).toContain(part)
  })

  it('says to whoever waits what became of it, whichever way it ends', () => {
    const ends = Object.values(release).filter(({ End }) => End)
    expect(ends).toHaveLength(3)
    for (const { Resource, Arguments } of ends) {
      expect(Resource).toMatch(/:aws-sdk:sfn:sendTask(Success|Failure)$/)
      expect(Arguments).toMatchObject({ TaskToken: '{% $states.input.task_token %}' })
    }
    expect(release['Go on waiting']?.Arguments).toMatchObject({ Error: 'StillWaiting' })
    expect(release['Two-person integrity']?.Arguments).toMatchObject({ Error: 'TwoPersonIntegrity' })
  })
})

it.each(Object.values(definitions))('every state of a workflow leads somewhere that exists', ({ States }) => {
  const states: States = States
  for (const state of Object.values(states)) {
    expect(successors(state).length + (state.End === true ? 1 : 0)).toBeGreaterThan(0)
    for (const next of successors(state)) expect(states).toHaveProperty([next])
  }
})

describe('the state machines', () => {
  type Machine = {
    readonly StateMachineName: string
    readonly DefinitionString: unknown
    readonly LoggingConfiguration: unknown
    readonly StateMachineType: string
  }
  let machines: Machine[]

  beforeAll(() => {
    machines = ofType(synthesize('prod').resources, 'AWS::StepFunctions::StateMachine')
  })

  it('are two: the standard one can wait for months and keeps its history, the other is over in a second', () => {
    const kinds = Object.fromEntries(
      machines.map(({ StateMachineName, StateMachineType }) => [StateMachineName, StateMachineType]),
    )
    expect(kinds).toEqual({ 'countersign-prod-approval': 'STANDARD', 'countersign-prod-release': 'EXPRESS' })
  })

  it('log without execution data, which holds task tokens', () => {
    for (const { LoggingConfiguration } of machines)
      expect(LoggingConfiguration).toMatchObject({ Level: 'ALL', IncludeExecutionData: false })
  })

  it('are the definitions that these tests read', () => {
    for (const [name, { States }] of Object.entries(definitions)) {
      const machine = machines.find(({ StateMachineName }) => StateMachineName.endsWith(`-${name}`))
      const text = JSON.stringify(machine?.DefinitionString)
      for (const state of Object.keys(States)) expect(text).toContain(state)
    }
  })
})

function successors(state: State): readonly string[] {
  const next = [state.Next, state.Default].filter((name) => name !== undefined)
  return [
    ...next,
    ...(state.Choices ?? []).map(({ Next }) => Next),
    ...(state.Catch ?? []).map(({ Next }) => Next),
  ]
}

function whoLeadsTo(name: string): readonly string[] {
  return Object.keys(release).filter((from) => successors(release[from] ?? { Type: '' }).includes(name))
}

/** The shortest way there. */
function pathTo(goal: string): readonly string[] {
  let paths: string[][] = [[definitions.release.StartAt]]
  for (let length = 0; length < 10; length++) {
    const found = paths.find((path) => path.at(-1) === goal)
    if (found) return found
    paths = paths.flatMap((path) =>
      successors(release[path.at(-1) ?? ''] ?? { Type: '' }).map((next) => [...path, next]),
    )
  }
  return []
}
