import { createHash } from 'node:crypto'
import type { ReceiptSigner } from '../ports/keys.ts'
import type { AwsAccess } from './aws-call.ts'
import { kmsCall } from './kms-call.ts'
import { kidOf } from './receipt-keys.ts'

/** Signs with a key that vouches for decisions or deadlines: ECDSA P-256 over the SHA-256 of the input, as DER. */
export const receiptSigner = (arn: string, access: AwsAccess): ReceiptSigner => {
  const kms = kmsCall(access)
  return {
    kid: kidOf(arn),
    sign: (input) =>
      kms('Sign', {
        KeyId: arn,
        SigningAlgorithm: 'ECDSA_SHA_256',
        MessageType: 'DIGEST',
        Message: createHash('sha256').update(input).digest('base64'),
      }),
  }
}
