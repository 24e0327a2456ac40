import { createHmac } from 'node:crypto'

export type SignedBody = { readonly timestamp: number; readonly body: string }

/**
 * HMAC-SHA256 over `<timestamp>.<body>`, hexadecimal. The timestamp (seconds
 * since 1970) is signed with the body, so that a receiver can refuse what is
 * old: an attacker who recorded a message cannot make it new.
 */
export const signatureOf = (key: string, { timestamp, body }: SignedBody): string =>
  createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')
