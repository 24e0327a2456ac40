import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { element, sequence } from '../../../lib/pki/der.ts'
import { reading } from '../../../lib/pki/der-reader.ts'
import {
  decodeGeneralNames,
  encodeGeneralNames,
  generalNameComplaint,
} from '../../../lib/pki/general-names.ts'
import { octetsOfIp, textOfIp } from '../../../lib/pki/ip-address.ts'
import { anyGeneralName } from '../../support/pki-plans.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

describe('subject alternative names', () => {
  it('read back as they were written', () => {
    const names = fc.uniqueArray(anyGeneralName, {
      minLength: 1,
      maxLength: 20,
      selector: ({ value }) => value,
    })
    fc.assert(
      fc.property(names, (list) => {
        expect(decodeGeneralNames(encodeGeneralNames(list))).toEqual(list)
      }),
    )
  })

  it.each([
    'a.example',
    '*.a.example',
    'localhost',
    'xn--mller-kva.example',
    'xn--fsqu00a.xn--0zwm56d',
    'xn--4dbcagdahymbxekheh6e0a7fei0b.example',
    '1a.example',
    'a--b.example',
    'a.b-c.d',
    `${'a'.repeat(63)}.example`,
  ])('%j is a DNS name', (value) => {
    expect(generalNameComplaint({ type: 'dns', value })).toBeNull()
  })

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'A.example',
    '-a.example',
    'a-.example',
    'a_b.example',
    'a b',
    'a\0.example',
    'a\n',
    '*',
    '*a.example',
    'a.*.example',
    '**.example',
    '*.*.example',
    '10.0.0.1',
    '1',
    'a.1',
    'müller.example',
    'xn--a.example',
    'xn--.example',
    'xn--a-\u00fc',
    'xn--99999999999.example',
    'ab--c.example',
    'a/b',
    'a:80',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(126)}aa`,
    '[::1]',
    'a@b.example',
  ])('%j is no DNS name', (value) => {
    expect(generalNameComplaint({ type: 'dns', value })).not.toBeNull()
  })

  it.each([
    ['uri', 'spiffe://cluster.example/ns/a/sa/b', true],
    ['uri', 'https://a.example:8443/x?y#z', true],
    ['uri', 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6', true],
    ['uri', 'https://[2001:db8::1]/', true],
    ['uri', '/relative', false],
    ['uri', 'a.example', false],
    ['uri', 'https://', false],
    ['uri', 'https://a b/', false],
    ['uri', 'https://a.example/%zz', false],
    ['uri', 'https://ü.example/', false],
    ['uri', 'https://a_b/', false],
    ['uri', 'https://[::g]/', false],
    ['email', 'a.b+c@d.example', true],
    ['email', 'A@d.example', true],
    ['email', 'a@D.example', false],
    ['email', 'a', false],
    ['email', '@d.example', false],
    ['email', 'a@', false],
    ['email', 'a b@d.example', false],
    ['email', '"a"@d.example', false],
    ['email', 'a@*.d.example', false],
    ['email', 'ü@d.example', false],
    ['email', `${'a'.repeat(65)}@d.example`, false],
    ['ip', '10.0.0.1', true],
    ['ip', '2001:db8::1', true],
    ['ip', '::', true],
    ['ip', '::ffff:192.0.2.1', true],
    ['ip', '010.0.0.1', false],
    ['ip', '256.0.0.1', false],
    ['ip', '1.2.3', false],
    ['ip', '10.0.0.0/8', false],
    ['ip', '2001:DB8::1', false],
    ['ip', '2001:db8:0:0:0:0:0:1', false],
    ['ip', '::1%eth0', false],
    ['ip', '1::2::3', false],
    ['ip', '::ffff:c000:201', false],
    ['ip', 'g::', false],
    ['ip', '1:2:3:4:5:6:7', false],
    ['ip', '1:2:3:4:5:6:7:8:9', false],
    ['ip', '1.2.3.4::', false],
    ['ip', ':1:2:3:4:5:6:7', false],
  ] as const)('as %s, %j is canonical: %s', (type, value, isCanonical) => {
    expect(generalNameComplaint({ type, value }) === null).toBe(isCanonical)
  })

  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['fe80:0:0:0:0:0:0:10', 'fe80::10'],
    ['::192.0.2.1', '::c000:201'],
    ['::FFFF:192.0.2.1', '::ffff:192.0.2.1'],
    ['2001:DB8::00a1', '2001:db8::a1'],
  ])('%s is written %s (RFC 5952)', (text, canonical) => {
    expect(textOfIp(octetsOfIp(text) ?? new Uint8Array(16))).toBe(canonical)
  })

  it('any IPv6 address is written as the URL standard writes it, IPv4-mapped ones aside', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const plain = groups.map((value) => value.toString(16)).join(':')
        fc.pre(!plain.startsWith('0:0:0:0:0:ffff:'))
        const octets = octetsOfIp(plain)
        expect(`[${textOfIp(octets ?? new Uint8Array(16))}]`).toBe(new URL(`http://[${plain}]/`).hostname)
        expect(octetsOfIp(textOfIp(octets ?? new Uint8Array(16)))).toEqual(octets)
      }),
    )
  })

  const name = (tag: number, value: string | Uint8Array) =>
    element(tag, typeof value === 'string' ? Buffer.from(value) : value)

  it.each([
    ['otherName', [name(0xa0, sequence())], /otherName/],
    ['directoryName', [name(0xa4, sequence())], /directoryName/],
    ['registeredID', [name(0x88, Buffer.of(42))], /registeredID/],
    ['an unknown choice', [name(0x8c, 'a')], /unknown/],
    ['a known one beside an unknown one', [name(0x82, 'a.example'), name(0xa0, sequence())], /otherName/],
    ['the same name twice', [name(0x82, 'a.example'), name(0x82, 'A.EXAMPLE')], /twice/],
    ['a NUL', [name(0x82, 'a.example\0.b.example')], /label/],
    ['an octet above ASCII', [name(0x82, Buffer.of(0xe4))], /ASCII/],
    ['an address with its mask', [name(0x87, Buffer.alloc(8))], /4 nor 16/],
    ['no names', [], /empty/],
  ])('with %s are refused whole', (_, names, detail) => {
    const refused = refusalOf(() => reading('csr_malformed', () => decodeGeneralNames(sequence(...names))))
    expect(refused.detail).toMatch(detail)
  })

  it('are not written when they are not canonical', () => {
    expect(refusalOf(() => encodeGeneralNames([{ type: 'dns', value: 'A.example' }])).code).toBe(
      'profile_violation',
    )
    const twice = { type: 'dns' as const, value: 'a.example' }
    expect(refusalOf(() => encodeGeneralNames([twice, twice])).code).toBe('profile_violation')
  })
})
