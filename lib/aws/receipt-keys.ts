import type { ReceiptKeys } from '../ports/keys.ts'
import type { AwsAccess } from './aws-call.ts'
import { publicKeys } from './public-keys.ts'

/** KMS key ARNs of the two keys that vouch for decisions and for deadlines. */
export type ReceiptKeyArns = { readonly decision: string; readonly clock: string }

/** A key is known by the last part of its ARN. */
export const kidOf = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1)

/** The public halves, asked of KMS itself once in the life of a function: no table is trusted for them. */
export const receiptKeys = (arns: ReceiptKeyArns, access: AwsAccess): (() => Promise<ReceiptKeys>) => {
  const keys = publicKeys(arns, access)
  const read = async (name: keyof ReceiptKeyArns) => {
    const spki = await keys.publicKey(name)
    if (spki === null) throw new Error(`there is no receipt key for ${name}`)
    return { kid: kidOf(arns[name]), spki }
  }
  let known: ReceiptKeys | null = null
  return async () => {
    known ??= { decision: await read('decision'), clock: await read('clock') }
    return known
  }
}
