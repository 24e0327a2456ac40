import * as z from 'zod'
import { sha256 } from './digest.ts'
import { principalId } from './ids.ts'
import { grantedBy } from './principal.ts'
import { instant } from './time.ts'

export const oidcSubjectId = z.string().regex(/^sub-[0-9a-f]{32}$/)

/** A person's or a workload's name at an identity provider, mapped to a principal by an admin. */
export const oidcSubject = z.strictObject({
  id: oidcSubjectId,
  version: z.int().min(1),
  principal_id: principalId,
  issuer: z.url().max(512),
  subject: z.string().min(1).max(256),
  created_at: instant,
  disabled_at: instant.nullable(),
  /** Without it, its tokens do not carry the sensitive roles of its principal. */
  granted_by: grantedBy.default(null),
})

export type OidcSubject = Readonly<z.infer<typeof oidcSubject>>

/** One subject of one issuer has one id; neither can be made to look like the other. */
export const oidcSubjectIdOf = (issuer: string, subject: string): string =>
  `sub-${sha256(JSON.stringify([issuer, subject])).slice(0, 32)}`
