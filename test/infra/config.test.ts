import { describe, expect, it } from 'vitest'
import { stageOf } from '../../infra/config.ts'

describe('a stage', () => {
  it('is dev unless something else is asked for', () => {
    expect(stageOf({}).name).toBe('dev')
  })

  it.each(['local', 'dev'])('%s is no production stage', (stage) => {
    expect(stageOf({ stage }).production).toBe(false)
  })

  it('prod is the production stage', () => {
    expect(stageOf({ stage: 'prod' }).production).toBe(true)
  })

  it.each([
    ['an unknown stage', { stage: 'production' }],
    ['a status URL that is none', { stage: 'dev', status_url: 'status.example.com' }],
  ])('refuses %s', (_, context) => {
    expect(() => stageOf(context)).toThrow()
  })
})
