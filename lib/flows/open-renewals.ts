import { randomUUID } from 'node:crypto'
import { type Draft, step } from '../model/change.ts'
import { digestOf } from '../model/digest.ts'
import type { JobFile } from '../model/job.ts'
import { openJob } from '../model/open-job.ts'
import type { Principal } from '../model/principal.ts'
import { type BatchContent, type BatchLine, lineJobId, lineOf } from '../model/renewal-batch.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Principals } from '../ports/principals.ts'
import { type BatchedRenewalDeps, batchedRenewal, remembering } from './batched-renewal.ts'
import { failJob, type Result } from './carry-out.ts'
import { inTurns } from './in-turns.ts'
import { opened } from './request-renewal.ts'

export type OpenRenewalsDeps = BatchedRenewalDeps & {
  readonly jobs: Pick<Jobs, 'load' | 'commit'>
  readonly principals: Pick<Principals, 'get'>
  readonly now: Clock
  readonly worker: string
}

/** How many lines are opened between two records of it, and how many at once. */
const together = 25
const atOnce = 4

/** How long one run goes on before it leaves the rest to the next, and how long nobody else may begin, in seconds. */
const runSeconds = 10
const leaseSeconds = 60

/** How often a line is tried against others who change its certificate at the same moment. */
const rounds = 5

/** What became of a line: the job that it is now, or why there is none. */
type Opened =
  | { readonly certificate_id: string; readonly job_id: string }
  | { readonly certificate_id: string; readonly detail: string }

type Run = {
  readonly file: JobFile
  readonly batch: BatchContent
  readonly requester: Principal
}

/** Whether this very line was opened already, by this run or one before it that nobody has a record of. */
const isOpen = async (deps: OpenRenewalsDeps, job_id: string, line: BatchLine): Promise<boolean> => {
  const there = await deps.jobs.load(job_id)
  return (
    there !== null &&
    'content' in there &&
    there.content.type === 'Renewal' &&
    digestOf(lineOf(there.content, there.job.owner)) === digestOf(line)
  )
}

/** Opens one line, once: its job has a name that follows from the line. Null where somebody changed the certificate meanwhile. */
const tryLine = async (
  deps: OpenRenewalsDeps,
  { file: { job }, batch, requester }: Run,
  index: number,
): Promise<Opened | null> => {
  const line = batch.lines[index]
  if (line === undefined) throw new TypeError(`no line ${index}`)
  const { certificate_id } = line
  const place = { job_id: job.id, index }
  const id = lineJobId(place)
  const found = await batchedRenewal(deps, certificate_id, batch.seed)
  const changed =
    'excuse' in found
      ? found.detail
      : digestOf(lineOf(found.renewal, found.found.certificate.owner)) === digestOf(line)
        ? null
        : 'the certificate, its CSR or its profile is not what it was'
  const openedOr = async (detail: string): Promise<Opened> =>
    (await isOpen(deps, id, line))
      ? { certificate_id, job_id: id }
      : { certificate_id, detail: detail.slice(0, 500) }
  if ('excuse' in found || changed !== null) return openedOr(changed ?? '')
  const content = { ...found.renewal, batch: place }
  const { reason, ticket } = job
  const opening = { id, content, requester, owner: line.owner, reason, requirement: null }
  const now = deps.now()
  const { document } = found.profile
  const writes = opened(found.found, found.source, { job_id: id, by_schedule: false, document, now })
  const stored = await deps.jobs.commit(openJob({ ...opening, ticket: ticket ?? undefined }, writes, now))
  if (stored === 'committed') return { certificate_id, job_id: id }
  // Nobody has business in that place but another run of this batch; whoever takes it stops this line alone.
  const taken = stored.conflict === 'job' || stored.conflict === 'event'
  return taken ? openedOr(`there is something else in the place of its job, ${id}`) : null
}

const openLine = async (deps: OpenRenewalsDeps, run: Run, index: number): Promise<Opened> => {
  for (let round = 0; round < rounds; round += 1) {
    const result = await tryLine(deps, run, index)
    if (result !== null) return result
  }
  throw new Error(`line ${index} of ${run.file.job.id} is too contended`)
}

type Advance = {
  readonly lines: readonly Opened[]
  /** Whether it is time to leave the rest to another run. */
  readonly pausing: boolean
}

/** How far the batch has come, on record, with the job in hand for the next lines; null where somebody else has it. */
const advance = async (
  deps: OpenRenewalsDeps,
  { file, batch }: Run,
  { lines, pausing }: Advance,
): Promise<JobFile | null> => {
  const now = deps.now()
  const from = file.job.progress ?? { matched: batch.count, done: 0, changed: 0 }
  const renewals = lines.flatMap((one) => ('job_id' in one ? [one] : []))
  const skipped = lines.flatMap((one) => ('detail' in one ? [one] : []))
  const progress = {
    ...from,
    done: from.done + lines.length,
    changed: from.changed + renewals.length,
  }
  const over = progress.done === batch.count
  const { matched, changed } = progress
  // For whoever asked, who is told: of each renewal that then fails, they are told as well.
  const reason = `${changed} of ${matched} renewals were opened, ${matched - changed} were skipped`
  const draft: Draft = {
    type: 'renewals_opened',
    actor: { id: deps.worker, type: 'System' },
    details: {
      opened: renewals,
      skipped,
      progress,
      continues: pausing && !over,
      ...(over ? { reason } : {}),
    },
  }
  const until = instantOf(later(now, pausing ? 0 : leaseSeconds))
  const lease = { holder: `${deps.worker}/${randomUUID()}`, until }
  const moved = over ? ({ status: 'Completed', attempts: 1, progress } as const) : { progress, lease }
  const change = step(file, moved, [draft], now)
  if ((await deps.jobs.commit(change)) !== 'committed' || change.job === null) return null
  return { ...file, job: change.job, events: [...file.events, ...change.events] }
}

/**
 * Opens the renewals of a batch, a few at a time. What is on record first is
 * that it has begun, so that nobody cancels it between two of them. Each is
 * made anew from its certificate as it is now, and opened only where that is
 * line for line what was approved; what has changed since is skipped. The job
 * stays `Pending` until it is through, and whoever takes it up next goes on.
 */
export const openRenewals = async (
  ports: OpenRenewalsDeps,
  file: JobFile,
  batch: BatchContent,
): Promise<Result> => {
  const deps = remembering(ports)
  const asked = await deps.principals.get(file.job.requested_by)
  if (asked === null) return failJob(deps, file, `nobody is ${file.job.requested_by}`)
  const requester = asked.principal
  const stop_at = later(deps.now(), runSeconds)
  let at = await advance(deps, { file, batch, requester }, { lines: [], pausing: false })
  while (at !== null && at.job.status !== 'Completed') {
    const run = { file: at, batch, requester }
    const from = at.job.progress?.done ?? 0
    const next = Array.from({ length: Math.min(together, batch.count - from) }, (_, n) => from + n)
    const lines = await inTurns(next, (index) => openLine(deps, run, index), atOnce)
    const pausing = deps.now() >= stop_at
    at = await advance(deps, run, { lines, pausing })
    if (pausing && at !== null) return 'done'
  }
  return at === null ? 'in_other_hands' : 'done'
}
