import * as z from 'zod'
import { certificateId, issuerId } from './ids.ts'
import { serialNumber } from './plan.ts'
import { instant } from './time.ts'

/** RFC 5280 §5.3.1 reasons that a caller may give. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const

export type RevocationReason = (typeof revocationReasons)[number]

/** What is answered for one serial: a record of its own, so that OCSP reads nothing else. */
export const serialStatus = z.strictObject({
  issuer_id: issuerId,
  serial: serialNumber,
  version: z.int().min(1),
  /** The certificate, or the issuer where it is the certificate of a CA. */
  certificate_id: z.union([certificateId, issuerId]),
  certificate_version: z.int().min(1),
  status: z.enum(['good', 'revoked']),
  revoked_at: instant.nullable(),
  reason: z.enum(revocationReasons).nullable(),
  not_after: instant,
  short_lived: z.boolean(),
})

export type SerialStatus = Readonly<z.infer<typeof serialStatus>>

/** A line of a CRL. It stays until one CRL after the certificate's expiry (RFC 5280 §3.3). */
export const revocationEntry = z.strictObject({
  issuer_id: issuerId,
  shard: z.int().min(0),
  serial: serialNumber,
  revoked_at: instant,
  reason: z.enum(revocationReasons),
  not_after: instant,
})

export type RevocationEntry = Readonly<z.infer<typeof revocationEntry>>

/** Where an issuer's list stands; the number only ever grows. */
export const crlHead = z.strictObject({
  issuer_id: issuerId,
  shard: z.int().min(0),
  number: z.int().min(0),
  this_update: instant,
  next_update: instant,
})

export type CrlHead = Readonly<z.infer<typeof crlHead>>
