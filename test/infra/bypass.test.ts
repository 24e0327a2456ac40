import { describe, expect, it } from 'vitest'
import { heedsBypass } from '../../infra/access.ts'
import { stageNames } from '../../infra/config.ts'
import { ofType, synthesize } from '../support/stack-templates.ts'

const told = (name: string, context: object = {}): readonly string[] => {
  const { resources } = synthesize(name, context)
  return ofType(resources, 'AWS::Lambda::Function')
    .filter(({ Environment }) => Environment?.Variables?.APPROVAL_BYPASS !== undefined)
    .map(({ Description }) => String(Description))
}

describe('the bypass of approvals', () => {
  it.each(stageNames)('is in no template of %s that does not ask for it', (name) => {
    const { resources } = synthesize(name)
    expect(JSON.stringify(resources)).not.toMatch(/bypass/i)
  })

  it('is told to the functions that open jobs or carry them out, and to no other, where dev asks for it', () => {
    expect(told('dev', { approval_bypass: 'true' })).toHaveLength(heedsBypass.length)
  })

  it.each(['true', true])('cannot be synthesized for production (%j)', (approval_bypass) => {
    expect(() => synthesize('prod', { approval_bypass })).toThrow()
  })
})
