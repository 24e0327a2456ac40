import type { Principal, Role } from './principal.ts'
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
 * them, and giving a credential to whoever holds them, will take a second
 * person itself: this is the one place that says so.
 */
export const sensitiveRoles = (roles: readonly Role[]): readonly Role[] =>
  roles.filter((role) => role === 'approver' || role === 'admin')
