import type { Staging } from '../model/approval-policy.ts'
import type { Principal } from '../model/principal.ts'
import { shortages } from '../model/reachability.ts'
import { Refusal } from '../model/refusal.ts'
import type { Principals } from '../ports/principals.ts'

/** Every principal there is. */
export const everybody = async (principals: Pick<Principals, 'list'>): Promise<readonly Principal[]> => {
  const all: Principal[] = []
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Principals['list']>> = await principals.list({ limit: 200, after })
    all.push(...page.rows)
    after = page.next
  } while (after !== null)
  return all
}

/**
 * Refuses (`profile_invalid`) a policy that the people of today could not
 * satisfy: it would wait for ever. Says which stages lack how many, and who is missing.
 */
export const demandReachable = async (
  principals: Pick<Principals, 'list'>,
  staging: Staging,
): Promise<void> => {
  const violations = shortages(staging, await everybody(principals))
  if (violations.length > 0)
    throw new Refusal('profile_invalid', violations.map(({ detail }) => detail).join('; '), violations)
}
