import * as z from 'zod'
import { delegationId, principalId } from './ids.ts'
import { may } from './permissions.ts'
import type { Principal } from './principal.ts'
import { Refusal } from './refusal.ts'
import { instant } from './time.ts'

/** For a while, one approver may decide in the place of another. */
export const delegation = z.strictObject({
  id: delegationId,
  version: z.int().min(1),
  /** Who gave it: the one who is stood for. */
  principal_id: principalId,
  delegate_id: principalId,
  /** From `from` on, and no longer at `until`. */
  from: instant,
  until: instant,
  note: z.string().max(2000).nullable(),
  created_at: instant,
  ended_at: instant.nullable(),
})

export type Delegation = Readonly<z.infer<typeof delegation>>

/** How long at most, from its beginning, and how many of one person may be ahead or in force. */
export const longestSeconds = 90 * 86_400
export const mostDelegations = 20

/** Instants sort as text. */
export const isInForce = ({ from, until, ended_at }: Delegation, now: string): boolean =>
  ended_at === null && from <= now && now < until

/** Not over: in force, or still to come. */
export const isOpen = ({ until, ended_at }: Delegation, now: string): boolean =>
  ended_at === null && now < until

/** Whoever is stood for, and all that they ever gave. */
export type Giver = { readonly principal: Principal; readonly delegations: readonly Delegation[] }

/** Somebody in whose place a word is given, and what allows it. */
export type StoodFor = { readonly principal: Principal; readonly delegation: Delegation }

/**
 * What lets `by` decide in the place of a giver. Refuses (`forbidden`) where
 * nothing does: whoever is stood for must be an approver still, and nobody
 * hands on what was handed to them.
 */
export const standingFor = (giver: Giver | null, by: Principal, now: string): StoodFor => {
  const allows = (one: Delegation): boolean => one.delegate_id === by.id && isInForce(one, now)
  const delegation = giver?.delegations.find(allows)
  if (giver === null || delegation === undefined)
    throw new Refusal('forbidden', 'no delegation of theirs to you is in force')
  const { principal } = giver
  if (principal.status !== 'active' || !may(principal, 'decide'))
    throw new Refusal('forbidden', `${principal.id} does not approve any more, and nobody in their place`)
  return { principal, delegation }
}
