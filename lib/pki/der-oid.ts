import { element } from './der.ts'

const known = new Map<string, Uint8Array>()

const base128 = (arc: bigint): number[] => {
  const octets = [Number(arc & 0x7fn)]
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) octets.unshift(Number(rest & 0x7fn) | 0x80)
  return octets
}

/** OBJECT IDENTIFIER from dotted text (X.690 §8.19). */
export const encodeOid = (dotted: string): Uint8Array => {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  return element(0x06, Uint8Array.from([first * 40n + second, ...rest].flatMap(base128)))
}

/** As `encodeOid`, for the identifiers in our own tables: each is kept for good. */
export const oid = (dotted: string): Uint8Array => {
  const found = known.get(dotted)
  if (found !== undefined) return found
  const made = encodeOid(dotted)
  known.set(dotted, made)
  return made
}
