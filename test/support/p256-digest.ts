import { createECDH, type KeyObject, randomBytes } from 'node:crypto'

/** The order of the group of P-256 (SEC 2 §2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

const bytesOf = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(64, '0'), 'hex')

const modulo = (n: bigint): bigint => ((n % order) + order) % order

/** The inverse modulo the order, by Euclid. */
const inverse = (n: bigint): bigint => {
  let [a, b, x, y] = [modulo(n), order, 1n, 0n]
  while (a > 1n) {
    const quotient = b / a
    ;[a, b, x, y] = [b - quotient * a, a, y - quotient * x, x]
  }
  return modulo(x)
}

/** A DER INTEGER: no zero in front but the one that keeps it positive. */
const integer = (n: bigint): Buffer => {
  const hex = n.toString(16)
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  const octets = Buffer.from(Number.parseInt(even.slice(0, 2), 16) < 0x80 ? even : `00${even}`, 'hex')
  return Buffer.concat([Buffer.from([0x02, octets.length]), octets])
}

/**
 * ECDSA with P-256 over a SHA-256 digest, DER, as KMS makes it: node:crypto only
 * signs messages. For tests alone: it takes no care to hide the key from a clock.
 */
export const signDigestWithP256 = (key: KeyObject, digest: Uint8Array): Uint8Array => {
  const d = numberOf(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'))
  for (;;) {
    const once = createECDH('prime256v1')
    const k = modulo(numberOf(randomBytes(32)))
    if (k === 0n) continue
    once.setPrivateKey(bytesOf(k))
    const r = modulo(numberOf(once.getPublicKey().subarray(1, 33)))
    const s = modulo(inverse(k) * (numberOf(digest) + r * d))
    if (r === 0n || s === 0n) continue
    const both = Buffer.concat([integer(r), integer(s)])
    return Buffer.concat([Buffer.from([0x30, both.length]), both])
  }
}
