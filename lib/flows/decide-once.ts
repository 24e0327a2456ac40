import type { Change } from '../model/change.ts'
import type { Job } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import type { Committed } from '../ports/page.ts'
import type { Principals } from '../ports/principals.ts'
import type { Replays } from '../ports/requests.ts'
import type { DecideJobDeps } from './decide-job.ts'
import { type Answer, type Asked, earlierAnswer, keepAnswer } from './once.ts'

export type DecideOnceDeps = DecideJobDeps & {
  readonly replays: Replays
  readonly principals: Pick<Principals, 'giver'>
}

/**
 * A step of a job that answers the same `Idempotency-Key` with the same
 * answer: it is stored in the step's own transaction. A refusal that is put on
 * record keeps no answer, for a refusal is decided anew each time.
 */
export const decideOnce = async (
  deps: DecideOnceDeps,
  asked: Asked,
  show: (job: Job) => Answer,
  act: (deps: DecideOnceDeps) => Promise<Job>,
): Promise<Answer> => {
  if (asked.idempotency_key === null) return show(await act(deps))
  const commit = async (change: Change): Promise<Committed> => {
    const { job } = change
    const refused = change.events.some(({ type }) => type === 'approval_refused')
    const kept = job === null || refused ? [] : keepAnswer(asked, show(job), deps.now)
    const stored = await deps.jobs.commit({ ...change, writes: [...change.writes, ...kept] })
    if (stored !== 'committed' && stored.conflict === 'replay') await earlierAnswer(deps, asked)
    return stored
  }
  try {
    const job = await act({ ...deps, jobs: { ...deps.jobs, commit } })
    // What was taken before this request, by its twin or without a key, is answered as it was then.
    return (await earlierAnswer(deps, asked)) ?? show(job)
  } catch (error) {
    const earlier = error instanceof Refusal ? await earlierAnswer(deps, asked) : null
    if (earlier !== null) return earlier
    throw error
  }
}
