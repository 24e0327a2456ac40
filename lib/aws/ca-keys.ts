import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
import type { Signer } from '../ports.ts'

/** Key names of the deployment → KMS key ARNs. */
export type CaKeys = Readonly<Record<string, string>>

const arnOf = (keys: CaKeys, name: string): string | undefined =>
  Object.hasOwn(keys, name) ? keys[name] : undefined

/** Signs with CA keys. KMS answers ECDSA as the DER of RFC 3279 §2.2.3 and RSA as PKCS#1, as X.509 has them. */
export const signer = (keys: CaKeys, client = new KMSClient({})): Signer => ({
  sign: async (key, algorithm, digest) => {
    const KeyId = arnOf(keys, key)
    if (KeyId === undefined) throw new Error(`this deployment has no CA key named ${key}`)
    const { Signature } = await client.send(
      new SignCommand({ KeyId, SigningAlgorithm: algorithm, MessageType: 'DIGEST', Message: digest }),
    )
    if (Signature === undefined) throw new Error('KMS answered without a signature')
    return Signature
  },
})
