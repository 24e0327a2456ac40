import { AwsClient } from 'aws4fetch'
import type { PublicKeys } from '../ports.ts'
import type { CaKeys } from './ca-keys.ts'

/** Where KMS is, and as whom to ask it. */
export type KmsAccess = {
  readonly region: string
  /** Where KMS is, if not where AWS has it. */
  readonly endpoint: string | undefined
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
}

/**
 * The public halves of CA keys, by signed HTTP: it is the one call to KMS of a
 * function that the SDK's client would make too large.
 */
export const publicKeys = (keys: CaKeys, { region, endpoint, credentials }: KmsAccess): PublicKeys => {
  const client = new AwsClient({ ...credentials, service: 'kms', region, retries: 4 })
  return {
    publicKey: async (key) => {
      if (!Object.hasOwn(keys, key)) return null
      const answer = await client.fetch(endpoint ?? `https://kms.${region}.amazonaws.com/`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'TrentService.GetPublicKey',
        },
        body: JSON.stringify({ KeyId: keys[key] }),
      })
      if (!answer.ok) throw new Error(`KMS answered GetPublicKey with ${answer.status}`)
      const { PublicKey } = (await answer.json()) as { PublicKey?: unknown }
      if (typeof PublicKey !== 'string') throw new Error('KMS answered without a public key')
      return new Uint8Array(Buffer.from(PublicKey, 'base64'))
    },
  }
}
