import * as z from 'zod'
import { certificateId, issuerId, profileId } from './ids.ts'
import { serialNumber } from './plan.ts'
import { shardNumber } from './shards.ts'
import { instant } from './time.ts'

/** RFC 5280 §5.3.1 reasons that a caller may give. `certificateHold` is the one that can be taken back. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
] as const

export type RevocationReason = (typeof revocationReasons)[number]

/** Reasons that nobody takes back: a CA certificate is never only on hold. */
export const finalReasons = revocationReasons.filter((reason) => reason !== 'certificateHold')

/**
 * What is answered for one serial: a record of its own, so that OCSP reads
 * nothing else. Whose certificate it is and under which rules it was issued
 * is there so that revocations in bulk can be asked for by it.
 */
export const serialStatus = z.strictObject({
  issuer_id: issuerId,
  serial: serialNumber,
  version: z.int().min(1),
  /** The certificate, or the issuer where it is the certificate of a CA. */
  certificate_id: z.union([certificateId, issuerId]),
  certificate_version: z.int().min(1),
  /** Null for the certificate of a CA. */
  profile_id: profileId.nullable(),
  /** Whoever answered for it when it was issued. */
  owner: z.string().min(1).max(256),
  /** SHA-256 of its SubjectPublicKeyInfo. */
  spki_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  status: z.enum(['good', 'revoked']),
  revoked_at: instant.nullable(),
  reason: z.enum(revocationReasons).nullable(),
  not_after: instant,
  /** Fixed at issuance, as everything that relying parties were told then (RFC 9608). */
  short_lived: z.boolean(),
  crl_shard: shardNumber,
})

export type SerialStatus = Readonly<z.infer<typeof serialStatus>>

/**
 * What happened to a serial as far as its list is concerned. Nothing changes
 * or removes one: the last of a serial counts, and `removeFromCRL` ends a hold.
 */
export const revocationEntry = z.strictObject({
  issuer_id: issuerId,
  shard: shardNumber,
  serial: serialNumber,
  recorded_at: instant,
  revoked_at: instant,
  reason: z.enum([...revocationReasons, 'removeFromCRL']),
  invalidity_date: instant.nullable(),
  not_after: instant,
})

export type RevocationEntry = Readonly<z.infer<typeof revocationEntry>>

/** Where an issuer's list stands; the number only ever grows. */
export const crlHead = z.strictObject({
  issuer_id: issuerId,
  shard: shardNumber,
  number: z.int().min(0),
  this_update: instant,
  next_update: instant,
  /** This update of the list before: what had expired by then has been on a list since, and is on none now. */
  cutoff: instant.nullable(),
  /** How many certificates it lists. */
  entries: z.int().min(0),
  /** What is signed of it, in octets. */
  octets: z.int().min(0),
  /** SHA-256 of the shard's rows, so that they need not be believed wherever they are kept. */
  rows_sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

export type CrlHead = Readonly<z.infer<typeof crlHead>>
