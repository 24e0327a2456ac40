import { createPublicKey, type KeyObject } from 'node:crypto'
import { canonicalJson } from '../model/digest.ts'
import type { Random } from '../model/ids.ts'
import {
  type Credential,
  type ReceiptClaims,
  type ReceiptDraft,
  receiptClaims,
  receiptKeyOf,
  type VerifyReceipt,
} from '../model/receipt.ts'
import { compactJws, jwsSigningInput, verifyJws } from '../pki/jws.ts'
import type { ReceiptKeys, ReceiptSigner } from '../ports/keys.ts'

export type SealDeps = {
  readonly receipts: ReceiptSigner
  /** Which deployment this is: a receipt of one is worth nothing in another. */
  readonly environment: string
  /** With which credential the word was given; null for a word that nobody gave. */
  readonly credential: Credential | null
  readonly random: Random
}

/** A receipt for one word, as a JWS in compact form. One call of KMS. */
export const sealReceipt = async (deps: SealDeps, draft: ReceiptDraft): Promise<string> => {
  const nonce = Buffer.from(deps.random(16)).toString('base64url')
  const { environment, credential } = deps
  const claims = { ...draft, environment, credential, nonce }
  const input = jwsSigningInput(canonicalJson(claims), deps.receipts.kid)
  return compactJws(input, await deps.receipts.sign(Buffer.from(input, 'ascii')))
}

const keyOf = (spki: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })

/**
 * Verifies receipts of this deployment: each with the one key that may vouch
 * for its verdict.
 */
export const receiptVerifier = (keys: ReceiptKeys, environment: string): VerifyReceipt => {
  const byId = new Map([keys.decision, keys.clock].map(({ kid, spki }) => [kid, keyOf(spki)]))
  const claimsOf: VerifyReceipt = (receipt) => {
    const verified = verifyJws(receipt, byId)
    if (verified === null) return null
    const { data: claims } = receiptClaims.safeParse(verified.payload)
    if (claims === undefined || claims.environment !== environment) return null
    return verified.kid === keys[receiptKeyOf(claims.verdict)].kid ? claims : null
  }
  // Read once to find what it rests on, and once to hold the job against it.
  const known = new Map<string, ReceiptClaims | null>()
  return (receipt) => {
    const before = known.get(receipt)
    if (before !== undefined) return before
    const claims = claimsOf(receipt)
    known.set(receipt, claims)
    return claims
  }
}
