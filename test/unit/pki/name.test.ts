import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DistinguishedName } from '../../../lib/model/names.ts'
import { element, sequence, set } from '../../../lib/pki/der.ts'
import { oid } from '../../../lib/pki/der-oid.ts'
import { reading } from '../../../lib/pki/der-reader.ts'
import { decodeName, encodeName, formatName } from '../../../lib/pki/name.ts'
import { rdn } from '../../support/pki-csr.ts'
import { anyName } from '../../support/pki-plans.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

const wide = (text: string, width: 2 | 4) =>
  Buffer.concat(
    [...text].map((character) => {
      const point = Buffer.alloc(width)
      point.writeUIntBE(character.codePointAt(0) ?? 0, 0, width)
      return point
    }),
  )

describe('a distinguished name', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(anyName(0), (name) => {
        expect(decodeName(encodeName(name))).toEqual(name)
      }),
    )
  })

  it.each([
    ['UTF8String', 0x0c, Buffer.from('Zürich')],
    ['TeletexString', 0x14, Buffer.from('Zürich', 'latin1')],
    ['BMPString', 0x1e, wide('Zürich', 2)],
    ['UniversalString', 0x1c, wide('Zürich', 4)],
  ])('is read from %s', (_, tag, octets) => {
    expect(decodeName(sequence(rdn('2.5.4.7', tag, octets)))).toEqual([{ type: 'L', value: 'Zürich' }])
  })

  it.each([
    [
      'an unknown attribute',
      rdn('1.2.840.113549.1.9.1', 0x16, 'a@b.example'),
      /attribute 1\.2\.840\.113549\.1\.9\.1/,
    ],
    [
      'several attributes in one part',
      set(
        sequence(oid('2.5.4.3'), element(12, Buffer.from('a'))),
        sequence(oid('2.5.4.10'), element(12, Buffer.from('b'))),
      ),
      /several attributes/,
    ],
    ['an attribute without a value', set(sequence(oid('2.5.4.3'))), /one value/],
    ['a part that is no SET', sequence(sequence(oid('2.5.4.3'))), /SET/],
    ['an empty part', set(), /SET/],
    ['an INTEGER for a value', rdn('2.5.4.3', 0x02, 'a'), /string/],
    ['UTF-8 that is none', rdn('2.5.4.3', 0x0c, Buffer.of(0xc3, 0x28)), /UTF-8/],
    ['a BMPString of half a character', rdn('2.5.4.3', 0x1e, Buffer.of(0)), /inside a character/],
    ['a lone surrogate', rdn('2.5.4.3', 0x1e, Buffer.of(0xd8, 0)), /control/],
    ['a UniversalString beyond Unicode', rdn('2.5.4.3', 0x1c, Buffer.of(0, 0x11, 0, 0)), /Unicode/],
    ['an asterisk in a PrintableString', rdn('2.5.4.3', 0x13, '*.a'), /PrintableString/],
    ['an empty value', rdn('2.5.4.3', 0x0c, ''), /empty/],
    ['a NUL', rdn('2.5.4.3', 0x0c, 'bank.example\0.evil.example'), /control/],
    ['a line feed', rdn('2.5.4.3', 0x0c, 'a\nb'), /control/],
    ['a C1 control', rdn('2.5.4.3', 0x14, Buffer.of(0x9b)), /control/],
    ['a right-to-left override', rdn('2.5.4.3', 0x0c, 'a\u202egpj'), /control/],
    ['a zero width space', rdn('2.5.4.3', 0x0c, 'a\u200bb'), /control/],
    ['a byte order mark', rdn('2.5.4.3', 0x0c, '\ufeffa'), /control/],
    ['a country of three letters', rdn('2.5.4.6', 0x13, 'DEU'), /longer than 2/],
    ['a country in digits', rdn('2.5.4.6', 0x13, '49'), /not allowed/],
    ['a common name of 65 characters', rdn('2.5.4.3', 0x0c, 'a'.repeat(65)), /longer than 64/],
  ])('with %s is refused', (_, part, detail) => {
    const refused = refusalOf(() => reading('csr_malformed', () => decodeName(sequence(part))))
    expect(refused.code).toBe('csr_malformed')
    expect(refused.detail).toMatch(detail)
  })

  it.each<[string, DistinguishedName]>([
    ['a control character', [{ type: 'CN', value: 'a\u0000' }]],
    ['an umlaut in serialNumber', [{ type: 'serialNumber', value: 'ü' }]],
    ['a lower bound broken', [{ type: 'C', value: 'D' }]],
  ])('is not written with %s', (_, name) => {
    expect(refusalOf(() => encodeName(name)).code).toBe('profile_violation')
  })

  it.each<[DistinguishedName, string]>([
    [[], ''],
    [
      [
        { type: 'C', value: 'DE' },
        { type: 'O', value: 'Acme, Inc.' },
        { type: 'CN', value: 'a' },
      ],
      'CN=a,O=Acme\\, Inc.,C=DE',
    ],
    [[{ type: 'CN', value: '#a "b" <c>; d=e+f\\' }], 'CN=\\#a \\"b\\" \\<c\\>\\; d=e\\+f\\\\'],
    [[{ type: 'CN', value: ' a ' }], 'CN=\\ a\\ '],
    [[{ type: 'CN', value: ' ' }], 'CN=\\ '],
    [[{ type: 'CN', value: 'Müller' }], 'CN=Müller'],
    [[{ type: 'CN', value: 'a\u0000\u202eb' }], 'CN=a\\00\\E2\\80\\AEb'],
  ])('%j is formatted by RFC 4514 as %j', (name, text) => {
    expect(formatName(name)).toBe(text)
  })
})
