import type { PublicKeys } from '../ports/keys.ts'
import type { AwsAccess } from './aws-call.ts'
import type { CaKeys } from './ca-keys.ts'
import { kmsCall } from './kms-call.ts'

/** The public halves of CA keys. */
export const publicKeys = (keys: CaKeys, access: AwsAccess): PublicKeys => {
  const kms = kmsCall(access)
  return {
    publicKey: async (key) => (Object.hasOwn(keys, key) ? kms('GetPublicKey', { KeyId: keys[key] }) : null),
  }
}
