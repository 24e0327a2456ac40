import { type AwsAccess, jsonCall } from './aws-call.ts'

/** Operations of KMS that answer with octets, and what the answer calls them. */
const answered = {
  Sign: 'Signature',
  GetPublicKey: 'PublicKey',
  Encrypt: 'CiphertextBlob',
  Decrypt: 'Plaintext',
} as const

/** KMS by signed HTTP. Octets go in as base64; the one member that each operation is asked for comes out. */
export const kmsCall = (access: AwsAccess) => {
  const call = jsonCall('kms', access)
  return async (
    operation: keyof typeof answered,
    input: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Uint8Array> => {
    const { [answered[operation]]: octets } = await call(operation, input, headers)
    if (typeof octets !== 'string')
      throw new Error(`KMS answered ${operation} without ${answered[operation]}`)
    return new Uint8Array(Buffer.from(octets, 'base64'))
  }
}
