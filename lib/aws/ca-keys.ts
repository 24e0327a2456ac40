import { useMark } from '../model/key-use.ts'
import type { Signer } from '../ports/keys.ts'
import type { AwsAccess } from './aws-call.ts'
import { kmsCall } from './kms-call.ts'

/** Key names of the deployment → KMS key ARNs. */
export type CaKeys = Readonly<Record<string, string>>

/**
 * Signs with CA keys. KMS answers ECDSA as the DER of RFC 3279 §2.2.3 and RSA as
 * PKCS#1, as X.509 has them. CloudTrail keeps the user agent of a request: it says
 * which event this use of the key is for.
 */
export const signer = (keys: CaKeys, access: AwsAccess): Signer => {
  const kms = kmsCall(access)
  return {
    sign: async (key, algorithm, { digest, event_id }) => {
      if (!Object.hasOwn(keys, key)) throw new Error(`this deployment has no CA key named ${key}`)
      const input = {
        KeyId: keys[key],
        SigningAlgorithm: algorithm,
        MessageType: 'DIGEST',
        Message: Buffer.from(digest).toString('base64'),
      }
      return kms('Sign', input, { 'user-agent': `${useMark}/${event_id}` })
    },
  }
}
