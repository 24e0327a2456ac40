import { type Staging, unreachable } from '../model/approval-policy.ts'
import { may } from '../model/permissions.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import type { Principals } from '../ports.ts'

const approversOf = async (principals: Pick<Principals, 'list'>): Promise<readonly Principal[]> => {
  const approvers: Principal[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Principals['list']>> = await principals.list({ limit: 200, after })
    approvers.push(...page.rows.filter((who) => who.status === 'active' && may(who, 'decide')))
    after = page.next
  } while (after !== null)
  return approvers
}

/**
 * Refuses (`profile_invalid`) a policy that the people of today could not
 * satisfy: it would wait for ever. Says which stages lack how many.
 */
export const demandReachable = async (
  principals: Pick<Principals, 'list'>,
  staging: Staging,
): Promise<void> => {
  const short = unreachable(staging, await approversOf(principals))
  if (short.length === 0) return
  const violations = short.map(({ stage, lacks }) => ({
    pointer: '/approval_policy',
    detail: `stage "${stage.name}" lacks ${lacks} of its ${stage.quorum} approvers`,
  }))
  throw new Refusal('profile_invalid', violations.map(({ detail }) => detail).join('; '), violations)
}
