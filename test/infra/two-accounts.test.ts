import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { stageOf } from '../../infra/config.ts'
import { KeyStack } from '../../infra/key-stack.ts'
import { judge } from '../support/judged-calls.ts'
import { policiesOf, type Statement } from '../support/permission-policies.ts'
import { deploymentOf } from '../support/permission-report.ts'
import { resolved, type Template as Synthesized } from '../support/resolved-template.ts'
import { buildInto } from '../support/stack-templates.ts'
import { withNames } from '../support/synthesized-policies.ts'

const service = '000000000000'
const keys = '222222222222'
const key_arn = `arn:aws:kms:us-east-1:${keys}:key/11111111-2222-3333-4444-555555555555`
const external = JSON.stringify({ issuing: key_arn })
const context = { stage: 'prod', ca_keys: '{}', ca_key_arns: external }

/** The stage without CA keys of its own, in one account. */
const services = () => {
  process.env.CDK_VALIDATION = 'false'
  const { stacks } = buildInto(new App(), context)
  const templates = [stacks.data, stacks.service].map(
    (stack) => Template.fromStack(stack).toJSON() as Synthesized,
  )
  return deploymentOf(withNames(templates))
}

/** The policy of the key, in the other account. */
const keyPolicy = (): readonly Statement[] => {
  process.env.CDK_VALIDATION = 'false'
  const stage = stageOf({ stage: 'prod', ca_keys: '{"issuing":"ECC_NIST_P256"}' })
  const template = Template.fromStack(new KeyStack(new App(), stage, service)).toJSON() as Synthesized
  const resources = resolved({ ...withNames([template]), account: keys })
  const [key] = resources.filter(({ type }) => type === 'AWS::KMS::Key')
  return policiesOf(resources).on(key?.arn ?? '') ?? []
}

const digest = { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' }

describe('a CA key in another account', () => {
  const deployment = services()
  const policy = keyPolicy()

  type With = {
    readonly identity?: readonly Statement[]
    readonly own?: readonly Statement[]
    readonly context?: object
  }

  const may = (id: string, action: string, { identity, own = policy, context: more = {} }: With = {}) => {
    const role = deployment.role_of[`countersign-prod-${id}`]
    if (role === undefined) throw new Error(id)
    return judge({
      principal: `arn:aws:sts::${service}:assumed-role/${role.name}/session`,
      call: { action, resource: key_arn, context: { ...digest, 'aws:PrincipalArn': role.arn, ...more } },
      identity: identity ?? role.statements,
      own,
      account: keys,
    })
  }

  it.each([
    ['worker-kms', 'kms:Sign', true],
    ['worker-publish-status', 'kms:Sign', true],
    ['api-rules', 'kms:GetPublicKey', true],
    ['api-decide', 'kms:Sign', false],
    ['schedule-tend', 'kms:Sign', false],
    ['api-submit', 'kms:Sign', false],
    ['worker-kms', 'kms:Decrypt', false],
    ['worker-kms', 'kms:CreateGrant', false],
    ['worker-kms', 'kms:PutKeyPolicy', false],
  ])('%s, %s: %s', async (id, action, allowed) => {
    expect(await may(id, action)).toBe(allowed)
  })

  it('signs digests alone', async () => {
    expect(await may('worker-kms', 'kms:Sign', { context: { 'kms:MessageType': 'RAW' } })).toBe(false)
  })

  it('takes both: the policy of the role and the policy of the key', async () => {
    const without = (statements: readonly Statement[]) =>
      statements.filter(({ Action }) => ![Action].flat().includes('kms:Sign'))
    const identity = without(deployment.role_of['countersign-prod-worker-kms']?.statements ?? [])
    expect(await may('worker-kms', 'kms:Sign', { identity })).toBe(false)
    expect(await may('worker-kms', 'kms:Sign', { own: without(policy) })).toBe(false)
  })

  it('cannot be used by an administrator of the other account, whatever their role says', async () => {
    const identity: Statement[] = [{ Effect: 'Allow', Action: '*', Resource: '*' }]
    const administrator = { 'aws:PrincipalArn': `arn:aws:iam::${service}:role/administrator` }
    expect(await may('worker-kms', 'kms:Sign', { identity, context: administrator })).toBe(false)
  })

  it('is not made in the account of the functions, and is what CA_KEYS has', () => {
    const signing = deployment.resources.filter(
      ({ type, properties }) => type === 'AWS::KMS::Key' && /CA key/.test(properties.Description),
    )
    expect(signing).toEqual([])
    const worker = deployment.resources.find(
      ({ properties }) => properties.FunctionName === 'countersign-prod-worker-kms',
    )
    expect(JSON.parse(worker?.properties.Environment.Variables.CA_KEYS)).toEqual({ issuing: key_arn })
  })

  it.each([
    ['in both accounts', { ...context, ca_keys: '{"issuing":"ECC_NIST_P256"}' }],
    [
      'by an alias',
      { ...context, ca_key_arns: JSON.stringify({ issuing: `arn:aws:kms:us-east-1:${keys}:alias/x` }) },
    ],
  ])('is not named %s', (_, wrong) => {
    expect(() => stageOf(wrong)).toThrow()
  })
})
