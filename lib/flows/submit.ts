import { type Bypass, bypassed } from '../model/bypass.ts'
import type { Certificate } from '../model/certificate.ts'
import type { Change } from '../model/change.ts'
import type { Random } from '../model/ids.ts'
import type { Job } from '../model/job.ts'
import { Refusal, type RefusalCode } from '../model/refusal.ts'
import type { Clock } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Stored } from '../ports/page.ts'
import type { Principals } from '../ports/principals.ts'
import type { Replays } from '../ports/requests.ts'
import { demandDeciders } from './demand-deciders.ts'
import { type Answer, type Asked, earlierAnswer, keepAnswer } from './once.ts'

/** The first step of a job, decided but not stored. */
export type Proposal = {
  readonly change: Change
  readonly job: Job
  readonly certificate: Certificate | null
}

/** A request for a job, and how its answer is shown. */
export type Submission = Asked & { readonly show: (proposal: Proposal) => Answer }

export type SubmitDeps = {
  readonly jobs: Pick<Jobs, 'commit'>
  readonly principals: Pick<Principals, 'list'>
  readonly replays: Replays
  /** Null where people decide, as they do in production. */
  readonly bypass: Bypass | null
  readonly now: Clock
  readonly random: Random
}

const conflicts: Partial<Record<Stored, readonly [RefusalCode, string]>> = {
  require_profile: ['version_conflict', 'the profile was changed at the same moment; try again'],
  require_issuer: ['issuer_inactive', 'the issuer does not issue any more'],
  require_no_end: ['issuer_inactive', 'the issuer does not issue any more'],
  next_renewal: ['conflict', 'its renewal moved on at the same moment; try again'],
  next_csr: ['conflict', 'its next CSR was changed at the same moment; try again'],
  next_certificate: ['conflict', 'the certificate was changed at the same moment; try again'],
}

/** What others may take from a proposal at the same moment, and how often it is made anew for that. */
const taken: ReadonlySet<Stored> = new Set(['grant_use', 'require_grant'])
const rounds = 4

/** What waits for people, let pass in a deployment that has none. */
export const passed = (deps: Pick<SubmitDeps, 'bypass' | 'now'>, proposal: Proposal): Proposal => {
  if (deps.bypass === null) return proposal
  const change = bypassed({ ...proposal.change, job: proposal.job }, deps.bypass, deps.now())
  return { ...proposal, change, job: change.job }
}

/** A proposal, committed; another one where somebody took the place under a standing grant that it was to have. */
const proposed = async (deps: SubmitDeps, submission: Submission, propose: () => Promise<Proposal>) => {
  for (let round = 1; ; round += 1) {
    const proposal = passed(deps, await propose())
    const { change } = proposal
    const content = change.writes.flatMap((write) => (write.write === 'content' ? [write.content] : []))[0]
    await demandDeciders(deps.principals, { ...proposal.job, content })
    const answer = submission.show(proposal)
    const writes = [...change.writes, ...keepAnswer(submission, answer, deps.now)]
    const stored = await deps.jobs.commit({ ...change, writes })
    if (stored === 'committed' || round === rounds || !taken.has(stored.conflict)) return { answer, stored }
  }
}

/**
 * Every way into a job ends here: one transaction holds the job, its first
 * events and the answer. The same `Idempotency-Key` with the same request
 * gives the same answer again; with another request it is refused
 * (`idempotency_conflict`). So is a batch that nobody could approve (`no_approver`).
 */
export const submit = async (
  deps: SubmitDeps,
  submission: Submission,
  propose: () => Promise<Proposal>,
): Promise<Answer> => {
  try {
    const { answer, stored } = await proposed(deps, submission, propose)
    if (stored === 'committed') return answer
    const [code, detail] = conflicts[stored.conflict] ?? [
      'conflict',
      'stored by somebody else at the same moment',
    ]
    throw new Refusal(code, detail)
  } catch (error) {
    // A second delivery of one request may fail on what the first one did: then the first answer stands.
    const earlier = error instanceof Refusal ? await earlierAnswer(deps, submission) : null
    if (earlier !== null) return earlier
    throw error
  }
}
