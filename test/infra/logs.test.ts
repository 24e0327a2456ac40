import { describe, expect, it } from 'vitest'
import { stageNames } from '../../infra/config.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

describe.each(stageNames)('Functions of stage %s', (name) => {
  const functions = ofType(synthesize(name).resources, 'AWS::Lambda::Function')

  // A line without a level is INFO to Lambda, and the lines that metrics are made of have none.
  it('keep what they say themselves, metrics with it, and of what Lambda says what went wrong', () => {
    expect(functions.length).toBeGreaterThan(10)
    for (const { LoggingConfig } of functions)
      expect(LoggingConfig).toMatchObject({
        LogFormat: 'JSON',
        ApplicationLogLevel: 'INFO',
        SystemLogLevel: 'WARN',
      })
  })
})
