import type { PublicKeys } from '../ports.ts'
import { type AwsAccess, awsCall, jsonHeaders } from './aws-call.ts'
import type { CaKeys } from './ca-keys.ts'

/**
 * The public halves of CA keys, by signed HTTP: it is the one call to KMS of a
 * function that the SDK's client would make too large.
 */
export const publicKeys = (keys: CaKeys, access: AwsAccess): PublicKeys => {
  const kms = awsCall('kms', access)
  return {
    publicKey: async (key) => {
      if (!Object.hasOwn(keys, key)) return null
      const body = JSON.stringify({ KeyId: keys[key] })
      const { status, text } = await kms(jsonHeaders('TrentService.GetPublicKey', '1.1'), body)
      if (status !== 200) throw new Error(`KMS answered GetPublicKey with ${status}`)
      const { PublicKey } = JSON.parse(text) as { readonly PublicKey?: unknown }
      if (typeof PublicKey !== 'string') throw new Error('KMS answered without a public key')
      return new Uint8Array(Buffer.from(PublicKey, 'base64'))
    },
  }
}
