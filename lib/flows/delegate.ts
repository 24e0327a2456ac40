import { actorOf } from '../model/decide.ts'
import { type Delegation, isOpen, longestSeconds, mostDelegations } from '../model/delegation.ts'
import { newSuffix, type Random } from '../model/ids.ts'
import { demand, may } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Principals } from '../ports/principals.ts'
import { fileOf, stepOf } from './administer.ts'

type Deps = { readonly principals: Principals; readonly now: Clock; readonly random: Random }

export type DelegationRequest = {
  readonly principal_id: string
  readonly delegate_id: string
  /** At once, where it is left out. */
  readonly from?: string | undefined
  readonly until: string
  readonly note?: string | undefined
}

const invalid = (pointer: string, detail: string) =>
  new Refusal('invalid_body', detail, [{ pointer, detail }])

/** Somebody who may decide themselves: a delegation hands on a word, and never the role. */
const delegateOf = async ({ principals }: Deps, id: string): Promise<Principal> => {
  const found = await principals.get(id)
  if (found === null) throw invalid('/delegate_id', `${id} is not there`)
  const { principal } = found
  if (principal.status !== 'active') throw invalid('/delegate_id', `${id} is disabled`)
  if (!may(principal, 'decide')) throw invalid('/delegate_id', `${id} lacks role approver`)
  return principal
}

const checkTime = (now: string, from: string, until: string): void => {
  if (until <= from) throw invalid('/until', 'must be after from')
  if (until <= now) throw invalid('/until', 'must be ahead')
  if (until > instantOf(later(new Date(from), longestSeconds)))
    throw invalid('/until', `must be at most ${longestSeconds / 86_400} days after from`)
}

/**
 * For a while, somebody else who approves may decide in the place of whoever
 * gives this. Everybody does it for themselves alone (`forbidden`): no admin
 * can make one person's word count for another's.
 */
export const giveDelegation = async (deps: Deps, by: Principal, request: DelegationRequest) => {
  const { principal_id, delegate_id, until } = request
  if (principal_id !== by.id) throw new Refusal('forbidden', 'everybody names their own delegates')
  const { principal, last } = await fileOf(deps, principal_id)
  // As stored: roles that only a token gives are not there when somebody else decides in their place.
  demand(principal, 'decide')
  if (delegate_id === principal_id) throw invalid('/delegate_id', 'is yourself')
  const delegate = await delegateOf(deps, delegate_id)
  const created_at = instantOf(deps.now())
  const from = request.from ?? created_at
  checkTime(created_at, from, until)
  const given = (await deps.principals.giver(principal_id))?.delegations ?? []
  if (given.filter((one) => isOpen(one, created_at)).length >= mostDelegations)
    throw new Refusal('conflict', `you have ${mostDelegations} delegations that are not over; end one first`)
  const delegation: Delegation = {
    id: `dl-${newSuffix(deps.random)}`,
    version: 1,
    principal_id,
    delegate_id,
    from,
    until,
    note: request.note ?? null,
    created_at,
    ended_at: null,
  }
  const { id } = delegation
  const details = { delegation_id: id, delegate_id, from, until, note: delegation.note }
  const change = stepOf(
    { id: principal_id, last, actor: actorOf(by) },
    [{ type: 'delegation_given', details }],
    [
      { write: 'delegation', delegation },
      { write: 'require_principal', id: delegate_id, version: delegate.version },
    ],
    deps.now(),
  )
  return { delegation, change }
}

/** Ends a delegation at once: whoever gave it, whoever has it, or an admin. Null where it was ended before. */
export const endDelegation = async (
  deps: Deps,
  by: Principal,
  { principal_id, delegation_id }: { readonly principal_id: string; readonly delegation_id: string },
) => {
  const { last } = await fileOf(deps, principal_id)
  const given = (await deps.principals.giver(principal_id))?.delegations ?? []
  const before = given.find(({ id }) => id === delegation_id)
  if (before === undefined)
    throw new Refusal('not_found', `no delegation ${delegation_id} of ${principal_id}`)
  if (![before.principal_id, before.delegate_id].includes(by.id) && !may(by, 'administer'))
    throw new Refusal('forbidden', 'whoever gave it, whoever has it, or an admin ends a delegation')
  if (before.ended_at !== null) return { delegation: before, change: null }
  const now = deps.now()
  const delegation = { ...before, version: before.version + 1, ended_at: instantOf(now) }
  const change = stepOf(
    { id: principal_id, last, actor: actorOf(by) },
    [{ type: 'delegation_ended', details: { delegation_id, delegate_id: before.delegate_id } }],
    [{ write: 'delegation', delegation }],
    now,
  )
  return { delegation, change }
}
