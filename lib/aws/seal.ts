import type { Seal, Unseal } from '../ports/ocsp.ts'
import type { AwsAccess } from './aws-call.ts'
import { kmsCall } from './kms-call.ts'

const within = (context: string) => ({ countersign: context })

/** Seals up to 4 KB under a KMS key. What is sealed opens only in the context it was sealed for. */
export const sealUnder = (KeyId: string, access: AwsAccess): Seal => {
  const kms = kmsCall(access)
  return async (plain, context) => {
    const Plaintext = Buffer.from(plain).toString('base64')
    const sealed = await kms('Encrypt', { KeyId, Plaintext, EncryptionContext: within(context) })
    return Buffer.from(sealed).toString('base64')
  }
}

export const unsealUnder = (KeyId: string, access: AwsAccess): Unseal => {
  const kms = kmsCall(access)
  return (CiphertextBlob, context) =>
    kms('Decrypt', { KeyId, CiphertextBlob, EncryptionContext: within(context) })
}
