import { createPublicKey } from 'node:crypto'
import { type ReceiptJwks, receiptJwks } from '../model/jwks.ts'
import { Refusal } from '../model/refusal.ts'
import type { ReceiptKeys } from '../ports/keys.ts'

const names = ['decision', 'clock'] as const

/** The public keys of receipts as a JSON Web Key Set (RFC 7517). */
export const jwksOf = (keys: ReceiptKeys): ReceiptJwks =>
  receiptJwks.parse({
    keys: names.map((name) => {
      const { kid, spki } = keys[name]
      const jwk = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({
        format: 'jwk',
      })
      return { ...jwk, kid, alg: 'ES256', use: 'sig', countersign_vouches_for: name }
    }),
  })

/** The keys of a set that was published. Refuses (`mandate_refused`) one that lacks either. */
export const keysOf = (jwks: ReceiptJwks): ReceiptKeys => {
  const find = (name: (typeof names)[number]) => {
    const jwk = jwks.keys.find((key) => key.countersign_vouches_for === name)
    if (jwk === undefined) throw new Refusal('mandate_refused', `the key set has no key for ${name}`)
    const spki = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' })
    return { kid: jwk.kid, spki }
  }
  return { decision: find('decision'), clock: find('clock') }
}
