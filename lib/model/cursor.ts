import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Where a walk through a list goes on, as clients see it: opaque, and good
 * only for the very list it came from (`scope`), for it carries a MAC over both.
 */
export const sealCursor = (secret: Uint8Array, scope: string, position: string): string => {
  const place = Buffer.from(position, 'utf8').toString('base64url')
  return `${place}.${macOf(secret, scope, place).toString('base64url')}`
}

/** The position in a cursor; null for one that is not ours, not unchanged, or of another list. */
export const openCursor = (secret: Uint8Array, scope: string, cursor: string): string | null => {
  const [, place, mac] = /^([A-Za-z0-9_-]{1,700})\.([A-Za-z0-9_-]{22})$/.exec(cursor) ?? []
  if (place === undefined || mac === undefined) return null
  const given = Buffer.from(mac, 'base64url')
  const expected = macOf(secret, scope, place)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  return Buffer.from(place, 'base64url').toString('utf8')
}

const macOf = (secret: Uint8Array, scope: string, place: string): Buffer =>
  createHmac('sha256', secret)
    .update(JSON.stringify([scope, place]))
    .digest()
    .subarray(0, 16)
