import * as z from 'zod'
import { event } from './event.ts'
import { jobContent } from './job.ts'
import { derBase64 } from './plan.ts'

/** A job as far as anything vouches for it: what it was to do, and all that happened. Its row is a view of these. */
const account = z.strictObject({ content: jobContent, events: z.array(event).min(1) })

/**
 * All that it takes to prove, with two public keys and nothing else, that a
 * certificate was requested by one person, approved by others under rules
 * that were approved themselves, and is what they approved. It holds nothing
 * that does not bear on that: changing any of it makes it fail.
 */
export const evidenceBundle = z.strictObject({
  format: z.literal('countersign-evidence/1'),
  environment: z.string(),
  /** The certificate, then the CA certificates above it: DER, base64. */
  chain: z.array(derBase64).min(2),
  /** The job that issued it. */
  issued_by: account,
  /** The job that made the version of the profile it was issued under. */
  rules_made_by: account,
  /** The job that gave the standing grant which it was issued under, where it was. */
  granted_by: account.optional(),
  /**
   * The batch that it was renewed in, where it was: its approval is the one that
   * counts. And the jobs that made the other profiles that the batch is under.
   */
  batched_by: account.optional(),
  batch_rules_made_by: z.array(account).optional(),
  /** The jobs that made those who decided approvers, and gave them their credentials; and so on, to the founders. */
  people_made_by: z.array(account),
})

export type EvidenceBundle = Readonly<z.infer<typeof evidenceBundle>>
