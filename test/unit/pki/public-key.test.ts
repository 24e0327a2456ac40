import {
  checkPrimeSync,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  generatePrimeSync,
  randomBytes,
} from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keyAlgorithms } from '../../../lib/model/algorithms.ts'
import { readCsr } from '../../../lib/pki/csr.ts'
import { asn1Null, bitString, number, sequence } from '../../../lib/pki/der.ts'
import { oid } from '../../../lib/pki/der-oid.ts'
import { checkPublicKey } from '../../../lib/pki/public-key.ts'
import { modulusWeakness } from '../../../lib/pki/weak-modulus.ts'
import { csrOf, rsaSha256 } from '../../support/pki-csr.ts'
import { anotherKeyOf, keyOf, spkiFor } from '../../support/pki-keys.ts'
import { refusalOf } from '../../support/pki-refusal.ts'

const prime = (bits: number) => generatePrimeSync(bits, { bigint: true })

const isPrime = (n: bigint) => checkPrimeSync(n, { checks: 10 })

const primesTo = (limit: number) =>
  Array.from({ length: limit - 1 }, (_, index) => BigInt(index + 2)).filter((n) => isPrime(n))

const power = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let result = 1n
  for (
    let square = base % modulus, rest = exponent;
    rest > 0n;
    rest >>= 1n, square = (square * square) % modulus
  ) {
    if (rest & 1n) result = (result * square) % modulus
  }
  return result
}

/** A prime of the form k·M + (65537^a mod M), as the flawed library made them. */
const rocaPrime = (): bigint => {
  const product = primesTo(701).reduce((sum, n) => sum * n, 1n)
  for (;;) {
    const residue = power(65_537n, BigInt(`0x${randomBytes(32).toString('hex')}`), product)
    const least = ((3n << 1022n) - residue) / product
    const candidate = (least + BigInt(`0x${randomBytes(6).toString('hex')}`)) * product + residue
    if (candidate >> 1023n === 1n && isPrime(candidate)) return candidate
  }
}

const inverse = (value: bigint, modulus: bigint): bigint => {
  let [r0, r1, s0, s1] = [modulus, value % modulus, 0n, 1n]
  while (r1 > 0n) [r0, r1, s0, s1] = [r1, r0 % r1, s1, s0 - (r0 / r1) * s1]
  return ((s0 % modulus) + modulus) % modulus
}

const base64url = (n: bigint) => {
  const hex = n.toString(16)
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url')
}

const rsaPrivateKey = (p: bigint, q: bigint, e = 65_537n) => {
  const d = inverse(e, (p - 1n) * (q - 1n))
  const [n, dp, dq, qi] = [p * q, d % (p - 1n), d % (q - 1n), inverse(q, p)]
  const part = base64url
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: part(n),
      e: part(e),
      d: part(d),
      p: part(p),
      q: part(q),
      dp: part(dp),
      dq: part(dq),
      qi: part(qi),
    },
  })
}

const rsaSpki = (modulus: bigint, exponent: bigint) =>
  sequence(
    sequence(oid('1.2.840.113549.1.1.1'), asn1Null),
    bitString(sequence(number(modulus), number(exponent))),
  )

const ecSpki = (curve: string, point: Uint8Array) =>
  sequence(sequence(oid('1.2.840.10045.2.1'), oid(curve)), bitString(point))

const p256 = keyOf('ECDSA_P256').spki
const point = p256.subarray(-65)
const bumped = Uint8Array.from(point)
bumped[64] = (bumped[64] ?? 0) ^ 1
const compressed = Buffer.concat([Buffer.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33)])
const modulus = BigInt(
  `0x${Buffer.from(keyOf('RSA_2048').publicKey.export({ format: 'jwk' }).n ?? '', 'base64url').toString('hex')}`,
)
const spkiOf = (pair: { readonly publicKey: import('node:crypto').KeyObject }) =>
  pair.publicKey.export({ format: 'der', type: 'spki' })

describe('a public key', () => {
  it.each(keyAlgorithms)('of %s is accepted', (algorithm) => {
    expect(checkPublicKey(spkiFor(algorithm)).algorithm).toBe(algorithm)
  })

  it.each([
    ['RSA of 1024 bits', spkiOf(generateKeyPairSync('rsa', { modulusLength: 1024 })), /not 1024/],
    ['RSA of 2047 bits', rsaSpki((modulus >> 1n) | 1n, 65_537n), /not 2047/],
    ['RSA of 2056 bits', rsaSpki((modulus << 8n) + 1n, 65_537n), /not 2056/],
    ['RSA of 8192 bits', rsaSpki(modulus ** 4n, 65_537n), /not 8\d{3}/],
    ['RSA with exponent 1', rsaSpki(modulus, 1n), /exponent/],
    ['RSA with exponent 3', rsaSpki(modulus, 3n), /exponent/],
    ['RSA with an even exponent', rsaSpki(modulus, 65_538n), /exponent/],
    ['RSA with a huge exponent', rsaSpki(modulus, (1n << 256n) + 1n), /exponent/],
    ['RSA with a modulus of 0', rsaSpki(0n, 65_537n), /not 1/],
    ['RSA with an even modulus', rsaSpki((modulus >> 1n) << 1n, 65_537n), /small prime/],
    ['RSA with a factor 997', rsaSpki(prime(2038) * 997n, 65_537n), /small prime/],
    [
      'RSA without its NULL',
      sequence(sequence(oid('1.2.840.113549.1.1.1')), bitString(sequence(number(modulus), number(65_537)))),
      /kind/,
    ],
    ['RSA-PSS', spkiOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 })), /kind/],
    [
      'DSA',
      sequence(
        sequence(oid('1.2.840.10040.4.1'), sequence(number(modulus), number(7), number(2))),
        bitString(number(3)),
      ),
      /kind/,
    ],
    ['X25519', spkiOf(generateKeyPairSync('x25519')), /kind/],
    ['Ed448', spkiOf(generateKeyPairSync('ed448')), /kind/],
    ['the curve of Bitcoin', spkiOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), /kind/],
    ['P-224', spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-224' })), /kind/],
    [
      'explicit curve parameters',
      spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })),
      /kind/,
    ],
    ['a point off its curve', ecSpki('1.2.840.10045.3.1.7', bumped), /valid/],
    ['a point of another curve', ecSpki('1.3.132.0.34', point), /valid/],
    ['a compressed point', ecSpki('1.2.840.10045.3.1.7', compressed), /uncompressed/],
    ['the point at infinity', ecSpki('1.2.840.10045.3.1.7', Uint8Array.of(0)), /uncompressed/],
    ['an empty point', ecSpki('1.2.840.10045.3.1.7', new Uint8Array()), /uncompressed/],
    [
      'an Ed25519 key that is short',
      sequence(sequence(oid('1.3.101.112')), bitString(new Uint8Array(31))),
      /valid/,
    ],
    ['octets after it', Buffer.concat([p256, Buffer.of(0)]), /./],
    ['nothing', new Uint8Array(), /./],
  ])('is refused: %s', (_, spki, detail) => {
    const refused = refusalOf(() => checkPublicKey(spki))
    expect(refused.code).toBe('csr_key_refused')
    expect(refused.detail).toMatch(detail)
  })

  it('is refused for every prime below 1000 in its modulus', () => {
    const cofactor = prime(500)
    for (const small of primesTo(1000)) expect(modulusWeakness(cofactor * small)).toMatch(/small prime/)
    expect(modulusWeakness(cofactor * 1009n)).toBeNull()
  })

  it('is refused with the ROCA fingerprint, in a request that it signed itself', () => {
    const privateKey = rsaPrivateKey(rocaPrime(), rocaPrime())
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
    const refused = refusalOf(() => readCsr(csrOf({ spki, privateKey, identifier: rsaSha256 })))
    expect(refused).toMatchObject({ code: 'csr_key_refused', detail: expect.stringContaining('ROCA') })
  })

  it('is refused when its factors are close to each other', () => {
    const p = prime(1024)
    let q = p + 2n
    while (!isPrime(q)) q += 2n
    expect(modulusWeakness(p * q)).toMatch(/close/)
  })

  it('is not refused for weakness by mistake', () => {
    for (let round = 0; round < 2; round++)
      expect(checkPublicKey(anotherKeyOf('RSA_2048').spki).algorithm).toBe('RSA_2048')
  })
})
