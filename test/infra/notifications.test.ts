import { describe, expect, it } from 'vitest'
import { stageNames, stageOf } from '../../infra/config.ts'
import { actionsOf, ofType, statementsByRole, synthesize } from '../support/stack-templates.ts'

const channels = {
  emails: ['pki@example.com'],
  webhooks: [{ name: 'chat', shape: 'slack', secret: 'countersign/chat' }],
}

const given = (notifications: object) => ({ notifications: JSON.stringify(notifications) })

/** What the deployed function will read of its stage. */
const settingsOf = (resources: ReturnType<typeof synthesize>['resources']) => {
  const [variable] = ofType(resources, 'AWS::Lambda::Function').flatMap(({ Environment }) => {
    const { NOTIFICATIONS } = Environment.Variables
    return NOTIFICATIONS === undefined ? [] : [NOTIFICATIONS]
  })
  return JSON.stringify(variable).replaceAll('\\', '')
}

const secretsNamed = (resources: ReturnType<typeof synthesize>['resources']) =>
  statementsByRole(resources)
    ['worker-notify']?.filter((one) => actionsOf(one).includes('secretsmanager:GetSecretValue'))
    .map(({ Resource }) => JSON.stringify(Resource))

describe.each(stageNames)('notifications of stage %s', (name) => {
  const { resources, stage } = synthesize(name, given(channels))

  it('reach this machine only where the stage is local', () => {
    expect(stage.notifications.loopback).toBe(name === 'local')
    expect(settingsOf(resources)).toContain(`"loopback":${name === 'local'}`)
  })

  it('are sent to the addresses of the stage, over a topic that takes nothing without TLS', () => {
    const mine = ofType(resources, 'AWS::SNS::Subscription').filter(({ Protocol }) => Protocol === 'email')
    expect(mine.map(({ Endpoint }) => Endpoint)).toContain('pki@example.com')
    const policies = ofType(resources, 'AWS::SNS::TopicPolicy').map((policy) => JSON.stringify(policy))
    expect(
      policies.some((policy) => policy.includes('NotificationsTopic') && policy.includes('SecureTransport')),
    ).toBe(true)
  })

  it('read the secrets that the stage names and no others', () => {
    const [secrets, ...more] = secretsNamed(resources) ?? []
    expect(more).toEqual([])
    expect(secrets).toMatch(/:secret:countersign\/chat-\?{6}"/)
    expect(secrets?.match(/:secret:/g)).toHaveLength(1)
  })

  it('know no secret where no webhook is named', () => {
    const [secrets] = secretsNamed(synthesize(name).resources) ?? []
    expect(secrets).toMatch(/:secret:none-is-declared-\?{6}"/)
  })
})

describe('a stage', () => {
  it.each(['dev', 'prod'])('%s cannot be told to reach its own machine', (stage) => {
    expect(() => stageOf({ stage, ...given({ loopback: true }) })).toThrow('only the stage local')
  })

  const [chat] = channels.webhooks

  it.each([
    ['an address that is none', { emails: ['pki'] }],
    ['a webhook with its URL beside it', { webhooks: [{ ...chat, url: 'https://hooks.example.com/T0' }] }],
    ['a shape that nobody knows', { webhooks: [{ ...chat, shape: 'carrier-pigeon' }] }],
    ['two webhooks of one name', { webhooks: [chat, chat] }],
    ['a webhook named like the e-mail', { webhooks: [{ ...chat, name: 'email' }] }],
    ['a secret that is a wildcard', { webhooks: [{ ...chat, secret: '*' }] }],
    ['an event that does not exist', { webhooks: [{ ...chat, events: ['approval_given'] }] }],
    ['no events at all', { webhooks: [{ ...chat, events: [] }] }],
    ['too few waits between deliveries', { retry_after_seconds: [60] }],
    ['a wait that SQS does not have', { retry_after_seconds: [1, 1, 1, 43_201] }],
    ['a field that nobody knows', { slack: true }],
  ])('refuses %s', (_, notifications) => {
    expect(() => stageOf({ stage: 'dev', ...given(notifications) })).toThrow()
  })
})
