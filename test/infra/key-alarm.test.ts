import { describe, expect, it } from 'vitest'
import { stageNames, stageOf } from '../../infra/config.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

describe.each(stageNames)('signing keys of stage %s', (name) => {
  const { resources, stage } = synthesize(name)
  const keys = Object.entries(resources).filter(
    ([, { Type, Properties }]) => Type === 'AWS::KMS::Key' && Properties.KeyUsage === 'SIGN_VERIFY',
  )

  it('wait before they are deleted, in production as long as KMS allows', () => {
    for (const [, { Properties }] of keys)
      expect(Properties.PendingWindowInDays).toBe(name === 'prod' ? 30 : 7)
  })

  it('raise an alarm when somebody deletes, disables or opens up any of them', () => {
    const [rule] = ofType(resources, 'AWS::Events::Rule')
    const { eventSource, eventName, resources: named } = rule.EventPattern.detail
    expect(eventSource).toEqual(['kms.amazonaws.com'])
    expect(eventName).toEqual(['ScheduleKeyDeletion', 'DisableKey', 'PutKeyPolicy', 'CreateGrant'])
    const arns = keys.map(([id]) => ({ 'Fn::GetAtt': [id, 'Arn'] }))
    expect(named.ARN).toEqual(expect.arrayContaining(arns))
    expect(named.ARN).toHaveLength(arns.length)
    expect(rule.Targets).toHaveLength(1)
  })

  it('are of kinds that our CAs sign with', () => {
    expect(stage.post_quantum_keys).toBe(false)
    for (const spec of Object.values(stage.ca_keys)) expect(spec).not.toMatch(/^ML_DSA/)
  })
})

describe('a stage', () => {
  it('names no key by a kind that KMS does not have', () => {
    expect(() => stageOf({ stage: 'dev', status_url: 'http://a.example' })).not.toThrow()
  })
})
