import type { Replay, Write } from '../model/change.ts'
import { digestOf } from '../model/digest.ts'
import type { Envelope } from '../model/envelope.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Replays } from '../ports/requests.ts'

export type Answer = { readonly status: number; readonly body: unknown }

/** A request to change something: who asks for what, and under which `Idempotency-Key`. */
export type Asked = {
  readonly requester: Principal
  readonly operation: string
  readonly idempotency_key: string | null
  readonly input: unknown
  /** Under which the answer is kept, where it holds a secret; null for an answer without one. */
  readonly envelope: Envelope | null
}

/** How long an answer is kept for its `Idempotency-Key`. */
const keptSeconds = 7 * 86_400

const requestDigest = ({ operation, input }: Asked): string =>
  digestOf(JSON.parse(JSON.stringify({ operation, input })))

const bodyOf = (asked: Asked, body: unknown): unknown => {
  if (asked.envelope === null) return body
  const opened = asked.envelope.open(String(body))
  if (opened === null)
    throw new Refusal(
      'idempotency_conflict',
      'the answer held a secret: only the credential that it was given to can see it again',
    )
  return JSON.parse(opened) as unknown
}

/**
 * The answer that this request was given before. Refuses
 * (`idempotency_conflict`) where its key was used for another request.
 */
export const earlierAnswer = async (
  deps: { readonly replays: Replays },
  asked: Asked,
): Promise<Answer | null> => {
  if (asked.idempotency_key === null) return null
  const found = await deps.replays.find(asked.requester.id, asked.idempotency_key)
  if (found === null) return null
  if (found.request_sha256 !== requestDigest(asked))
    throw new Refusal(
      'idempotency_conflict',
      'this Idempotency-Key was used for a request with other content',
    )
  return { status: found.status, body: bodyOf(asked, found.body) }
}

type Kept = Extract<Write, { readonly write: 'replay' }>

const replayOf = (asked: Asked, { status, body }: Answer, now: Clock): Replay | null => {
  const { requester, idempotency_key: key, envelope } = asked
  if (key === null) return null
  return {
    principal_id: requester.id,
    key,
    request_sha256: requestDigest(asked),
    status,
    body: envelope === null ? body : envelope.seal(JSON.stringify(body)),
    expires_at: instantOf(later(now(), keptSeconds)),
  }
}

/** What is stored with a step, so that its answer can be given again. */
export const keepAnswer = (asked: Asked, answer: Answer, now: Clock): readonly Kept[] => {
  const replay = replayOf(asked, answer, now)
  return replay === null ? [] : [{ write: 'replay', replay }]
}

/**
 * Answers what makes no step of a job or a principal, once for its
 * `Idempotency-Key`: of two at the same moment, the answer that was kept first
 * is given to both. Refuses (`idempotency_conflict`) as `earlierAnswer`.
 */
export const answerOnce = async (
  deps: { readonly replays: Replays; readonly now: Clock },
  asked: Asked,
  make: () => Promise<Answer>,
): Promise<Answer> => {
  const earlier = await earlierAnswer(deps, asked)
  if (earlier !== null) return earlier
  const answer = await make()
  const replay = replayOf(asked, answer, deps.now)
  if (replay === null || (await deps.replays.keep(replay))) return answer
  return (await earlierAnswer(deps, asked)) ?? answer
}
