import * as z from 'zod'
import { jobId, principalId, teamName } from './ids.ts'
import { instant } from './time.ts'

export const roles = ['admin', 'operator', 'approver', 'auditor', 'viewer'] as const

export type Role = (typeof roles)[number]

/**
 * What vouches for somebody's right to decide or to administer: the job that
 * two people carried, or `bootstrap` for what was made with the credentials
 * of the deployment. Null: nothing does.
 */
export const grantedBy = z.union([jobId, z.literal('bootstrap')]).nullable()

/** A person or a service. It owns any number of credentials, and is one principal with all of them. */
export const principal = z.strictObject({
  id: principalId,
  version: z.int().min(1),
  kind: z.enum(['person', 'service']),
  name: z.string().trim().min(1).max(128),
  email: z.email().max(254).nullable(),
  roles: z.array(z.enum(roles)),
  /** Whom they approve for, where a stage names teams. */
  teams: z.array(teamName).max(32).default([]),
  status: z.enum(['active', 'disabled']),
  created_at: instant,
  /** Of the sensitive roles it holds, and of all that is said of it. */
  granted_by: grantedBy.default(null),
})

export type Principal = Readonly<z.infer<typeof principal>>

/** What makes somebody eligible to approve. */
export type Standing = Pick<Principal, 'id' | 'roles' | 'teams'>

/** What is said of a principal, and what a second person is asked about. */
export const principalDocument = principal.pick({
  kind: true,
  name: true,
  email: true,
  roles: true,
  teams: true,
  status: true,
})

export type PrincipalDocument = Readonly<z.infer<typeof principalDocument>>

export const documentOf = ({ kind, name, email, roles, teams, status }: Principal): PrincipalDocument => ({
  kind,
  name,
  email,
  roles,
  teams,
  status,
})

/** Who a rule sees: enough to compare people, nothing secret. */
export type Identity = Pick<Principal, 'id' | 'name' | 'email'>

/** Names of people as they are compared: whatever the case, width or white space around them. */
export const folded = (text: string): string => text.normalize('NFKC').trim().toLowerCase()

/** Whether a free-text owner means this principal: by id, name or e-mail, whatever the case. */
export const isOwner = (who: Identity, owner: string): boolean =>
  [who.id, who.name, who.email].some((form) => form !== null && folded(form) === folded(owner))
