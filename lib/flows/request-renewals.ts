import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { instantOf } from '../model/time.ts'
import { type PlanRenewalsDeps, plannedBatch, requirementOf } from './plan-renewals.ts'
import { propose } from './propose.ts'
import type { Proposal } from './submit.ts'

/**
 * Asks for a plan to be carried out: exactly what its digest names, approved as
 * a whole where any of its profiles asks for that. Refuses (`version_conflict`)
 * one that is a week old, or under a profile that was changed since.
 */
export const requestRenewals = async (
  deps: Pick<PlanRenewalsDeps, 'renewalPlans' | 'profiles' | 'now' | 'random'>,
  requester: Principal,
  request: {
    readonly plan: string
    readonly reason?: string | undefined
    readonly ticket?: string | undefined
  },
): Promise<Proposal> => {
  const now = deps.now()
  const { batch: content, valid_until } = await plannedBatch(deps, request.plan)
  if (instantOf(now) > valid_until)
    throw new Refusal('version_conflict', `the plan was valid until ${valid_until}: plan it again`)
  const requirement = await requirementOf(deps, content)
  return propose(deps.random, now, {
    content,
    requester,
    owner: requester.id,
    reason: request.reason ?? null,
    ticket: request.ticket,
    requirement,
  })
}
