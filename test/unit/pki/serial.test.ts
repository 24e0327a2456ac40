import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { serialNumber } from '../../../lib/model/plan.ts'
import { canonicalSerial, newSerial, serialOfOctets } from '../../../lib/pki/serial.ts'

const canonical = '0a1b2c'

describe('a serial number', () => {
  it.each([
    '0a1b2c',
    '0A1B2C',
    'a1b2c',
    '0A:1B:2C',
    '0x0a1b2c',
    '0xA1B2C',
    '000a1b2c',
    '00:00:0a:1b:2c',
    ' 0a 1b 2c ',
  ])('written as %j has one canonical form', (text) => {
    expect(canonicalSerial(text)).toBe(canonical)
  })

  it.each([
    '',
    '0',
    '00',
    '0x',
    '-1',
    'xyz',
    '0a1b2g',
    '0a;1b',
    '1'.repeat(41),
    `0x${'f'.repeat(42)}`,
    '0'.repeat(200),
    '٣',
  ])('is not what %j says', (text) => {
    expect(canonicalSerial(text)).toBeNull()
  })

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'of %i octets is the same from octets and from text',
    (length) => {
      for (const first of [0x01, 0x7f, 0x80, 0xff]) {
        const octets = Buffer.concat([Buffer.of(first), randomBytes(length - 1)])
        const serial = serialOfOctets(octets)
        expect(serialNumber.parse(serial)).toBe(octets.toString('hex'))
        expect(serialOfOctets(Buffer.concat([Buffer.alloc(3), octets]))).toBe(serial)
        expect(canonicalSerial(`00${octets.toString('hex').toUpperCase()}`)).toBe(serial)
      }
    },
  )

  it('that is new has 20 octets, no sign bit and no leading zero, whatever the randomness', () => {
    for (const random of [
      (n: number) => Buffer.alloc(n),
      (n: number) => Buffer.alloc(n, 0xff),
      randomBytes,
    ]) {
      const serial = newSerial(random)
      expect(serialNumber.parse(serial)).toHaveLength(40)
      expect(serial >= '40' && serial < '80').toBe(true)
    }
    expect(new Set(Array.from({ length: 1000 }, () => newSerial(randomBytes))).size).toBe(1000)
    expect(() => newSerial(() => Buffer.alloc(8))).toThrow('fewer octets')
  })
})
