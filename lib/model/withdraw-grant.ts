import { type Change, type Draft, step } from './change.ts'
import { actorOf, draftReceipt, type Sealable } from './decide.ts'
import type { Grant } from './grant.ts'
import type { JobFile } from './job.ts'
import { may } from './permissions.ts'
import { isOwner, type Principal } from './principal.ts'
import { Refusal } from './refusal.ts'
import { instantOf } from './time.ts'

/** To take trust back needs no second person: whoever decides or administers, whoever asked for it, and the owner. */
const mayWithdraw = (by: Principal, { requested_by, owner }: Grant): boolean =>
  may(by, 'decide') || may(by, 'administer') || by.id === requested_by || isOwner(by, owner)

/**
 * Ends a standing grant at once. Refuses (`forbidden`) whoever neither decides
 * nor administers, nor asked for it, nor owns its certificate. Null where it is
 * withdrawn already.
 */
export const withdrawGrant = (
  { file, grant }: { readonly file: JobFile; readonly grant: Grant },
  by: Principal,
  note: string | null,
  now: Date,
): Sealable | null => {
  if (!mayWithdraw(by, grant))
    throw new Refusal('forbidden', 'approvers, admins, its requester and its owner withdraw a grant')
  if (grant.withdrawn_at !== null) return null
  const withdrawn: Grant = {
    ...grant,
    version: grant.version + 1,
    withdrawn_at: instantOf(now),
    withdrawn_by: by.id,
  }
  const change = (receipt: string): Change => {
    const details = { grant_id: grant.id, note, receipt }
    const draft: Draft = { type: 'grant_withdrawn', actor: actorOf(by), details }
    return step(file, {}, [draft], now, [{ write: 'grant', grant: withdrawn }])
  }
  return { receipt: draftReceipt(file, by, 'withdraw', now), change }
}
