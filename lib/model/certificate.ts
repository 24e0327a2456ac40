import * as z from 'zod'
import { certificateId, issuerId, jobId, profileId, teamName } from './ids.ts'
import { derBase64, serialNumber } from './plan.ts'
import { shardNumber } from './shards.ts'
import { instant } from './time.ts'

/** The managed thing: it has versions, one for each issuance. */
export const certificate = z.strictObject({
  id: certificateId,
  version: z.int().min(1),
  name: z.string().min(1).max(128),
  owner: z.string().min(1).max(256),
  /** The owner's team: who approves for it, where a profile routes by that. */
  team: teamName.nullable().default(null),
  profile_id: profileId,
  issuer_id: issuerId,
  status: z.enum(['Requested', 'Active', 'Revoked']),
  /** Number of the newest issued version; 0 before the first. */
  current_version: z.int().min(0),
  not_after: instant.nullable(),
  created_at: instant,
})

export type Certificate = Readonly<z.infer<typeof certificate>>

/** One issued certificate. Everything but its revocation is immutable. */
export const certificateVersion = z.strictObject({
  certificate_id: certificateId,
  number: z.int().min(1),
  serial: serialNumber,
  issuer_id: issuerId,
  profile_id: profileId,
  profile_version: z.int().min(1),
  job_id: jobId,
  der: derBase64,
  sha256: z.string(),
  /** The request it came from, for renewals that keep the key. */
  csr: derBase64,
  not_before: instant,
  not_after: instant,
  /** Fixed at issuance: relying parties were told never to ask for its status (RFC 9608). */
  short_lived: z.boolean(),
  /** The list that its serial belongs to, as its distribution point says. */
  crl_shard: shardNumber,
  revoked_at: instant.nullable(),
  revocation_reason: z.string().nullable(),
})

export type CertificateVersion = Readonly<z.infer<typeof certificateVersion>>
