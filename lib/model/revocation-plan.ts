import * as z from 'zod'
import { digestOf, sha256 } from './digest.ts'
import { certificateId, issuerId, profileId } from './ids.ts'
import { serialNumber } from './plan.ts'
import { revocationReasons } from './revocation.ts'
import { shardNumber } from './shards.ts'
import { instant } from './time.ts'

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)

/** What many certificates can have in common. */
export const commonTrait = z.union([
  z.strictObject({ issuer_id: issuerId }),
  z.strictObject({ profile_id: profileId }),
  z.strictObject({ owner: z.string().trim().min(1).max(256) }),
  z.strictObject({ spki_sha256: sha256Hex }),
])

export type CommonTrait = Readonly<z.infer<typeof commonTrait>>

/** Which certificates a revocation in bulk is about. */
export const selection = z.union([
  ...commonTrait.options,
  z.strictObject({ issuer_id: issuerId, serials: z.array(serialNumber).min(1).max(1000) }),
])

export type Selection = Readonly<z.infer<typeof selection>>

/** One certificate that is to be revoked, held or released. */
export const target = z.strictObject({
  issuer_id: issuerId,
  serial: serialNumber,
  certificate_id: certificateId,
  number: z.int().min(1),
  shard: shardNumber,
})

export type Target = Readonly<z.infer<typeof target>>

/** A profile that issued some of them, as it was when they were planned. */
export const affectedProfile = z.strictObject({ id: profileId, version: z.int().min(1) })

/** Everything that a revocation in bulk would do. It is named by its own digest, and never changes. */
const planned = {
  selection,
  reason: z.enum(revocationReasons),
  invalidity_date: instant.nullable(),
  matched: z.int().min(1),
  /** SHA-256 over all the targets, one a line, in order. */
  targets_sha256: sha256Hex,
  profiles: z.array(affectedProfile),
}

export const revocationPlan = z.strictObject({ digest: sha256Hex, ...planned, created_at: instant })

export type RevocationPlan = Readonly<z.infer<typeof revocationPlan>>

/** A plan without its name. */
export type Planned = Omit<RevocationPlan, 'digest' | 'created_at'>

export const planDigest = ({
  selection: of,
  reason,
  invalidity_date,
  matched,
  targets_sha256,
  profiles,
}: Planned): string => digestOf({ selection: of, reason, invalidity_date, matched, targets_sha256, profiles })

/** A target as a line of text: a third of what it takes as JSON. */
export const lineOf = ({ issuer_id, serial, certificate_id, number, shard }: Target): string =>
  `${issuer_id} ${serial} ${certificate_id} ${number} ${shard}`

export const targetOf = (line: string): Target => {
  const [issuer_id, serial, certificate_id, number, shard] = line.split(' ')
  return target.parse({ issuer_id, serial, certificate_id, number: Number(number), shard: Number(shard) })
}

export const targetsDigest = (lines: readonly string[]): string => sha256(`${lines.join('\n')}\n`)
