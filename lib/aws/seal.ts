import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import type { Seal, Unseal } from '../ports.ts'

/** Seals up to 4 KB under a KMS key. What is sealed opens only in the context it was sealed for. */
export const sealUnder =
  (KeyId: string, client = new KMSClient({})): Seal =>
  async (plain, context) => {
    const EncryptionContext = { countersign: context }
    const { CiphertextBlob } = await client.send(
      new EncryptCommand({ KeyId, Plaintext: plain, EncryptionContext }),
    )
    if (CiphertextBlob === undefined) throw new Error('KMS answered without a ciphertext')
    return Buffer.from(CiphertextBlob).toString('base64')
  }

export const unsealUnder =
  (KeyId: string, client = new KMSClient({})): Unseal =>
  async (sealed, context) => {
    const EncryptionContext = { countersign: context }
    const CiphertextBlob = Buffer.from(sealed, 'base64')
    const { Plaintext } = await client.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext }))
    if (Plaintext === undefined) throw new Error('KMS answered without a plaintext')
    return Plaintext
  }
