import { beforeAll, describe, expect, it } from 'vitest'
import { approvalDefinition } from '../../infra/approval-definition.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

type State = {
  readonly Type: string
  readonly Resource?: string
  readonly TimeoutSeconds?: number
  readonly Next?: string
  readonly Default?: string
  readonly End?: boolean
  readonly Choices?: readonly { readonly Condition: string; readonly Next: string }[]
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[]
  readonly Arguments?: object
}

const definition = approvalDefinition({
  park_arn: 'park',
  refuse_arn: 'refuse',
  table_name: 'table',
  queue_urls: { kms: 'kms', 'acm-pca': 'acm-pca', apply: 'apply' },
})

const states: Readonly<Record<string, State>> = definition.States

describe('the approval workflow', () => {
  it('gives every wait for a task token a timeout that outlasts the longest approval, and catches it', () => {
    const waits = Object.values(states).filter(({ Resource }) => Resource?.includes('waitForTaskToken'))
    expect(waits).toHaveLength(1)
    for (const wait of waits) {
      expect(wait.TimeoutSeconds).toBeGreaterThan(90 * 86_400)
      expect(wait.TimeoutSeconds).toBeLessThan(100 * 86_400)
      expect(wait.Catch?.[0]).toMatchObject({ ErrorEquals: ['States.ALL'], Next: 'Read the decision' })
    }
  })

  it('takes four states from its start to the dispatch of an approved job', () => {
    expect(pathTo('Dispatch')).toEqual([
      'Wait for a decision',
      'Read the decision',
      'Two people?',
      'Dispatch',
    ])
  })

  it('dispatches only from the two-person choice, after reading the decision consistently', () => {
    expect(whoLeadsTo('Dispatch')).toEqual(['Two people?'])
    expect(whoLeadsTo('Two people?')).toEqual(['Read the decision'])
    expect(states['Read the decision']?.Arguments).toMatchObject({ ConsistentRead: true })
  })

  it('refuses whatever the choice does not recognise', () => {
    expect(states['Two people?']?.Default).toBe('Refuse')
  })

  it('names requester, approvers, owner and quorum in the condition for a dispatch', () => {
    const dispatch = states['Two people?']?.Choices?.find(({ Next }) => Next === 'Dispatch')
    for (const part of ['requested_by', 'decisions', 'quorum', 'owner', '"Pending"', '"approved"'])
      expect(dispatch?.Condition).toContain(part)
  })

  it('ends every state somewhere that exists', () => {
    for (const state of Object.values(states))
      for (const next of successors(state)) expect(states).toHaveProperty([next])
  })
})

describe('the state machine', () => {
  let machines: { DefinitionString: unknown; LoggingConfiguration: unknown; StateMachineType: string }[]

  beforeAll(() => {
    machines = ofType(synthesize('prod').resources, 'AWS::StepFunctions::StateMachine')
  })

  it('is one, and standard, so that an execution can wait for months', () => {
    expect(machines.map(({ StateMachineType }) => StateMachineType)).toEqual(['STANDARD'])
  })

  it('logs without execution data, which holds the task token', () => {
    expect(machines[0]?.LoggingConfiguration).toMatchObject({ IncludeExecutionData: false })
  })

  it('is the definition that these tests read', () => {
    const text = JSON.stringify(machines[0]?.DefinitionString)
    for (const state of Object.keys(states)) expect(text).toContain(state)
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
  return Object.keys(states).filter((from) => successors(states[from] ?? { Type: '' }).includes(name))
}

/** The shortest way there. */
function pathTo(goal: string): readonly string[] {
  let paths: string[][] = [[definition.StartAt]]
  for (let length = 0; length < 10; length++) {
    const found = paths.find((path) => path.at(-1) === goal)
    if (found) return found
    paths = paths.flatMap((path) =>
      successors(states[path.at(-1) ?? ''] ?? { Type: '' }).map((next) => [...path, next]),
    )
  }
  return []
}
