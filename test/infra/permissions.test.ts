import { beforeAll, describe, expect, it } from 'vitest'
import type { FunctionId } from '../../infra/access.ts'
import { stageNames } from '../../infra/config.ts'
import { allows, allowsService, judge } from '../support/judged-calls.ts'
import {
  type Deployment,
  deniedCalls,
  told,
  unusedGrants,
  waitingMachine,
} from '../support/permission-report.ts'
import { synthesizedPolicies } from '../support/synthesized-policies.ts'
import { wiredCalls } from '../support/wired-calls.ts'

type Asked = {
  readonly action: string
  readonly on: string
  readonly context?: Record<string, string | string[]>
}

const key = (prefix: string) => ({ 'dynamodb:LeadingKeys': [`${prefix}#1`] })
const digest = { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': 'ECDSA_SHA_256' }
const raw = { ...digest, 'kms:MessageType': 'RAW' }
const event = { 'dynamodb:LeadingKeys': ['ACCESS#1', 'PROFILE#1'] }

/** `on`: the logical id of a resource, and what comes after it in an ARN. */
const judged: readonly (readonly [FunctionId, 'may' | 'may not', Asked])[] = [
  ['worker-kms', 'may', { action: 'kms:Sign', on: 'CaKeyissuing', context: digest }],
  ['worker-kms', 'may not', { action: 'kms:Sign', on: 'CaKeyissuing', context: raw }],
  ['worker-kms', 'may not', { action: 'kms:Sign', on: 'DecisionKey', context: digest }],
  ['worker-kms', 'may not', { action: 'kms:Sign', on: 'ClockKey', context: digest }],
  ['api-decide', 'may', { action: 'kms:Sign', on: 'DecisionKey', context: digest }],
  ['api-decide', 'may not', { action: 'kms:Sign', on: 'CaKeyroot', context: digest }],
  ['api-decide', 'may not', { action: 'states:SendTaskSuccess', on: 'ApprovalWorkflowMachine' }],
  ['relay', 'may', { action: 'states:SendTaskSuccess', on: 'ApprovalWorkflowMachine' }],
  ['relay', 'may', { action: 'dynamodb:GetItem', on: 'Tokens', context: key('ar-1') }],
  ['api-read', 'may not', { action: 'dynamodb:GetItem', on: 'Tokens', context: key('ar-1') }],
  ['workflow-park', 'may not', { action: 'dynamodb:GetItem', on: 'Tokens', context: key('ar-1') }],
  ['api-submit', 'may', { action: 'dynamodb:PutItem', on: 'Table', context: key('JOB') }],
  ['api-submit', 'may not', { action: 'dynamodb:PutItem', on: 'Table', context: key('PROFILE') }],
  ['api-submit', 'may not', { action: 'dynamodb:PutItem', on: 'Table', context: key('PRINCIPAL') }],
  ['api-read', 'may not', { action: 'dynamodb:PutItem', on: 'Table', context: key('JOB') }],
  ['api-read', 'may not', { action: 'dynamodb:PutItem', on: 'Table', context: event }],
  ['api-read', 'may not', { action: 'dynamodb:Scan', on: 'Table' }],
  ['status-ocsp', 'may not', { action: 'dynamodb:GetItem', on: 'Table', context: key('JOB') }],
  ['worker-publish-status', 'may', { action: 's3:PutObject', on: 'StatusBucket/shards/1' }],
  ['worker-publish-status', 'may not', { action: 's3:PutObject', on: 'StatusBucket/index.html' }],
  ['worker-publish-status', 'may not', { action: 's3:DeleteObject', on: 'StatusBucket/shards/1' }],
]

describe.each(stageNames)('the policies of stage %s, as AWS evaluates them', (name) => {
  let deployment: Deployment
  beforeAll(() => {
    deployment = synthesizedPolicies(name)
  })

  const role = (id: FunctionId) => {
    const found = deployment.role_of[`countersign-${name}-${id}`]
    if (found === undefined) throw new Error(`no role for ${id}`)
    return found
  }
  const arnOf = (on: string): string => {
    const [id = '', ...rest] = on.split('/')
    const named = new RegExp(`^${id}(Key)?[0-9A-F]{8}$`)
    const found = deployment.resources.find((it) => named.test(it.id) && it.arn !== it.id)
    if (found === undefined) throw new Error(`no resource ${id}`)
    return [found.arn, ...rest].join('/')
  }

  it.each(judged)('%s %s %j', async (id, verdict, { action, on, context = {} }) => {
    const allowed = await allows(deployment, role(id), { action, resource: arnOf(on), context })
    expect(allowed ? 'may' : 'may not').toBe(verdict)
  })

  it('let AWS do what the template wires it to do', async () => {
    for (const wired of wiredCalls(deployment.resources)) {
      const by = deployment.roles.find(({ arn }) => arn === wired.by)
      const allowed = by
        ? await allows(deployment, by, wired)
        : await allowsService(deployment, wired.by, wired)
      expect([wired.why, wired.action, wired.resource, allowed]).toEqual([
        wired.why,
        wired.action,
        wired.resource,
        true,
      ])
    }
  })

  it('let nobody sign with a CA key by an identity policy alone', async () => {
    const resource = arnOf('CaKeyissuing')
    const everything = { Effect: 'Allow', Action: '*', Resource: '*' } as const
    const context = { ...digest, 'aws:PrincipalArn': 'arn:aws:iam::000000000000:role/administrator' }
    const asked = {
      principal: 'arn:aws:sts::000000000000:assumed-role/administrator/session',
      call: { action: 'kms:Sign', resource, context },
      identity: [everything],
      own: deployment.on(resource) ?? [],
    }
    expect(await judge(asked)).toBe(false)
  })

  it('take messages over TLS alone', async () => {
    const resource = arnOf('KmsWorkQueue')
    const over = (tls: string) =>
      allows(deployment, role('relay'), {
        action: 'sqs:SendMessage',
        resource,
        context: { 'aws:SecureTransport': tls },
      })
    expect([await over('true'), await over('false')]).toEqual([true, false])
  })
})

describe('the report on permissions', () => {
  const deployment = synthesizedPolicies('local')
  const call = (id: string, action: string, resource: string) => ({
    function: `countersign-local-${id}`,
    action,
    resource,
    context: {},
  })

  it('tells of a call that AWS would deny', async () => {
    const calls = [
      call('api-read', 'states:StartExecution', 'arn:aws:states:us-east-1:000000000000:stateMachine:x'),
    ]
    expect(await deniedCalls(deployment, calls)).toEqual([
      expect.stringContaining('api-read: states:StartExecution'),
    ])
  })

  it('tells of a call that nobody made', async () => {
    const calls = [call('stranger', 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:000000000000:x')]
    expect(await deniedCalls(deployment, calls)).toEqual([expect.stringContaining('nobody knows who called')])
  })

  it('refuses to judge an action that AWS does not have', async () => {
    const calls = [call('api-read', 'sqs:Unheard', 'arn:aws:sqs:us-east-1:000000000000:x')]
    await expect(deniedCalls(deployment, calls)).rejects.toThrow(/cannot be judged/)
  })

  it('tells of a right that nothing used, until something does', () => {
    const machine = waitingMachine(deployment.resources)
    const line = `countersign-local-us-east-1-relay: states:StartExecution on ${machine}`
    expect(unusedGrants(deployment, []).map(told)).toContain(line)
    expect(
      unusedGrants(deployment, [call('relay', 'states:StartExecution', machine)]).map(told),
    ).not.toContain(line)
  })
})
