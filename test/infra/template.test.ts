import { beforeAll, describe, expect, it } from 'vitest'
import { stageNames } from '../../infra/config.ts'
import { type Resources, type Synthesized, synthesize } from '../support/stack-templates.ts'

type Kept = { readonly DeletionPolicy?: string; readonly UpdateReplacePolicy?: string }

const idsOf = (resources: Resources, type: string): readonly string[] =>
  Object.keys(resources).filter((id) => resources[id]?.Type === type)

/**
 * A logical id that changes is another resource: CloudFormation would make an
 * empty one and let go of what is in the first. Change a line here only with a
 * way for what is stored.
 */
const stateful = {
  'AWS::DynamoDB::Table': ['TableCD117FA1', 'Tokens1180AAEA'],
  'AWS::KMS::Key': [
    'CaKeyrootKeyA32B8893',
    'CaKeyissuingKey8F839180',
    'DecisionKey42D259D9',
    'ClockKey5040D2DF',
    'ResponderSealingKey91392AE2',
  ],
  'AWS::S3::Bucket': ['StatusBucketFEB18CB4'],
} as const

/** What relying parties, people and configuration elsewhere know by name. */
const known = {
  'AWS::CloudFront::Distribution': ['StatusSiteDistribution1EF83F5B'],
  'AWS::ApiGatewayV2::Api': ['HttpApiDD77E489'],
  'AWS::StepFunctions::StateMachine': [
    'ApprovalWorkflowReleaseMachine993F238A',
    'ApprovalWorkflowMachineCF165BBB',
  ],
} as const

describe.each(stageNames)('the templates of stage %s', (name) => {
  let synthesized: Synthesized
  beforeAll(() => {
    synthesized = synthesize(name)
  })

  it.each(Object.entries({ ...stateful, ...known }))('call every %s as they always did', (type, ids) => {
    expect(idsOf(synthesized.resources, type)).toEqual([...ids])
  })

  it('give every role a policy that IAM has room for', () => {
    for (const [id, { Type, Properties }] of Object.entries(synthesized.resources)) {
      if (Type !== 'AWS::IAM::Role') continue
      const inline = (Properties.Policies ?? []).map(
        ({ PolicyDocument }: { PolicyDocument: unknown }) => JSON.stringify(PolicyDocument).length,
      )
      // 10,240 characters in AWS, where names are longer than references.
      expect([id, inline.reduce((sum: number, size: number) => sum + size, 0) < 8000]).toEqual([id, true])
    }
  })

  it('have no secret in them, by value or by parameter', () => {
    const text = JSON.stringify(synthesized.resources)
    expect(text).not.toMatch(/SecretString|BEGIN [A-Z ]*PRIVATE KEY|cs_[A-Za-z0-9]{8}|AKIA[0-9A-Z]{16}/)
    const parameters = [synthesized.data, synthesized.service].flatMap((template) =>
      Object.keys(template.toJSON().Parameters ?? {}),
    )
    expect(new Set(parameters)).toEqual(new Set(['BootstrapVersion']))
  })
})

describe('the templates of a production stage', () => {
  const { resources } = synthesize('prod')
  const entries = Object.entries(resources as Resources & Record<string, Kept>)

  it('keep what holds state when a stack is deleted, and when a resource is replaced', () => {
    const let_go = entries
      .filter(([id, { Type }]) => Type in stateful && id !== 'ResponderSealingKey91392AE2')
      .filter(([, it]) => it.DeletionPolicy !== 'Retain' || it.UpdateReplacePolicy !== 'Retain')
    expect(let_go.map(([id]) => id)).toEqual([])
  })

  it('keep logs, too', () => {
    const groups = entries.filter(([, { Type }]) => Type === 'AWS::Logs::LogGroup')
    expect(groups.length).toBeGreaterThan(10)
    for (const [, group] of groups) expect(group.DeletionPolicy).toBe('Retain')
  })

  it('protect every table from being deleted', () => {
    for (const [, { Type, Properties }] of entries)
      if (Type === 'AWS::DynamoDB::Table') expect(Properties.DeletionProtectionEnabled).toBe(true)
  })
})
