import { describe, expect, it } from 'vitest'
import { stageNames } from '../../infra/config.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

/** The roles whose ARNs are in a template's value: each ends with its name, after the region. */
const rolesIn = (value: unknown): readonly string[] =>
  [...JSON.stringify(value).matchAll(/"-([a-z][a-z-]*)/g)].map(([, role = '']) => role)

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
    const keys = ofType(resources, 'AWS::KMS::Key').filter(({ Description }) => /CA key/.test(Description))
    const allowed = keys.flatMap(({ KeyPolicy }) =>
      KeyPolicy.Statement.filter(({ Action }: { Action: unknown }) => Action === 'kms:Sign'),
    )
    expect(allowed).toHaveLength(Object.keys(stage.ca_keys).length)
    for (const { Condition } of allowed)
      expect(rolesIn(Condition.ArnEquals['aws:PrincipalArn'])).toEqual(['signer'])
    expect(rolesIn(watcher.Environment.Variables.SIGNERS)).toEqual(['signer'])
  })
})
