import { newSuffix } from '../model/ids.ts'
import { openJob } from '../model/open-job.ts'
import type { Principal } from '../model/principal.ts'
import { type PlanRenewalsDeps, plannedBatch, requirementOf } from './plan-renewals.ts'
import type { Proposal } from './submit.ts'

/** Asks for a plan to be carried out: exactly what its digest names, approved as a whole where any of its profiles asks for that. */
export const requestRenewals = async (
  deps: Pick<PlanRenewalsDeps, 'renewalPlans' | 'profiles' | 'now' | 'random'>,
  requester: Principal,
  request: {
    readonly plan: string
    readonly reason?: string | undefined
    readonly ticket?: string | undefined
  },
): Promise<Proposal> => {
  const content = await plannedBatch(deps, request.plan)
  const requirement = await requirementOf(deps, content)
  const opening = {
    id: `job-${newSuffix(deps.random)}`,
    content,
    requester,
    owner: requester.id,
    reason: request.reason ?? null,
    ticket: request.ticket,
    requirement,
  }
  const { job, ...change } = openJob(opening, [], deps.now())
  return { change: { ...change, job }, job, certificate: null }
}
