import type { KeyObject } from 'node:crypto'
import { verify } from 'node:crypto'
import { cursorOf, wholeElement } from './der-reader.ts'
import { magnitudeOf } from './der-values.ts'

const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('base64url')

const type = 'countersign-receipt+jws'

/** What an ES256 signature is made over (RFC 7515 §5.1). `payload` is JSON. */
export const jwsSigningInput = (payload: string, kid: string): string =>
  `${encoded(JSON.stringify({ alg: 'ES256', kid, typ: type }))}.${encoded(payload)}`

/** The two integers of an ECDSA signature in DER, each as 32 octets (RFC 7518 §3.4). */
const concatenated = (der: Uint8Array): Buffer => {
  const cursor = cursorOf(wholeElement(der, { octets: 80, depth: 4 }))
  const half = (subject: string): Buffer => {
    const magnitude = Buffer.from(magnitudeOf(cursor.next(0x02, subject), subject))
    return Buffer.concat([Buffer.alloc(64), magnitude]).subarray(-32)
  }
  return Buffer.concat([half('r'), half('s')])
}

/** A JWS in compact form from its signing input and the DER of its ECDSA P-256 signature. */
export const compactJws = (input: string, signature: Uint8Array): string =>
  `${input}.${concatenated(signature).toString('base64url')}`

const form = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/

const jsonOf = (part: string): unknown => {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown
  } catch {
    return null
  }
}

const isHeader = (value: unknown): value is { alg: string; kid: string; typ: string } =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).sort().join() === 'alg,kid,typ' &&
  Object.values(value).every((member) => typeof member === 'string')

/**
 * The payload and key id of a receipt whose ES256 signature holds, or null.
 * The algorithm is pinned, and a text that is not the one encoding of its
 * octets is refused, so that no byte of it can be another.
 */
export const verifyJws = (
  jws: string,
  keys: ReadonlyMap<string, KeyObject>,
): { readonly kid: string; readonly payload: unknown } | null => {
  const [, header = '', payload = '', signature = ''] = form.exec(jws) ?? []
  if (
    [header, payload, signature].some((part) => Buffer.from(part, 'base64url').toString('base64url') !== part)
  )
    return null
  const read = jsonOf(header)
  if (!isHeader(read) || read.alg !== 'ES256' || read.typ !== type) return null
  const key = keys.get(read.kid)
  if (key === undefined || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return null
  const input = Buffer.from(`${header}.${payload}`, 'ascii')
  const holds = verify(
    'sha256',
    input,
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
  return holds ? { kid: read.kid, payload: jsonOf(payload) } : null
}
