import type { Bypass } from '../model/bypass.ts'
import type { Change } from '../model/change.ts'
import { type Actor, append, type EventDraft } from '../model/event.ts'
import type { Random } from '../model/ids.ts'
import type { Principal } from '../model/principal.ts'
import type { PrincipalFile, PrincipalStep, PrincipalWrite } from '../model/principal-change.ts'
import { Refusal, type RefusalCode } from '../model/refusal.ts'
import type { Clock } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Committed, Stored } from '../ports/page.ts'
import type { Principals } from '../ports/principals.ts'
import type { Replays } from '../ports/requests.ts'
import { type Answer, type Asked, earlierAnswer, keepAnswer } from './once.ts'

export type AdministerDeps = {
  readonly jobs: Pick<Jobs, 'commit'>
  /** Null where people decide, as they do in production. */
  readonly bypass: Bypass | null
  readonly principals: Principals
  readonly replays: Replays
  readonly now: Clock
  readonly random: Random
}

/** A step of a principal, decided but not stored, and what to answer once it is. Null where there is nothing to do. */
export type PrincipalProposal = { readonly change: PrincipalStep | null; readonly answer: Answer }

/** A job that asks a second person, not stored, and what to answer once it is. */
export type JobProposal = {
  readonly opened: Change
  readonly about: { readonly id: string; readonly version: number } | null
  readonly answer: Answer
}

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
): PrincipalStep => {
  const drafts = happened.map((one) => ({ ...one, actor, resource: id, job: null }))
  const [event, ...rest] = append(id, last === null ? [] : [last], drafts, now)
  if (event === undefined) throw new TypeError('a step without an event')
  return { events: [event, ...rest], writes }
}

/** Whoever administers must still be who they were when their step is stored: of two who disable each other, one does. */
const still = (by: Principal, change: PrincipalStep): readonly PrincipalWrite[] => {
  const touched = change.writes.some(
    (write) =>
      (write.write === 'require_principal' && write.id === by.id) ||
      (write.write === 'principal' && write.principal.id === by.id),
  )
  return touched ? [] : [{ write: 'require_principal', id: by.id, version: by.version }]
}

const store = (
  deps: AdministerDeps,
  asked: Asked,
  proposal: PrincipalProposal | JobProposal,
): Promise<Committed> | null => {
  const kept = keepAnswer(asked, proposal.answer, deps.now)
  const by = asked.requester
  if ('opened' in proposal) {
    const { opened, about } = proposal
    const seen = [by, ...(about === null || about.id === by.id ? [] : [about])]
    const required = seen.map(({ id, version }) => ({ write: 'require_principal', id, version }) as const)
    return deps.jobs.commit({ ...opened, writes: [...opened.writes, ...required, ...kept] })
  }
  const { change } = proposal
  if (change === null) return null
  return deps.principals.commit({ ...change, writes: [...change.writes, ...still(by, change), ...kept] })
}

/**
 * Every change of a principal or a credential ends here: one transaction holds
 * it, its event and the answer; or, where it takes a second person, the job
 * that asks for one.
 */
export const administer = async (
  deps: AdministerDeps,
  asked: Asked,
  propose: () => Promise<PrincipalProposal | JobProposal>,
): Promise<Answer> => {
  try {
    const proposal = await propose()
    const stored = await store(deps, asked, proposal)
    if (stored === null || stored === 'committed') return proposal.answer
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
