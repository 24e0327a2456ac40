import { describe, expect, it } from 'vitest'
import { rowOf } from '../../infra/access.ts'
import { stageNames, stageOf } from '../../infra/config.ts'
import type { PushTarget } from '../../lib/model/crl-push.ts'
import { pushTargets } from '../support/pushed-lists.ts'
import { actionsOf, ofType, rolesAllowed, statementsByRole, synthesize } from '../support/stack-templates.ts'

const [anchor, store] = pushTargets
const own = [
  'rolesanywhere:ImportCrl',
  'rolesanywhere:ListCrls',
  'rolesanywhere:UpdateCrl',
  'elasticloadbalancing:AddTrustStoreRevocations',
  'elasticloadbalancing:RemoveTrustStoreRevocations',
]

const withTargets = (...targets: readonly (PushTarget | undefined)[]) =>
  synthesize('dev', { crl_push: JSON.stringify(targets) })

const grantsOf = ({ resources }: ReturnType<typeof synthesize>) =>
  statementsByRole(resources)['worker-push-crl'] ?? []

const resourceOf = (statements: ReturnType<typeof grantsOf>, action: string): string =>
  JSON.stringify(statements.find((statement) => actionsOf(statement).includes(action))?.Resource)

describe('lists that are given to others', () => {
  it.each(stageNames)('are none in stage %s: no function, no role, no grant, no word from S3', (name) => {
    const { resources } = synthesize(name)
    expect(ofType(resources, 'AWS::Lambda::Function').map(({ FunctionName }) => FunctionName)).not.toContain(
      `countersign-${name}-worker-push-crl`,
    )
    for (const action of own) expect(rolesAllowed(resources, action)).toEqual([])
    for (const bucket of ofType(resources, 'AWS::S3::Bucket'))
      expect(bucket.NotificationConfiguration).toBeUndefined()
  })

  it('are given by one function, which may do what its row says, to what the stage names', () => {
    const synthesized = withTargets(anchor, store)
    const statements = grantsOf(synthesized)
    const plumbing = ['logs:CreateLogStream', 'logs:PutLogEvents']
    const source = ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage']
    const row = rowOf('worker-push-crl').may.flatMap(({ actions }) => actions)
    expect([...new Set(statements.flatMap(actionsOf))].sort()).toEqual(
      [...new Set([...row, ...plumbing, ...source])].sort(),
    )
    for (const action of own) expect(rolesAllowed(synthesized.resources, action)).toEqual(['worker-push-crl'])
    expect(resourceOf(statements, 'elasticloadbalancing:AddTrustStoreRevocations')).toBe(
      JSON.stringify(store?.arn),
    )
    expect(resourceOf(statements, 'rolesanywhere:UpdateCrl')).toMatch(/AccountId"},":crl\/\*"/)
    expect(resourceOf(statements, 's3:PutObject')).toContain('/push/*')
    const wide = statements.filter(({ Resource }) => Resource === '*').flatMap(actionsOf)
    expect(wide.sort()).toEqual(['rolesanywhere:ImportCrl', 'rolesanywhere:ListCrls'])
    for (const action of ['kms:Sign', 'kms:Decrypt', 'dynamodb:UpdateItem', 's3:DeleteObject'])
      expect(statements.flatMap(actionsOf)).not.toContain(action)
  })

  it.each([
    ['trust stores alone', [store], /^rolesanywhere:/],
    ['trust anchors alone', [anchor], /^elasticloadbalancing:/],
  ])('to %s take no right at the other service', (_, targets, other) => {
    const actions = grantsOf(withTargets(...targets)).flatMap(actionsOf)
    expect(actions.filter((action) => other.test(action))).toEqual([])
  })

  it('are heard of from S3, for lists alone, by a queue that S3 of this account may write to', () => {
    const { resources } = withTargets(anchor)
    const [bucket] = ofType(resources, 'AWS::S3::Bucket')
    const [told] = bucket.NotificationConfiguration.QueueConfigurations
    expect(told).toMatchObject({
      Event: 's3:ObjectCreated:*',
      Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: '.well-known/pki/crl/' }] } },
    })
    const policies = ofType(resources, 'AWS::SQS::QueuePolicy').flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    )
    expect(policies).toContainEqual(
      expect.objectContaining({
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    )
  })

  it('are watched: what waits for a person, and what a service does not take', () => {
    const alarms = ofType(withTargets(anchor).resources, 'AWS::CloudWatch::Alarm').map(
      ({ AlarmName }) => AlarmName,
    )
    expect(alarms).toEqual(
      expect.arrayContaining(['countersign-dev-dead-letters-push', 'countersign-dev-crl-push-refused']),
    )
  })

  it.each([
    ['another service', { issuer_id: 'iss-a', to: 'cloudfront', arn: anchor?.arn }],
    ['an ARN of another service', { issuer_id: 'iss-a', to: 'roles-anywhere', arn: store?.arn }],
    ['an ARN with a wildcard', { ...store, arn: store?.arn.replace('partners', '*') }],
    ['no issuer', { to: 'roles-anywhere', arn: anchor?.arn }],
  ])('are refused for %s', (_, target) => {
    expect(() => stageOf({ stage: 'dev', crl_push: JSON.stringify([target]) })).toThrow()
  })
})
