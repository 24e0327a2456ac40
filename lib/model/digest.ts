import { createHash, hash, timingSafeEqual } from 'node:crypto'

/** What JSON can say, and nothing that JSON would drop in silence. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/**
 * RFC 8785 (JCS) for the values that we use: members sorted by UTF-16 code
 * unit, no white space, numbers as ECMAScript prints them. A value that JSON
 * cannot carry is a fault, for a digest must never be made of less than it
 * was given.
 */
export const canonicalJson = (value: unknown): string => {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`
  }
  throw new TypeError(`no canonical JSON for a ${typeof value}`)
}

/** SHA-256 over the canonical JSON of a value, lower case hex. */
export const digestOf = (value: unknown): string => hash('sha256', canonicalJson(value), 'hex')

export const sha256 = (bytes: string | Uint8Array): string => hash('sha256', bytes, 'hex')

/** Equality in time that does not depend on where two texts differ. */
export const sameSecret = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
