import * as z from 'zod'

/** What a public key may vouch for: the words of people, or the passing of deadlines. */
const vouchesFor = z.enum(['decision', 'clock'])

/** The keys that receipts are verified with, as an RFC 7517 set with one member of our own. */
export const receiptJwks = z.object({
  keys: z.array(
    z.object({
      kty: z.literal('EC'),
      crv: z.literal('P-256'),
      x: z.base64url(),
      y: z.base64url(),
      kid: z.string().min(1),
      alg: z.literal('ES256'),
      use: z.literal('sig'),
      countersign_vouches_for: vouchesFor,
    }),
  ),
})

export type ReceiptJwks = Readonly<z.infer<typeof receiptJwks>>
