import { beforeAll, describe, expect, it } from 'vitest'
import { deployedIn, functionIds, rowOf } from '../../infra/access.ts'
import { stageNames, stageOf } from '../../infra/config.ts'
import { grantsOf, holdersOf, roleOf } from '../../infra/roles.ts'
import {
  actionsOf,
  ofType,
  rolesAllowed,
  type Statement,
  type Synthesized,
  statementsByRole,
  synthesize,
} from '../support/stack-templates.ts'

const [workflowRole, releaseRole] = [/^ApprovalWorkflowRole/, /^ApprovalWorkflowReleaseRole/].map((role) =>
  expect.stringMatching(role),
)

/** Every action that would get around the gate, and all the roles that have it. */
const privileges: readonly (readonly [string, readonly unknown[]])[] = [
  ['kms:Sign', ['api-decide', 'schedule-tend', 'signer']],
  ['kms:GetPublicKey', ['api-read', 'api-rules', 'signer', 'worker-acm-pca', 'worker-apply']],
  ['acm-pca:IssueCertificate', ['worker-acm-pca']],
  ['acm-pca:RevokeCertificate', ['worker-acm-pca']],
  ['acm-pca:GetCertificateAuthorityCertificate', ['api-rules']],
  ['acm-pca:ImportCertificateAuthorityCertificate', []],
  ['acm-pca:UpdateCertificateAuthority', []],
  ['kms:Encrypt', ['signer']],
  ['kms:Decrypt', ['status-ocsp']],
  ['kms:CreateGrant', []],
  ['kms:PutKeyPolicy', []],
  ['kms:GenerateDataKey', []],
  // The relay starts approvals, an approval its release, and nobody else either of them.
  ['states:StartExecution', [workflowRole, 'relay']],
  ['states:SendTaskSuccess', [releaseRole, 'relay']],
  ['states:SendTaskFailure', [releaseRole]],
  ['states:GetExecutionHistory', []],
  ['states:UpdateStateMachine', []],
  [
    'lambda:InvokeFunction',
    [
      releaseRole,
      workflowRole,
      expect.stringMatching(/^SchedulesRenewRole/),
      expect.stringMatching(/^SchedulesTendRole/),
    ],
  ],
  ['lambda:UpdateFunctionCode', []],
  ['iam:PassRole', []],
  ['sts:AssumeRole', []],
  ['dynamodb:DeleteItem', ['relay']],
  ['dynamodb:Scan', []],
  ['dynamodb:DeleteTable', []],
  ['dynamodb:PartiQLUpdate', []],
  ['s3:PutObject', ['signer']],
  ['sns:Publish', ['worker-notify']],
  ['secretsmanager:GetSecretValue', ['worker-notify']],
  ['secretsmanager:PutSecretValue', []],
  ['sqs:ChangeMessageVisibility', ['worker-notify']],
  ['s3:DeleteObject', []],
]

/** The only statements on `*`: what AWS gives no resource to name. */
const withoutResource = [
  'dynamodb:ListStreams',
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
]

describe.each(stageNames)('privileges in stage %s', (name) => {
  let synthesized: Synthesized
  let roles: Readonly<Record<string, readonly Statement[]>>

  beforeAll(() => {
    synthesized = synthesize(name)
    roles = statementsByRole(synthesized.resources)
  })

  it.each(privileges)('%s: exactly %j', (action, allowed) => {
    expect(rolesAllowed(synthesized.resources, action)).toEqual(allowed)
  })

  it.each([...new Set(deployedIn(stageOf({ stage: name })).map(roleOf))])(
    '%s may do what its rows say, write its log, read its source, and no more',
    (id) => {
      const granted = new Set(roles[id]?.flatMap(actionsOf))
      const sources = holdersOf(id).flatMap(sourceActions)
      const plumbing = new Set(['logs:CreateLogStream', 'logs:PutLogEvents', ...sources])
      const own = grantsOf(id).flatMap(({ actions }) => actions)
      expect([...granted].sort()).toEqual([...new Set([...own, ...plumbing])].sort())
    },
  )

  it('gives no role a wildcard action', () => {
    const wildcards = Object.values(roles)
      .flat()
      .flatMap(actionsOf)
      .filter((action) => action.includes('*'))
    expect(wildcards).toEqual([])
  })

  it('grants on every resource only what has no resource', () => {
    const wide = Object.values(roles)
      .flat()
      .filter(({ Resource }) => Resource === '*')
      .flatMap(actionsOf)
    expect([...new Set(wide)].sort()).toEqual(withoutResource)
  })

  it('has exactly one role that signs with CA keys, held by the two functions that do', () => {
    const functions = Object.values(synthesized.resources).filter(
      ({ Type, Properties }) =>
        Type === 'AWS::Lambda::Function' && /signer/.test(JSON.stringify(Properties.Role)),
    )
    const names = functions.map(({ Properties }) => Properties.FunctionName)
    expect(names.sort()).toEqual(
      ['worker-kms', 'worker-publish-status'].map((id) => `countersign-${name}-${id}`),
    )
  })

  it('attaches no managed policy to a role', () => {
    for (const role of ofType(synthesized.resources, 'AWS::IAM::Role'))
      expect(role.ManagedPolicyArns).toBeUndefined()
  })

  it('lets the token table be read by the relay alone and written by the park function alone', () => {
    expect(touching('dynamodb:GetItem')).toEqual(['relay'])
    expect(touching('dynamodb:Query')).toEqual([])
    expect(touching('dynamodb:GetRecords')).toEqual(['relay'])
    expect(touching('dynamodb:PutItem')).toEqual(['workflow-park'])
    expect(touching('dynamodb:UpdateItem')).toEqual([])
  })

  it.each([
    ['api-read', ['ACCESS', 'CURSOR']],
    ['api-submit', ['ACCESS', 'BATCH', 'CERTIFICATE', 'IDEMPOTENCY', 'JOB', 'REVOCATION', 'USE']],
    ['api-rules', ['ACCESS', 'IDEMPOTENCY', 'JOB']],
    ['api-decide', ['ACCESS', 'GRANT', 'IDEMPOTENCY', 'JOB']],
    ['api-administer', ['ACCESS', 'IDEMPOTENCY', 'JOB', 'PRINCIPAL', 'SUBJECT']],
    ['workflow-refuse', ['JOB']],
    ['schedule-tend', ['JOB']],
    ['schedule-renew', ['CERTIFICATE', 'JOB', 'RENEWAL', 'USE']],
    ['worker-acm-pca', ['CERTIFICATE', 'JOB', 'SERIAL', 'SPENT']],
    [
      'worker-apply',
      ['CERTIFICATE', 'CRL', 'GRANT', 'ISSUER', 'JOB', 'PRINCIPAL', 'PROFILE', 'SERIAL', 'SUBJECT'],
    ],
    ['status-ocsp', ['OCSP']],
    ['signer', ['CERTIFICATE', 'CRL', 'ISSUER', 'JOB', 'RESPONDER', 'SERIAL', 'SPENT']],
    ['watch-key-use', ['KEYUSE']],
    ['worker-notify', ['NOTIFICATION']],
  ])('%s writes only to partitions %j', (id, prefixes) => {
    const keys = [...new Set(leadingKeys(id, 'dynamodb:PutItem'))]
    expect(keys.sort()).toEqual(prefixes.map((prefix) => `${prefix}#*`))
  })

  it('lets OCSP read only what it answers from', () => {
    expect(leadingKeys('status-ocsp', 'dynamodb:GetItem').sort()).toEqual([
      'OCSP#*',
      'RESPONDER#*',
      'SERIAL#*',
    ])
    expect(rolesAllowed(synthesized.resources, 'dynamodb:Query')).not.toContain('status-ocsp')
  })

  it.each([
    ['CA key', 2, ['signer']],
    ['vouches for the decisions of people', 1, ['api-decide']],
    ['vouches for deadlines', 1, ['schedule-tend']],
  ])('lets a key (%s) sign digests for its roles alone, by its own policy', (purpose, count, signers) => {
    const keys = ofType(synthesized.resources, 'AWS::KMS::Key').filter(
      ({ KeyUsage, Description }) => KeyUsage === 'SIGN_VERIFY' && Description.includes(purpose),
    )
    expect(keys).toHaveLength(count)
    for (const { KeyPolicy } of keys) {
      const uses = (KeyPolicy.Statement as Statement[]).filter((statement) =>
        actionsOf(statement).some(
          (action) =>
            !/^kms:(Describe|Enable|List|Put|Update|Revoke|Disable|Get|Delete|TagResource|UntagResource|ScheduleKeyDeletion|CancelKeyDeletion)/.test(
              action,
            ),
        ),
      )
      expect(uses).toHaveLength(1)
      expect(uses[0]?.Action).toBe('kms:Sign')
      const condition = JSON.stringify(uses[0]?.Condition)
      expect(condition.match(/-(signer|(worker|api|status|schedule|workflow)-[a-z-]+)/g)).toEqual(
        signers.map((id) => `-${id}`),
      )
      expect(uses[0]?.Condition).toHaveProperty('StringEquals', { 'kms:MessageType': 'DIGEST' })
    }
  })

  it('keeps secrets out of the environment of functions', () => {
    const known = [
      'STAGE',
      'ENVIRONMENT',
      'TABLE_NAME',
      'LOG_LEVEL',
      ...functionIds.flatMap((id) => rowOf(id).variables),
    ]
    for (const { Environment } of ofType(synthesized.resources, 'AWS::Lambda::Function'))
      expect(known).toEqual(expect.arrayContaining(Object.keys(Environment.Variables)))
  })

  /** The roles that have this action on the token table or its stream. */
  function touching(action: string): readonly string[] {
    return Object.entries(roles)
      .filter(([, statements]) =>
        statements.some(
          (statement) =>
            actionsOf(statement).includes(action) &&
            /"Tokens[0-9A-F]{8}"/.test(JSON.stringify(statement.Resource)),
        ),
      )
      .map(([role]) => role)
  }

  function leadingKeys(id: string, action: string): string[] {
    const statements = (roles[id] ?? []).filter(
      (statement) =>
        actionsOf(statement).includes(action) && !JSON.stringify(statement.Resource).includes('"Tokens'),
    )
    return statements.flatMap(({ Condition }) => {
      const condition = Condition as {
        'ForAllValues:StringLike'?: { 'dynamodb:LeadingKeys': string | string[] }
      }
      const keys = condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] ?? 'any'
      return typeof keys === 'string' ? [keys] : keys
    })
  }
})

function sourceActions(id: string): readonly string[] {
  if (id === 'relay')
    return [
      'dynamodb:DescribeStream',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
    ]
  if (id.startsWith('worker-')) return ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes']
  return []
}
