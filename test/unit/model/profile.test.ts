import { describe, expect, it } from 'vitest'
import { approvalPolicy } from '../../../lib/model/approval-policy.ts'
import { profileDocument } from '../../../lib/model/profile.ts'
import { harmless } from '../../../lib/model/summary.ts'
import { profileBody } from '../../support/world.ts'

const parsed = (changes: object) => profileDocument.safeParse({ ...profileBody, ...changes })

const pointers = (changes: object) => {
  const result = parsed(changes)
  if (result.success) return ['accepted']
  return result.error.issues.map((issue) =>
    [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys : [])].join('/'),
  )
}

describe('a profile', () => {
  it('needs no approval and reads its defaults where it says nothing of them', () => {
    expect(profileDocument.parse(profileBody)).toMatchObject({
      requires_approval: false,
      approval_policy: { quorum: 1, expires_after: 'P7D', reason_required: false },
      allow_key_reuse: true,
    })
  })

  it.each([0, -1, 17, 1.5, null, '1', true, Number.NaN, [], {}])('has no quorum of %j', (quorum) => {
    expect(pointers({ approval_policy: { quorum } })).toEqual(['approval_policy/quorum'])
  })

  it.each([1, 2, 16])('may have a quorum of %d', (quorum) => {
    expect(parsed({ approval_policy: { quorum } }).data?.approval_policy.quorum).toBe(quorum)
  })

  it.each([null, 'none', 0, []])('has no approval policy %j', (approval_policy) => {
    expect(pointers({ approval_policy })).toEqual(['approval_policy'])
  })

  it.each(['PT14M59S', 'P91D', 'PT0S', 'never', '', 'P1M', null, 900, 'P90DT1S'])(
    'never lets an approval wait for %j',
    (expires_after) => {
      expect(pointers({ approval_policy: { expires_after } })).toContain('approval_policy/expires_after')
    },
  )

  it.each(['PT15M', 'P90D', 'P7D'])('may let an approval wait for %s', (expires_after) => {
    expect(approvalPolicy.parse({ expires_after })).toEqual({
      quorum: 1,
      order: 'parallel',
      expires_after,
      reason_required: false,
      ticket_required: false,
      remind_after: [],
    })
  })

  it.each(['true', 1, null, 'yes'])('does not require approval by %j', (requires_approval) => {
    expect(pointers({ requires_approval })).toEqual(['requires_approval'])
  })

  it.each([
    ['a default life above the longest', { validity: { default: 'P91D', max: 'P90D' } }, 'validity/default'],
    ['a life of under a minute', { validity: { default: 'PT59S', max: 'P1D' } }, 'validity/default'],
    ['a life of more than five years', { validity: { default: 'P1D', max: 'P1827D' } }, 'validity/max'],
    ['no life', { validity: { default: 'P1D' } }, 'validity/max'],
    [
      'backdating of more than a day',
      { validity: { default: 'P1D', max: 'P1D', backdate: 'P2D' } },
      'validity/backdate',
    ],
    ['a field that is not known', { auto_approve: true }, 'auto_approve'],
    [
      'a field that is not known inside',
      { approval_policy: { quorum: 1, bypass: true } },
      'approval_policy/bypass',
    ],
    ['a status of its own', { status: 'active' }, 'status'],
    ['a version of its own', { version: 7 }, 'version'],
    ['no name', { name: ' ' }, 'name'],
    ['no algorithms', { key_algorithms: [] }, 'key_algorithms'],
    ['an algorithm that is not known', { key_algorithms: ['RSA_1024'] }, 'key_algorithms/0'],
    ['no purposes', { extended_key_usage: [] }, 'extended_key_usage'],
    ['a purpose that is not known', { extended_key_usage: ['anyExtendedKeyUsage'] }, 'extended_key_usage/0'],
    [
      'no domains',
      { subject_alternative_names: { dns: { domains: [] } } },
      'subject_alternative_names/dns/domains',
    ],
    [
      'no ranges',
      { subject_alternative_names: { ip: { ranges: [] } } },
      'subject_alternative_names/ip/ranges',
    ],
    ['an issuer by its ARN', { issuer_id: 'arn:aws:kms:eu-west-1:1:key/a' }, 'issuer_id'],
    ['an attribute that is not known', { subject: { allowed: ['emailAddress'] } }, 'subject/allowed/0'],
  ])('with %s is refused', (_, changes, pointer) => {
    expect(pointers(changes)).toEqual([pointer])
  })

  it.each([
    '',
    '.',
    '*',
    '*.example.com',
    'Example.com',
    'example.com.',
    '.example.com',
    'exa mple.com',
    '-a.com',
    'a..b',
    'ex\u00e4mple.com',
    `${'a'.repeat(64)}.com`,
    'example.com\n',
  ])('allows no names within "%s"', (domain) => {
    expect(parsed({ subject_alternative_names: { dns: { domains: [domain] } } }).success).toBe(false)
  })

  it.each([
    '',
    'https://',
    'https://example.com',
    'https://example.com/a',
    'https://user@example.com/',
    'https://example.com/?q/',
    'https://example.com/#a/',
    '//example.com/',
    'HTTPS://example.com/',
    'spiffe://example.com/',
    'urn:a:b',
  ])('allows no URIs that begin with "%s": another host could', (prefix) => {
    expect(pointers({ subject_alternative_names: { uri: { prefixes: [prefix] } } })).toEqual([
      'subject_alternative_names/uri/prefixes/0',
    ])
  })

  it.each(['10.0.0.0/33', '10.0.0.0', '::/129', 'any', '10.0.0.0/-1'])(
    'allows no addresses within "%s"',
    (range) => {
      expect(parsed({ subject_alternative_names: { ip: { ranges: [range] } } }).success).toBe(false)
    },
  )
})

describe('text from outside', () => {
  it.each([
    ['a right-to-left override', 'a\u202eb', 'a\\u{202e}b'],
    ['an isolate', 'a\u2066b\u2069', 'a\\u{2066}b\\u{2069}'],
    ['a mark of direction', '\u200fa\u200e\u061c', '\\u{200f}a\\u{200e}\\u{061c}'],
    ['a control character', 'a\u0000\u001b[31mb\u007f', 'a\\u{0000}\\u{001b}[31mb\\u{007f}'],
    ['a line break', 'a\r\nb\u0085c', 'a\\u{000d}\\u{000a}b\\u{0085}c'],
    ['a separator of lines', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['nothing wide', 'a\u200bb\u200dc\u2060\ufeff', 'a\\u{200b}b\\u{200d}c\\u{2060}\\u{feff}'],
    ['a soft hyphen', 'exam\u00adple', 'exam\\u{00ad}ple'],
    ['a tag', 'a\u{e0041}', 'a\\u{e0041}'],
    ['half of a character', 'a\ud800b', 'a\\u{d800}b'],
    ['a private character', 'a\ue000', 'a\\u{e000}'],
    ['a filler', 'a\u3164b\u115f\uffa0', 'a\\u{3164}b\\u{115f}\\u{ffa0}'],
    ['a selector of variants', 'a\ufe0fb', 'a\\u{fe0f}b'],
    ['a joiner that is not seen', 'a\u034fb', 'a\\u{034f}b'],
  ])('with %s is shown with it spelt out', (_, text, shown) => {
    expect(harmless(text)).toBe(shown)
  })

  it.each(['www.example.com', 'Ångström GmbH & Co. KG', '日本語 العربية עברית', 'é', '😀 a', ''])(
    'that is plain stays as it is: "%s"',
    (text) => {
      expect(harmless(text)).toBe(text)
    },
  )
})
