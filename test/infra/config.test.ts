import { describe, expect, it } from 'vitest'
import { stageNames, stageOf } from '../../infra/config.ts'

const issuersAt = (scheme: string, algorithm = 'ES256') =>
  JSON.stringify([
    {
      issuer: `${scheme}://id.example.com`,
      jwks_url: `${scheme}://id.example.com/keys`,
      audience: 'countersign',
      algorithms: [algorithm],
    },
  ])

const tables = 'arn:aws:dynamodb:us-east-1:111122223333:table'

describe('a stage', () => {
  it('takes no tokens and no other origin unless it is told to', () => {
    const { oidc_issuers, cors_origins } = stageOf({ stage: 'prod' })
    expect([oidc_issuers, cors_origins]).toEqual([[], []])
    expect(stageOf({ stage: 'prod', oidc_issuers: issuersAt('https') }).oidc_issuers).toHaveLength(1)
  })

  it.each(stageNames)('%s has people decide unless it is told to bypass them', (stage) => {
    expect(stageOf({ stage }).approval_bypass).toBe(false)
    expect(stageOf({ stage, approval_bypass: 'false' }).approval_bypass).toBe(false)
  })

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
    ['a production stage that bypasses approvals', { stage: 'prod', approval_bypass: 'true' }],
    ['a bypass of approvals that is neither true nor false', { stage: 'dev', approval_bypass: 'yes' }],
    ['an OIDC issuer over plain HTTP in production', { stage: 'prod', oidc_issuers: issuersAt('http') }],
    ['an algorithm without a key pair', { stage: 'dev', oidc_issuers: issuersAt('https', 'HS256') }],
    [
      "a restored table with another table's stream",
      {
        stage: 'dev',
        restored_table: JSON.stringify({ name: 'restored', stream_arn: `${tables}/other/stream/2026-03-01` }),
      },
    ],
    ['a status URL that is none', { stage: 'dev', status_url: 'status.example.com' }],
  ])('refuses %s', (_, context) => {
    expect(() => stageOf(context)).toThrow()
  })
})
