import * as z from 'zod'
import { principal } from './principal.ts'

/**
 * Somebody whom no job made: the first admin and the first approvers. They are
 * put on record with the credentials of the deployment, in rows that no
 * function may write.
 */
export const founder = principal.pick({ id: true, name: true, email: true, roles: true, teams: true })

export type Founder = Readonly<z.infer<typeof founder>>

/** A credential of a founder, and what tells it from another of the same name. */
export const founderCredential = z.strictObject({ id: z.string(), fingerprint: z.string() })

export type FounderCredential = Readonly<z.infer<typeof founderCredential>>

/** A founder, whole. */
export type FounderFile = {
  readonly founder: Founder
  readonly credentials: readonly FounderCredential[]
}
