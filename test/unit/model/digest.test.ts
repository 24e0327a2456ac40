import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, digestOf, sameSecret, sha256 } from '../../../lib/model/digest.ts'

describe('canonical JSON', () => {
  it('is that of RFC 8785 §3.2.4', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    }
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  it('sorts members by UTF-16 code unit, as RFC 8785 §3.2.3 does', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    }
    expect(Object.values(JSON.parse(canonicalJson(value)))).toHaveLength(7)
    expect([...canonicalJson(value).matchAll(/:"([^"]*)"/g)].map(([, text]) => text)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  it.each([
    [0, '0'],
    [-0, '0'],
    [5e-324, '5e-324'],
    [1.7976931348623157e308, '1.7976931348623157e+308'],
    [9007199254740992, '9007199254740992'],
    [295147905179352830000, '295147905179352830000'],
    [9.999999999999997e22, '9.999999999999997e+22'],
    [1e21, '1e+21'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
  ])('writes the number %d as RFC 8785 Appendix B does', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  it.each([
    ['undefined', undefined],
    ['a member that is undefined', { a: undefined }],
    ['an element that is undefined', [undefined]],
    ['not a number', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['a date', { at: new Date(0) }],
    ['a big integer', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a map', new Map([['a', 1]])],
    ['a set', new Set([1])],
    ['octets', new Uint8Array([1])],
    ['an object without a prototype', Object.create(null)],
    ['an object of a class', new (class Thing {})()],
  ])('refuses %s rather than drop it', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })

  it('is JSON of the same value, whatever the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value))
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain)
        const turned = (part: unknown): unknown =>
          Array.isArray(part)
            ? part.map(turned)
            : typeof part === 'object' && part !== null
              ? Object.fromEntries(
                  Object.entries(part)
                    .toReversed()
                    .map(([name, member]) => [name, turned(member)]),
                )
              : part
        expect(canonicalJson(turned(plain))).toBe(canonicalJson(plain))
      }),
    )
  })

  it('differs wherever two values differ', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const [one, other] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))]
        fc.pre(JSON.stringify(one) !== JSON.stringify(other))
        if (canonicalJson(one) === canonicalJson(other)) expect(one).toEqual(other)
        else expect(digestOf(one)).not.toBe(digestOf(other))
      }),
    )
  })
})

describe('a digest', () => {
  it('is the SHA-256 of the canonical JSON, in UTF-8', () => {
    const expected = createHash('sha256').update(Buffer.from('{"a":"é","b":[1]}', 'utf8')).digest('hex')
    expect(digestOf({ b: [1], a: 'é' })).toBe(expected)
  })

  it('of text is that of its UTF-8, and of octets that of the octets', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(sha256(Buffer.from('abc'))).toBe(sha256('abc'))
  })
})

describe('a secret', () => {
  it.each([
    ['', '', true],
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'aa', false],
    ['', 'a', false],
  ])('"%s" and "%s" are the same: %s', (a, b, same) => {
    expect(sameSecret(a, b)).toBe(same)
  })
})
