import type { Certificate } from '../model/certificate.ts'
import type { Change, Replay } from '../model/change.ts'
import { digestOf } from '../model/digest.ts'
import type { Random } from '../model/ids.ts'
import type { Job } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal, type RefusalCode } from '../model/refusal.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Jobs, Replays, Stored } from '../ports.ts'

/** The first step of a job, decided but not stored. */
export type Proposal = {
  readonly change: Change
  readonly job: Job
  readonly certificate: Certificate | null
}

export type Answer = { readonly status: number; readonly body: unknown }

/** One request to change something: who, under which `Idempotency-Key`, and how the answer is shown. */
export type Submission = {
  readonly requester: Principal
  readonly operation: string
  readonly idempotency_key: string | null
  readonly input: unknown
  readonly show: (proposal: Proposal) => Answer
}

export type SubmitDeps = {
  readonly jobs: Pick<Jobs, 'commit'>
  readonly replays: Replays
  readonly now: Clock
  readonly random: Random
}

const conflicts: Partial<Record<Stored, readonly [RefusalCode, string]>> = {
  require_profile: ['version_conflict', 'the profile was changed at the same moment; try again'],
  require_issuer: ['issuer_inactive', 'the issuer does not issue any more'],
  next_certificate: ['conflict', 'the certificate was changed at the same moment; try again'],
}

/** How long an answer is kept for its `Idempotency-Key`. */
const keptSeconds = 7 * 86_400

const replayed = async (deps: SubmitDeps, submission: Submission): Promise<Answer | null> => {
  const { requester, idempotency_key } = submission
  if (idempotency_key === null) return null
  const found = await deps.replays.find(requester.id, idempotency_key)
  if (found === null) return null
  if (found.request_sha256 !== requestDigest(submission))
    throw new Refusal(
      'idempotency_conflict',
      'this Idempotency-Key was used for a request with other content',
    )
  return { status: found.status, body: found.body }
}

const requestDigest = ({ operation, input }: Submission): string =>
  digestOf(JSON.parse(JSON.stringify({ operation, input })))

const replayOf = (submission: Submission, key: string, answer: Answer, now: Date): Replay => ({
  principal_id: submission.requester.id,
  key,
  request_sha256: requestDigest(submission),
  status: answer.status,
  body: answer.body,
  expires_at: instantOf(later(now, keptSeconds)),
})

/**
 * Every way into a job ends here: one transaction holds the job, its first
 * events and the answer. The same `Idempotency-Key` with the same request
 * gives the same answer again; with another request it is refused
 * (`idempotency_conflict`).
 */
export const submit = async (
  deps: SubmitDeps,
  submission: Submission,
  propose: () => Promise<Proposal>,
): Promise<Answer> => {
  try {
    const proposal = await propose()
    const answer = submission.show(proposal)
    const { idempotency_key: key } = submission
    const kept =
      key === null
        ? []
        : [{ write: 'replay', replay: replayOf(submission, key, answer, deps.now()) } as const]
    const { change } = proposal
    const stored = await deps.jobs.commit({ ...change, writes: [...change.writes, ...kept] })
    if (stored === 'committed') return answer
    const [code, detail] = conflicts[stored.conflict] ?? [
      'conflict',
      'stored by somebody else at the same moment',
    ]
    throw new Refusal(code, detail)
  } catch (error) {
    // A second delivery of one request may fail on what the first one did: then the first answer stands.
    const earlier = error instanceof Refusal ? await replayed(deps, submission) : null
    if (earlier !== null) return earlier
    throw error
  }
}
