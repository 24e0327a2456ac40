import { type Draft, step } from '../model/change.ts'
import { digestOf } from '../model/digest.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import { isAwaited } from '../model/patience.ts'
import { instantOf, later } from '../model/time.ts'
import type { Authority } from '../ports/authority.ts'
import type { Result } from './carry-out.ts'
import { claim, fail, type KeylessDeps, maximumAttempts, postpone, prepare } from './issue-certificate.ts'

export type OrderDeps = KeylessDeps & {
  readonly authority: Authority
  /** What became of what AWS answered with an error: it never will be, may be asked for later, or may be done. */
  readonly outcomeOf: (error: unknown) => 'never' | 'not_now' | 'unknown'
  /** Delivers the job again after so many seconds. */
  readonly again: (job_id: string, seconds: number) => Promise<void>
}

export type Leaf = Extract<JobContent, { type: 'Issuance' | 'Renewal' }>

/** AWS forgets an idempotency token after five minutes: past these, an order might be a second one. */
const orderSeconds = 240

/**
 * Since when AWS may have an order of which nobody knows: the first that was about to be
 * placed and of which it is not on record that AWS turned it away. Null for none.
 */
const openSince = ({ events }: JobFile): string | null =>
  events.find(
    ({ type }, index) => type === 'issuance_planned' && events[index + 1]?.type !== 'issuance_postponed',
  )?.time ?? null

/** How long until a certificate is asked for, and asked for again. */
export const pauseSeconds = 3

/** The same for every order of one job, and for no other: AWS takes 36 characters. */
const tokenOf = ({ job }: JobFile): string => digestOf({ job_id: job.id, digest: job.digest }).slice(0, 36)

export const orderIn = ({ events }: JobFile): { readonly arn: string; readonly time: string } | null => {
  const event = events.findLast(({ type }) => type === 'certificate_ordered')
  const arn = event?.details.certificate_arn
  return event === undefined || typeof arn !== 'string' ? null : { arn, time: event.time }
}

export const secondsSince = (instant: string, now: Date): number =>
  (now.getTime() - Date.parse(instant)) / 1000

/** Puts the order on record; from then on it is asked for, and never placed again. */
const ordered = async (deps: OrderDeps, file: JobFile, arn: string): Promise<JobFile | 'in_other_hands'> => {
  const now = deps.now()
  const actor = { id: deps.worker, type: 'System' } as const
  const draft: Draft = {
    type: 'certificate_ordered',
    actor,
    details: { certificate_arn: arn, idempotency_token: tokenOf(file) },
  }
  // Nobody is at work while AWS is: the lease only says when to look again.
  const lease = { holder: deps.worker, until: instantOf(later(now, pauseSeconds - 1)) }
  const change = step(file, { lease }, [draft], now)
  if ((await deps.jobs.commit(change)) !== 'committed' || change.job === null) return 'in_other_hands'
  return { ...file, job: change.job, events: [...file.events, ...change.events] }
}

/** Whether to order again would have AWS make a second certificate, had it made one. */
const mayBeSecond = (file: JobFile, now: Date): boolean => {
  const since = openSince(file)
  return since !== null && (secondsSince(since, now) > orderSeconds || file.job.attempts >= maximumAttempts)
}

/** Ends a job whose certificate may be at AWS, and leaves what it takes to find and revoke it there. */
const failUnknown = (deps: OrderDeps, file: JobFile): Promise<Result> => {
  const idempotency_token = tokenOf(file)
  const said = 'it is not known whether AWS made the certificate, so it is not ordered twice'
  const where = `CloudTrail has the order, if there is one, as IssueCertificate with ${idempotency_token}`
  return fail(deps, file, `${said}: ${where}`, { idempotency_token, ordered_since: openSince(file) })
}

/**
 * AWS does not begin what it turns away: that is put on record, and the order is made
 * anew later. What it will never take, or has not taken for a day, fails the job.
 */
const notTaken = async (deps: OrderDeps, claimed: JobFile, error: unknown): Promise<Result> => {
  const outcome = deps.outcomeOf(error)
  const { issuance, events } = claimed
  if (outcome === 'unknown' || issuance === null || !(error instanceof Error)) throw error
  if (outcome === 'not_now' && isAwaited(issuance, deps.now())) {
    await postpone(deps, claimed, error)
    throw error
  }
  const before = { ...claimed, events: events.slice(0, -1) }
  if (openSince(before) !== null) return failUnknown(deps, claimed)
  return fail(deps, claimed, `AWS Private CA took no order for it: ${error.name}`)
}

/** Claims the job, orders its certificate once, and puts the order on record. */
export const order = async (
  deps: OrderDeps,
  file: JobFile,
  content: Leaf,
  issuer: Issuer,
): Promise<JobFile | Result> => {
  if (mayBeSecond(file, deps.now())) return failUnknown(deps, file)
  const { issuance } = prepare(file, content, { issuer, now: deps.now() })
  const claimed = await claim(deps, file, { issuance, issuer_id: issuer.id, key: issuer.key })
  if (claimed === null) return 'in_other_hands'
  const taken = await deps.authority
    .issue({
      authority: issuer.key,
      csr: Buffer.from(content.csr, 'base64'),
      plan: content.plan,
      period: issuance.period,
      token: tokenOf(file),
    })
    .then(
      (arn) => ({ arn }),
      (error: unknown) => notTaken(deps, claimed, error),
    )
  return typeof taken === 'string' ? taken : ordered(deps, claimed, taken.arn)
}
