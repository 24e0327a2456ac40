import { type Actor, append, type EventDraft } from '../model/event.ts'
import type { Random } from '../model/ids.ts'
import type { Principal } from '../model/principal.ts'
import type { PrincipalChange, PrincipalFile, PrincipalWrite } from '../model/principal-change.ts'
import { Refusal, type RefusalCode } from '../model/refusal.ts'
import type { Clock } from '../model/time.ts'
import type { Principals, Replays, Stored } from '../ports.ts'
import { type Answer, type Asked, earlierAnswer, keepAnswer } from './once.ts'

export type AdministerDeps = {
  readonly principals: Principals
  readonly replays: Replays
  readonly now: Clock
  readonly random: Random
}

/** A step of a principal, decided but not stored, and what to answer once it is. Null where there is nothing to do. */
export type PrincipalProposal = { readonly change: PrincipalChange | null; readonly answer: Answer }

const conflicts: Partial<Record<Stored, readonly [RefusalCode, string]>> = {
  oidc_subject: ['already_exists', 'this subject was mapped at the same moment'],
  first_admin: ['already_exists', 'there is an admin already'],
}

export const fileOf = async (
  deps: Pick<AdministerDeps, 'principals'>,
  id: string,
): Promise<PrincipalFile> => {
  const file = await deps.principals.get(id)
  if (file === null) throw new Refusal('not_found', `no principal ${id}`)
  return file
}

type Happened = Pick<EventDraft, 'type' | 'details'>

/** The next step on the chain of a principal. `last` is its newest event, null for a new one. */
export const stepOf = (
  { id, last, actor }: { id: string; last: PrincipalFile['last'] | null; actor: Actor },
  happened: readonly [Happened, ...Happened[]],
  writes: readonly PrincipalWrite[],
  now: Date,
): PrincipalChange => {
  const drafts = happened.map((one) => ({ ...one, actor, resource: id, job: null }))
  const [event, ...rest] = append(id, last === null ? [] : [last], drafts, now)
  if (event === undefined) throw new TypeError('a step without an event')
  return { events: [event, ...rest], writes }
}

/** Whoever administers must still be who they were when their step is stored: of two who disable each other, one does. */
const still = (by: Principal, change: PrincipalChange): readonly PrincipalWrite[] => {
  const touched = change.writes.some(
    (write) =>
      (write.write === 'require_principal' && write.id === by.id) ||
      (write.write === 'principal' && write.principal.id === by.id),
  )
  return touched ? [] : [{ write: 'require_principal', id: by.id, version: by.version }]
}

/** Every change of a principal or a credential ends here: one transaction holds it, its event and the answer. */
export const administer = async (
  deps: AdministerDeps,
  asked: Asked,
  propose: () => Promise<PrincipalProposal>,
): Promise<Answer> => {
  try {
    const { change, answer } = await propose()
    if (change === null) return answer
    const kept = keepAnswer(asked, answer, deps.now)
    const writes = [...change.writes, ...still(asked.requester, change), ...kept]
    const stored = await deps.principals.commit({ ...change, writes })
    if (stored === 'committed') return answer
    const [code, detail] = conflicts[stored.conflict] ?? [
      'conflict',
      'this principal, or you, were changed at the same moment; try again',
    ]
    throw new Refusal(code, detail)
  } catch (error) {
    const earlier = error instanceof Refusal ? await earlierAnswer(deps, asked) : null
    if (earlier !== null) return earlier
    throw error
  }
}
