import type { Change } from '../model/change.ts'
import { cancel, withdraw } from '../model/close.ts'
import { decide, type Sealable, type Verdict } from '../model/decide.ts'
import { jobIdOf } from '../model/ids.ts'
import type { Job, JobFile } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import type { Clock } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Stored } from '../ports/page.ts'
import type { Principals } from '../ports/principals.ts'
import { type SealDeps, sealReceipt } from './receipts.ts'

export type DecideJobDeps = SealDeps & {
  readonly jobs: Pick<Jobs, 'load' | 'commit'>
  readonly now: Clock
}

/** What somebody's word does to a job: a step; a step that takes a receipt; a refusal put on record; or nothing. */
type Taken = { readonly change: Change; readonly refusal: Refusal | null } | Sealable | null

/** Conditions on the people themselves: deciding again on the same knowledge of them would not help. */
const moved: ReadonlySet<Stored> = new Set<Stored>(['require_principal', 'require_delegation'])

/** Each round somebody else's step was stored: more than can be before an approval is over. */
const mostRounds = 64

const fileOf = async (deps: DecideJobDeps, id: string): Promise<JobFile> => {
  const file = await deps.jobs.load(id)
  if (file === null) throw new Refusal('not_found', `no job ${id}`)
  if ('unreadable' in file) throw new Error(`job ${id} cannot be read: ${file.unreadable}`)
  return file
}

/**
 * Load, decide, commit. Where somebody else's step came first, ours is decided
 * again on what they left: of two at the same instant one wins, and the other
 * is told so.
 */
const take = async (deps: DecideJobDeps, id: string, stepOn: (file: JobFile) => Taken): Promise<Job> => {
  for (let round = 0; round < mostRounds; round += 1) {
    const file = await fileOf(deps, id)
    const taken = stepOn(file)
    if (taken === null) return file.job
    const change = 'receipt' in taken ? taken.change(await sealReceipt(deps, taken.receipt)) : taken.change
    const stored = await deps.jobs.commit(change)
    if (stored !== 'committed' && moved.has(stored.conflict))
      throw new Refusal('conflict', 'you, or whom you stand for, were changed at the same moment; try again')
    if (stored !== 'committed') continue
    if ('refusal' in taken && taken.refusal !== null) throw taken.refusal
    return change.job ?? file.job
  }
  throw new Error(`job ${id} is too contended`)
}

/** One approver's word. Every two-person violation is put on record (`approval_refused`) before it is answered. */
export const decideApproval = async (
  deps: DecideJobDeps & { readonly principals: Pick<Principals, 'giver'> },
  by: Principal,
  approval_id: string,
  word: Verdict,
): Promise<Job> => {
  const giver = typeof word.for === 'string' ? await deps.principals.giver(word.for) : null
  return take(deps, jobIdOf(approval_id), (file) => {
    const result = decide(file, { by, giver }, word, deps.now())
    return result.outcome === 'replay' ? null : result
  })
}

export const withdrawApproval = (
  deps: DecideJobDeps,
  by: Principal,
  approval_id: string,
  note: string | null,
): Promise<Job> => take(deps, jobIdOf(approval_id), (file) => withdraw(file, by, note, deps.now()))

/**
 * Stops what has not begun. Where somebody decided at the same instant, theirs
 * was the word: whoever cancels is told (`conflict`), and may cancel what it led to.
 */
export const cancelJob = (deps: DecideJobDeps, by: Principal, id: string): Promise<Job> => {
  const seen = new Set<string>()
  return take(deps, id, (file) => {
    const change = cancel(file, by, deps.now())
    if (change === null) return null
    seen.add(file.job.status)
    if (seen.size > 1) throw new Refusal('conflict', `meanwhile the job became ${file.job.status}`)
    return { change, refusal: null }
  })
}
