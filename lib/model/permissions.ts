import type { Principal, PrincipalDocument, Role } from './principal.ts'
import { Refusal } from './refusal.ts'

export const permissions = ['read', 'request', 'decide', 'administer', 'audit', 'inspect'] as const

export type Permission = (typeof permissions)[number]

/** An admin does everything but decide; who administers the rules must not also be the second person. */
const holders: Readonly<Record<Permission, readonly Role[]>> = {
  read: ['admin', 'operator', 'approver', 'auditor', 'viewer'],
  request: ['admin', 'operator'],
  decide: ['approver'],
  administer: ['admin'],
  audit: ['admin', 'auditor'],
  inspect: ['admin', 'auditor'],
}

export const may = (principal: Pick<Principal, 'roles'>, permission: Permission): boolean =>
  principal.roles.some((role) => holders[permission].includes(role))

/** Refuses (`forbidden`) whoever holds none of the roles that have this permission. */
export const demand = (principal: Principal, permission: Permission): void => {
  if (!may(principal, permission))
    throw new Refusal('forbidden', `this takes one of the roles ${holders[permission].join(', ')}`)
}

/**
 * The roles that make somebody a second person, or let them make one. Giving
 * them, and giving a credential to whoever holds them, takes a second person
 * itself: this is the one place that says so.
 */
export const isSensitive = (role: Role): boolean => role === 'approver' || role === 'admin'

export const sensitiveRoles = (roles: readonly Role[]): readonly Role[] => roles.filter(isSensitive)

/** Whether one document of a principal gives no more than another: fewer roles or teams, or none of them while disabled. */
const onlyTakesAway = (before: PrincipalDocument, after: PrincipalDocument): boolean =>
  before.kind === after.kind &&
  before.name === after.name &&
  before.email === after.email &&
  after.roles.every((role) => before.roles.includes(role)) &&
  after.teams.every((team) => before.teams.includes(team)) &&
  (after.status === 'disabled' || before.status === 'active')

/**
 * Whether a principal may become this only with a second person. Whoever holds
 * a sensitive role afterwards is one of those that the two-person rule rests
 * on: all that is said of them (who they are, too) is looked at by somebody
 * else, unless it only takes away. `before` is null for a new principal.
 */
export const takesSecondPerson = (before: PrincipalDocument | null, after: PrincipalDocument): boolean =>
  sensitiveRoles(after.roles).length > 0 && (before === null || !onlyTakesAway(before, after))
