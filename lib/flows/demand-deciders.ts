import type { Approval } from '../model/approval.ts'
import { bringersOf, type JobContent, ownersOf } from '../model/job.ts'
import { may } from '../model/permissions.ts'
import { isOwner, type Principal } from '../model/principal.ts'
import { undecidable } from '../model/reachability.ts'
import { Refusal } from '../model/refusal.ts'
import type { Principals } from '../ports/principals.ts'
import { everybody } from './reachable.ts'

/** What waits for people, as far as it says who may decide. */
type Waiting = {
  readonly type: string
  readonly status: string
  readonly requested_by: string
  readonly owner: string
  readonly approval: Approval | null
  /** What is asked for, where it can bar others than those two. */
  readonly content?: JobContent | undefined
}

/** What bars so many, or those few, that it may well leave nobody. A certificate waits for whoever comes. */
const lookedAt: ReadonlySet<string> = new Set(['PrincipalChange', 'RenewalBatch'])

/**
 * Refuses (`no_approver`) a change of people, or a batch, that the people of today could not approve,
 * because whoever asks for it, owns it or brought a CSR of it does not count: it would wait until it expires.
 */
export const demandDeciders = async (
  principals: Pick<Principals, 'list'>,
  { type, status, requested_by, owner, approval, content }: Waiting,
): Promise<void> => {
  if (!lookedAt.has(type) || status !== 'AwaitingApproval' || approval === null) return
  const all = await everybody(principals)
  const owners = content === undefined ? [owner] : ownersOf(owner, content)
  const bringers = content === undefined ? [] : bringersOf(content)
  const barred = (who: Principal): boolean =>
    who.id === requested_by || bringers.includes(who.id) || owners.some((one) => isOwner(who, one))
  const [lack] = undecidable(
    approval,
    all.filter((who) => !barred(who)),
  )
  if (lack === undefined) return
  const out = all.filter((who) => barred(who) && may(who, 'decide')).map(({ id }) => id)
  const part =
    bringers.length === 0 ? 'asks for it or owns it' : 'asks for it, owns it or brought a CSR of it'
  const why = out.length === 0 ? '' : `; ${out.join(', ')} ${part}, and does not count`
  throw new Refusal('no_approver', `nobody could approve this: ${lack}${why}`)
}
