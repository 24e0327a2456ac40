import { createHash } from 'node:crypto'
import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
import type { ReceiptSigner } from '../ports.ts'
import { kidOf } from './receipt-keys.ts'

/** Signs with a key that vouches for decisions or deadlines: ECDSA P-256 over the SHA-256 of the input, as DER. */
export const receiptSigner = (arn: string, client = new KMSClient({})): ReceiptSigner => ({
  kid: kidOf(arn),
  sign: async (input) => {
    const { Signature } = await client.send(
      new SignCommand({
        KeyId: arn,
        SigningAlgorithm: 'ECDSA_SHA_256',
        MessageType: 'DIGEST',
        Message: createHash('sha256').update(input).digest(),
      }),
    )
    if (Signature === undefined) throw new Error('KMS answered without a signature')
    return Signature
  },
})
