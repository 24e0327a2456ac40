import { createHash } from 'node:crypto'
import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import type { ReceiptKeys, ReceiptSigner } from '../ports.ts'

/** KMS key ARNs of the two keys that vouch for decisions and for deadlines. */
export type ReceiptKeyArns = { readonly decision: string; readonly clock: string }

const kidOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)

/** Signs with one of them: ECDSA P-256 over the SHA-256 of the input, as DER. */
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

/** The public halves, asked of KMS itself once in the life of a function: no table is trusted for them. */
export const receiptKeys = (
  arns: ReceiptKeyArns,
  client = new KMSClient({}),
): (() => Promise<ReceiptKeys>) => {
  const read = async (arn: string) => {
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: arn }))
    if (PublicKey === undefined) throw new Error('KMS answered without a public key')
    return { kid: kidOf(arn), spki: PublicKey }
  }
  let known: ReceiptKeys | null = null
  return async () => {
    known ??= { decision: await read(arns.decision), clock: await read(arns.clock) }
    return known
  }
}
