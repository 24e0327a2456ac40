import { type FunctionId, functionIds, rowOf } from './access.ts'
import type { Grant, Resource, Row } from './grants.ts'

/** A role: the function that has it for itself, or the name under which several share it. */
export type RoleId = FunctionId | NonNullable<Row['role']>

export function roleOf(id: FunctionId): RoleId {
  return rowOf(id).role ?? id
}

/** The functions that have this role. */
export function holdersOf(role: RoleId): readonly FunctionId[] {
  return functionIds.filter((id) => roleOf(id) === role)
}

/** All that a role may, each once: what the rows of its functions say. */
export function grantsOf(role: RoleId): readonly Grant[] {
  const grants = holdersOf(role).flatMap((id) => rowOf(id).may)
  return [...new Map(grants.map((grant) => [JSON.stringify(grant), grant])).values()]
}

/** The roles with a row that grants `action` on this resource. */
export function allowed(action: string, on: Resource): readonly RoleId[] {
  return [...new Set(functionIds.map(roleOf))].filter((role) =>
    grantsOf(role).some((grant) => grant.actions.includes(action) && grant.on === on),
  )
}
