import * as asn1js from 'asn1js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as der from '../../../lib/pki/der.ts'
import { oid } from '../../../lib/pki/der-oid.ts'
import { attempt, contentOf, elementAt, reading, wholeElement } from '../../../lib/pki/der-reader.ts'
import { time } from '../../../lib/pki/der-time.ts'
import { magnitudeOf, namedBitsOf, oidOf, smallNumberOf, timeOf } from '../../../lib/pki/der-values.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex')
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const limits = { octets: 1_000_000, depth: 16 }

describe('the DER writer', () => {
  it.each([
    ['zero', der.number(0), '020100'],
    ['127', der.number(127), '02017f'],
    ['128 with its sign octet', der.number(128), '02020080'],
    ['a large number', der.number(2n ** 64n), '0209010000000000000000'],
    ['a magnitude with leading zeros', der.integer(bytes('0000ff')), '020200ff'],
    ['an empty magnitude', der.integer(bytes('')), '020100'],
    ['keyCertSign and cRLSign, trimmed', der.namedBits([5, 6]), '03020106'],
    ['digitalSignature, trimmed', der.namedBits([0]), '03020780'],
    ['a ninth bit', der.namedBits([8]), '0303070080'],
    ['no bits', der.namedBits([]), '030100'],
    ['an object identifier', oid('1.2.840.113549.1.1.11'), '06092a864886f70d01010b'],
    ['an arc under 2', oid('2.5.29.15'), '0603551d0f'],
    ['a set in DER order', der.set(bytes('020102'), bytes('020101')), '3106020101020102'],
    [
      'the last second of UTCTime',
      time(new Date('2049-12-31T23:59:59Z')),
      `170d${hex(Buffer.from('491231235959Z'))}`,
    ],
    [
      'the first second after it',
      time(new Date('2050-01-01T00:00:00Z')),
      `180f${hex(Buffer.from('20500101000000Z'))}`,
    ],
    ['1950', time(new Date('1950-01-01T00:00:00.999Z')), `170d${hex(Buffer.from('500101000000Z'))}`],
    ['1949', time(new Date('1949-12-31T23:59:59Z')), `180f${hex(Buffer.from('19491231235959Z'))}`],
  ])('writes %s', (_, written, expected) => {
    expect(hex(written)).toBe(expected)
  })

  it.each([0, 127, 128, 255, 256, 65_535, 65_536, 16_777_215, 16_777_216])(
    'writes a length of %i as asn1js reads it',
    (length) => {
      const written = der.octetString(new Uint8Array(length))
      expect(asn1js.fromBER(written).offset).toBe(written.length)
      expect(contentOf(elementAt(written, 0)).length).toBe(length)
    },
  )

  it('writes any number as the reader reads it back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (value) => {
        const magnitude = magnitudeOf(elementAt(der.number(value), 0), 'a number')
        expect(BigInt(`0x${hex(magnitude)}`)).toBe(value)
      }),
    )
  })

  it('writes any bits, object identifier and time as the reader reads them back', () => {
    const dotted = fc
      .tuple(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 39 }),
        fc.array(fc.bigInt({ min: 0n, max: 2n ** 70n }), { maxLength: 4 }),
      )
      .map(([first, second, rest]) => [first, second, ...rest].join('.'))
    const instants = fc.date({
      min: new Date('1900-01-01'),
      max: new Date('9999-12-31'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 15 })), dotted, instants, (bits, id, date) => {
        expect(namedBitsOf(elementAt(der.namedBits(bits), 0), 'bits')).toEqual(bits.toSorted((a, b) => a - b))
        expect(oidOf(elementAt(oid(id), 0), 'an identifier')).toBe(id)
        expect(timeOf(elementAt(time(date), 0), 'a time')).toBe(`${date.toISOString().slice(0, 19)}.000Z`)
      }),
    )
  })
})

describe('the DER reader', () => {
  it.each([
    ['nothing', ''],
    ['a tag alone', '30'],
    ['a length that reaches past the end', '3005 0000'],
    ['an indefinite length', '3080 0201 01 0000'],
    ['a length in the long form for less than 128', '3081 03 020101'],
    ['a length with a leading zero', '3082 0003 020101'],
    ['a length of 2^32 − 1', '3084 ffffffff'],
    ['a length of nine octets', '3089 ffffffffffffffffff'],
    ['a reserved length octet', '30ff'],
    ['a tag number above 30', '1f8101 00'],
    ['something after the end', '3000 00'],
    ['a child that reaches past its parent', '3003 0202 01 00'],
    ['a constructed OCTET STRING', '2403 040100'],
    ['a primitive SEQUENCE', '1003 020101'],
    ['an end-of-contents mark', '3002 0000'],
    ['the same, deep inside', '3004 a002 0000'],
  ])('refuses %s', (_, encoding) => {
    expect(refusalOf(() => reading('csr_malformed', () => wholeElement(bytes(encoding), limits))).code).toBe(
      'csr_malformed',
    )
  })

  it.each<[string, () => unknown]>([
    ['an empty INTEGER', () => magnitudeOf(elementAt(bytes('0200'), 0), 'it')],
    ['a negative INTEGER', () => magnitudeOf(elementAt(bytes('0201ff'), 0), 'it')],
    ['an INTEGER with a needless zero', () => magnitudeOf(elementAt(bytes('0202007f'), 0), 'it')],
    ['a number above 31 bits', () => smallNumberOf(elementAt(bytes('02050080000000'), 0), 'it')],
    ['bits with a trailing zero bit', () => namedBitsOf(elementAt(bytes('03020080'), 0), 'it')],
    ['bits with rubbish in the unused ones', () => namedBitsOf(elementAt(bytes('03020781'), 0), 'it')],
    ['nine unused bits', () => namedBitsOf(elementAt(bytes('03020980'), 0), 'it')],
    ['an object identifier that ends inside an arc', () => oidOf(elementAt(bytes('06022a86'), 0), 'it')],
    ['an arc with a leading 0x80', () => oidOf(elementAt(bytes('06032a8001'), 0), 'it')],
    ['an empty object identifier', () => oidOf(elementAt(bytes('0600'), 0), 'it')],
    [
      'a time without seconds',
      () => timeOf(elementAt(der.element(0x17, Buffer.from('2601010000Z')), 0), 'it'),
    ],
    [
      'a time with an offset',
      () => timeOf(elementAt(der.element(0x17, Buffer.from('260101000000+0100')), 0), 'it'),
    ],
    ['30 February', () => timeOf(elementAt(der.element(0x17, Buffer.from('260230000000Z')), 0), 'it')],
    ['a leap second', () => timeOf(elementAt(der.element(0x17, Buffer.from('161231235960Z')), 0), 'it')],
  ])('refuses %s', (_, read) => {
    expect(refusalOf(() => reading('csr_malformed', read)).code).toBe('csr_malformed')
  })

  it('stops at its depth, however deep the nesting goes', () => {
    const nested = (depth: number) => {
      let inner: Uint8Array = bytes('0500')
      for (let level = 0; level < depth; level++) inner = der.sequence(inner)
      return inner
    }
    expect(wholeElement(nested(16), limits).tag).toBe(0x30)
    expect(attempt(() => wholeElement(nested(17), limits))).toBeNull()
    expect(attempt(() => wholeElement(nested(10_000), limits))).toBeNull()
  })

  it('throws nothing but malformed, whatever the octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        attempt(() => wholeElement(octets, limits))
      }),
      { numRuns: 2000 },
    )
  })
})
