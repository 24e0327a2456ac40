import { describe, expect, it } from 'vitest'
import { stageNames } from '../../infra/config.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

describe.each(stageNames)('the watch over CA keys of stage %s', (name) => {
  const { resources, stage } = synthesize(name)
  const rules = ofType(resources, 'AWS::Events::Rule')
  const rule = rules.find(({ EventPattern }) => EventPattern.detail.eventName.includes('Sign'))

  it('hears of every signature, which CloudTrail counts as reading', () => {
    expect(rule.State).toBe('ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS')
    expect(rule.EventPattern.detail.resources.ARN).toHaveLength(Object.keys(stage.ca_keys).length)
  })

  it('loses none: what fails for a day is kept', () => {
    const [target] = rule.Targets
    expect(target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 })
    expect(target.DeadLetterConfig.Arn).toBeDefined()
  })

  it('knows the roles that may sign, and no others', () => {
    const functions = ofType(resources, 'AWS::Lambda::Function')
    const watcher = functions.find(({ FunctionName }) => FunctionName === `countersign-${name}-watch-key-use`)
    const signers = JSON.stringify(watcher.Environment.Variables.SIGNERS)
    const policies = ofType(resources, 'AWS::KMS::Key').flatMap(({ KeyPolicy }) => KeyPolicy.Statement)
    const caKeys = policies.filter(({ Action }) => Action === 'kms:Sign')
    const roles = caKeys.flatMap(({ Condition }) => Condition.ArnEquals['aws:PrincipalArn'])
    const ids = roles.map((role: unknown) => /-([a-z]+-[a-z-]+)"?\]?\]?\}?$/.exec(JSON.stringify(role))?.[1])
    for (const id of new Set(ids)) if (id?.startsWith('worker-')) expect(signers).toContain(id)
    expect(signers).not.toContain('api-')
  })
})
