import * as z from 'zod'
import { delegationId, jobId, principalId, requesterId, teamName, ticketReference } from './ids.ts'
import { grantedBy, roles } from './principal.ts'
import { instant } from './time.ts'

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)

/** A credential as it was used: `fingerprint` is the hash of its secret, or names its subject. */
const credential = z.strictObject({ id: z.string(), fingerprint: z.string(), granted_by: grantedBy })

export type Credential = Readonly<z.infer<typeof credential>>

export const receiptVerdicts = ['approve', 'reject', 'withdraw', 'escalate', 'expire'] as const

/** Who somebody was when they gave their word: all that the rules compare. */
const voucher = z.strictObject({
  id: principalId,
  name: z.string(),
  email: z.string().nullable(),
  roles: z.array(z.enum(roles)),
  teams: z.array(teamName),
  /** What vouches for all of that, where they are an approver. */
  granted_by: grantedBy,
})

/**
 * What a receipt says: who gave which word on exactly what, under which
 * rules, in which deployment. It is signed by a key that only the function
 * which records that word may use.
 */
export const receiptClaims = z.strictObject({
  environment: z.string().min(1),
  job_id: jobId,
  /** Of the job's content: all that will be signed or changed. */
  digest: sha256Hex,
  /** Of the rules that asked for approval. */
  policy_sha256: sha256Hex,
  requester: requesterId,
  owner: z.string(),
  /** The ticket that the request named. */
  ticket: ticketReference.nullable(),
  /** Null where nobody decided: time passed. */
  decider: voucher.nullable(),
  /** In whose place the decider spoke, and by which delegation. */
  for: voucher.extend({ delegation_id: delegationId }).nullable(),
  /** What they showed themselves with, and what vouches for it. */
  credential: credential.nullable(),
  verdict: z.enum(receiptVerdicts),
  /** The stage that an approval counts for. */
  stage: z.string().nullable(),
  time: instant,
  nonce: z.string().min(16),
})

export type ReceiptClaims = Readonly<z.infer<typeof receiptClaims>>

/** What the model knows of a receipt; the deployment, the credential and the nonce are added when it is sealed. */
export type ReceiptDraft = Omit<ReceiptClaims, 'environment' | 'credential' | 'nonce'>

/** Which key vouches for a word: people's words have one, the passing of time another. */
export const receiptKeyOf = (verdict: ReceiptClaims['verdict']): 'decision' | 'clock' =>
  verdict === 'expire' || verdict === 'escalate' ? 'clock' : 'decision'

/** The claims of a receipt whose signature holds, or null. */
export type VerifyReceipt = (receipt: string) => ReceiptClaims | null
