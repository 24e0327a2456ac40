import { describe, expect, it } from 'vitest'
import { newApiKey, opens, type PresentedKey, readPresentedKey } from '../../../lib/model/api-key.ts'
import {
  approvalIdOf,
  certificateId,
  issuerId,
  jobId,
  jobIdOf,
  newSuffix,
  principalId,
  profileId,
} from '../../../lib/model/ids.ts'
import { demand, may, type Permission } from '../../../lib/model/permissions.ts'
import { isOwner, type Principal, principal, type Role, roles } from '../../../lib/model/principal.ts'

const bob: Principal = principal.parse({
  id: 'pr-bob',
  version: 1,
  kind: 'person',
  name: 'Bob Ⅳ Ångström',
  email: 'Bob@Example.com',
  roles: ['approver'],
  status: 'active',
  created_at: '2026-03-01T12:00:00.000Z',
})

describe('an owner', () => {
  it.each([
    'pr-bob',
    'PR-BOB',
    '  pr-bob ',
    'ｐｒ－ｂｏｂ',
    'bob@example.com',
    'BOB@EXAMPLE.COM',
    'bob@example.com\n',
    'Bob Ⅳ Ångström',
    'bob iv ångström',
    'BOB IV A\u030aNGSTRO\u0308M',
    'Bob Ⅳ \u212bngström',
  ])('named "%s" is the principal', (owner) => {
    expect(isOwner(bob, owner)).toBe(true)
  })

  it.each([
    '',
    ' ',
    'pr-bo',
    'pr-bobby',
    'bob',
    'bob@example.org',
    'xbob@example.com',
    'bob@example.com.evil',
    'null',
    'undefined',
  ])('named "%s" is somebody else', (owner) => {
    expect(isOwner(bob, owner)).toBe(false)
  })

  it('named by nothing is nobody who has no e-mail address', () => {
    expect(isOwner({ id: 'pr-bot', name: 'bot', email: null }, 'null')).toBe(false)
  })
})

describe('an API key', () => {
  const random = (n: number) => new Uint8Array(n).map((_, index) => index * 7)
  const now = '2026-03-01T12:00:00.000Z'
  const later = '2026-04-01T12:00:00.000Z'
  const { key, token } = newApiKey(bob, random, now, later)
  const presented = readPresentedKey(token)
  if (presented === null) throw new Error('a key that cannot be read')

  it('opens what it was made for, and what is stored of it does not hold the secret', () => {
    expect(opens(key, presented, now)).toBe(true)
    expect(JSON.stringify(key)).not.toContain(presented.secret)
    expect(token).toBe(`cs_${key.id}_${presented.secret}`)
    expect(Buffer.from(presented.secret, 'base64url')).toHaveLength(32)
  })

  it('opens until the instant before it expires', () => {
    expect(opens(key, presented, '2026-04-01T11:59:59.999Z')).toBe(true)
  })

  const wrong: readonly [string, Partial<typeof key>, Partial<PresentedKey>, string][] = [
    ['at the instant when it expires', {}, {}, later],
    ['after it expired', {}, {}, '2027-01-01T00:00:00.000Z'],
    ['when it is disabled', { disabled_at: now }, {}, now],
    ['when it is disabled and never expires', { disabled_at: now, expires_at: null }, {}, now],
    ['with another secret', {}, { secret: 'A'.repeat(43) }, now],
    ['with no secret', {}, { secret: '' }, now],
    ['with the hash for a secret', {}, { secret: key.secret_sha256 }, now],
    ['for another principal', {}, { principal_id: 'pr-eve' }, now],
    ['of another principal', { principal_id: 'pr-eve' }, {}, now],
  ]
  it.each(wrong)('does not open %s', (_, stored, given, at) => {
    expect(opens({ ...key, ...stored }, { ...presented, ...given }, at)).toBe(false)
  })

  it.each([
    '',
    'cs_',
    token.slice(0, -1),
    `${token}A`,
    token.toUpperCase(),
    token.replace('cs_', 'sk_'),
    ` ${token}`,
    `${token}\n`,
    token.replace('-', '_'),
    token.replace('bob', 'b/b'),
    token.replace('bob', ''),
    `cs_${'a'.repeat(33)}-b_${'A'.repeat(43)}`,
    'Bearer x',
  ])('is not read from "%s"', (text) => {
    expect(readPresentedKey(text)).toBe(null)
  })
})

describe('an id', () => {
  it('is made of 80 random bits in letters that are not mistaken for one another', () => {
    const suffix = newSuffix((n) => new Uint8Array(n).map((_, index) => index * 37))
    expect(suffix).toMatch(/^[0-9a-hjkmnp-tv-z]{16}$/)
    const every = new Set(
      Array.from({ length: 256 }, (_, byte) => newSuffix((n) => new Uint8Array(n).fill(byte))[0]),
    )
    expect(every.size).toBe(32)
  })

  it('of an approval and of its job are one but for their beginnings', () => {
    expect(approvalIdOf('job-abc123')).toBe('ar-abc123')
    expect(jobIdOf('ar-abc123')).toBe('job-abc123')
  })

  it.each([
    [
      jobId,
      'job-abc123',
      ['job-', 'job-abc', 'JOB-abc123', 'ar-abc123', 'job-abc123#x', 'job-abc/23', 'job-abc123\n'],
    ],
    [certificateId, 'mc-foo', ['mc-', 'mc-Foo', 'mc-foo#EVENT', 'foo', `mc-${'a'.repeat(63)}`]],
    [profileId, 'p-prod-web', ['p-', 'p--a', 'p-a-', 'p-A', `p-${'a'.repeat(63)}`]],
    [issuerId, 'iss-web', ['iss-', 'iss-a-', 'iss-../x', 'iss-a b']],
    [principalId, 'pr-bob', ['pr-', 'pr-a-b', 'pr-Bob', 'system-reaper']],
  ])('has one form: %#', (form, good, bad) => {
    expect(form.safeParse(good).success).toBe(true)
    for (const text of bad) expect([text, form.safeParse(text).success]).toEqual([text, false])
  })
})

describe('a permission', () => {
  const table: Readonly<Record<Role, readonly Permission[]>> = {
    admin: ['read', 'request', 'administer', 'audit'],
    operator: ['read', 'request'],
    approver: ['read', 'decide'],
    auditor: ['read', 'audit'],
    viewer: ['read'],
  }
  const all = ['read', 'request', 'decide', 'administer', 'audit'] as const
  const cells = roles.flatMap((role) =>
    all.map((permission) => [role, permission, table[role].includes(permission)] as const),
  )

  it.each(cells)('%s may %s: %s', (role, permission, allowed) => {
    const who = { ...bob, roles: [role] }
    expect(may(who, permission)).toBe(allowed)
    if (allowed) expect(() => demand(who, permission)).not.toThrow()
    else expect(() => demand(who, permission)).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })

  it.each(all)('to %s is nobody’s who holds no role', (permission) => {
    expect(may({ ...bob, roles: [] }, permission)).toBe(false)
  })

  it.each(all)('to %s is somebody’s through any of their roles', (permission) => {
    expect(may({ ...bob, roles: [...roles] }, permission)).toBe(true)
  })
})
