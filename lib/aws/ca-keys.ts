import { KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { useMark } from '../model/key-use.ts'
import type { Signer } from '../ports.ts'

/** Key names of the deployment → KMS key ARNs. */
export type CaKeys = Readonly<Record<string, string>>

const arnOf = (keys: CaKeys, name: string): string | undefined =>
  Object.hasOwn(keys, name) ? keys[name] : undefined

/** CloudTrail keeps the user agent of a request: it says which event this use of the key is for. */
const marked = (command: SignCommand, event_id: string): SignCommand => {
  command.middlewareStack.add(
    (next, context) => (given) => {
      context.userAgent = [...(context.userAgent ?? []), [useMark, event_id]]
      return next(given)
    },
    { step: 'initialize', name: 'markOfUse' },
  )
  return command
}

/** Signs with CA keys. KMS answers ECDSA as the DER of RFC 3279 §2.2.3 and RSA as PKCS#1, as X.509 has them. */
export const signer = (keys: CaKeys, client = new KMSClient({})): Signer => ({
  sign: async (key, algorithm, { digest, event_id }) => {
    const KeyId = arnOf(keys, key)
    if (KeyId === undefined) throw new Error(`this deployment has no CA key named ${key}`)
    const command = new SignCommand({
      KeyId,
      SigningAlgorithm: algorithm,
      MessageType: 'DIGEST',
      Message: digest,
    })
    const { Signature } = await client.send(marked(command, event_id))
    if (Signature === undefined) throw new Error('KMS answered without a signature')
    return Signature
  },
})
