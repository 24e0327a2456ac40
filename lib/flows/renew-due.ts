import { append, type Event } from '../model/event.ts'
import type { Job } from '../model/job.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { planned, type Renewal, renewalPolicyOf } from '../model/renewal.ts'
import { afterFailure, lookAt, type Sight, type Step, type Tiding } from '../model/renewal-look.ts'
import { instantAt, momentsOf } from '../model/renewal-window.ts'
import { harmless } from '../model/summary.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { DueRenewal, RenewalFile, Renewals } from '../ports/renewals.ts'
import type { Profiles } from '../ports/rules.ts'
import { dueRenewals, type Scope } from './due-renewals.ts'
import { csrFor } from './renewal-csr.ts'
import type { Proposal } from './submit.ts'

export type RenewDueDeps = {
  readonly renewals: Renewals
  readonly jobs: Pick<Jobs, 'load' | 'commit'>
  readonly profiles: Pick<Profiles, 'current'>
  /** Proposes the renewal of a certificate, on behalf of whoever brought its CSR. */
  readonly propose: (
    certificate_id: string,
    scheduled: { readonly row_version: number; readonly escalated: boolean },
  ) => Promise<Proposal>
  readonly now: Clock
  /** How many certificates one sweep looks after: what keeps an outage from becoming a stampede. */
  readonly per_sweep: number
  /** Told of what went wrong with one certificate; the others go on. */
  readonly fault: (error: unknown) => void
}

export type Swept = {
  /** What was due when the sweep began. */
  readonly due: number
  /** How long the one had waited that was due first, in seconds. */
  readonly backlog_seconds: number
  readonly opened: number
  readonly left: number
  readonly faults: number
}

/** What became of one certificate: nothing is due any more, or it is looked at again by the next sweep. */
type Settled = { readonly settled: boolean; readonly opened: boolean }

/** How many certificates are looked after at once. */
const together = 8

/** The most steps that one certificate takes in a row: an alert, a job that is over, a new one. */
const mostSteps = 4

/** How long one that nobody could look after is left alone, in seconds. */
const pauseSeconds = 300

type Sweep = RenewDueDeps & { readonly profile: (id: string) => Promise<ProfileVersion | null> }

const jobOf = async ({ jobs }: Sweep, { state, job_id }: Renewal): Promise<Job | null> => {
  if (state !== 'open' || job_id === null) return null
  const file = await jobs.load(job_id)
  return file === null || 'unreadable' in file ? null : file.job
}

const sightOf = async (deps: Sweep, file: RenewalFile, row: Renewal): Promise<Sight> => {
  const profile = await deps.profile(file.certificate.profile_id)
  const csr = profile === null ? null : await csrFor(deps.jobs, file, profile.document)
  return {
    row,
    certificate: file.certificate,
    revocation_reason: file.newest?.revocation_reason ?? null,
    profile,
    job: await jobOf(deps, row),
    has_csr: csr !== null,
    now: deps.now(),
  }
}

const eventsOf = async (
  deps: Sweep,
  { certificate, row }: Sight,
  tidings: readonly Tiding[],
): Promise<readonly Event[]> => {
  const last = await deps.renewals.lastEvent(certificate.id)
  const { owner, team, profile_id, name } = certificate
  const drafts = tidings.map(({ type, details }) => ({
    type,
    actor: { id: 'system-renewal', type: 'System' } as const,
    resource: certificate.id,
    job: null,
    details: {
      owner,
      // Whoever answers for it together with its owner, where it belongs to a team.
      ...(team === null ? {} : { team }),
      profile_id,
      name: harmless(name),
      summary: harmless(`${certificate.id} (${name}) ends ${row.not_after}`),
      certificate_version: row.certificate_version,
      ...details,
    },
  }))
  return append(certificate.id, last === null ? [] : [last], drafts, deps.now())
}

/** Stores a row, with what its owner is told, in one transaction; false where somebody else changed it first. */
const store = async (deps: Sweep, sight: Sight, step: Extract<Step, { step: 'put' }>): Promise<boolean> => {
  const renewal = { ...step.row, version: sight.row.version + 1 }
  const [first, ...rest] = step.tidings.length === 0 ? [] : await eventsOf(deps, sight, step.tidings)
  if (first === undefined) return (await deps.renewals.put(renewal)) === 'committed'
  const change = {
    job: null,
    events: [first, ...rest],
    writes: [{ write: 'next_renewal', renewal }],
  } as const
  return (await deps.jobs.commit(change)) === 'committed'
}

/**
 * Until when to wait with a renewal that needs nobody after all: its own
 * moment. Null for what waits for people, and for what was late already.
 */
const waitUntil = (proposal: Proposal, { row, now, profile }: Sight): string | null => {
  if (profile === null || proposal.job.status === 'AwaitingApproval' || row.retry_at !== null) return null
  const at = Math.round(momentsOf(row, renewalPolicyOf(profile.document)).at)
  return at > now.getTime() && row.expired_approvals === 0 ? instantAt(at) : null
}

/** An attempt that led to no job counts like one that did. */
const failedAttempt = async (deps: Sweep, sight: Sight, reason: string): Promise<Settled> => {
  const counted = { ...sight, row: { ...sight.row, attempts: sight.row.attempts + 1 } }
  const step = afterFailure(counted, reason)
  return { settled: step.step === 'put' && (await store(deps, counted, step)), opened: false }
}

/** Opens the renewal: the job, its events and the row in one transaction, so there is never a second. */
const open = async (deps: Sweep, sight: Sight, escalated: boolean): Promise<Settled> => {
  const { row, profile, now } = sight
  try {
    const proposal = await deps.propose(row.certificate_id, { row_version: row.version, escalated })
    const wait_until = waitUntil(proposal, sight)
    if (wait_until !== null) {
      const waiting: Renewal = { ...row, state: 'scheduled', retry_at: wait_until }
      const put = planned(waiting, profile?.document ?? null, { now: instantOf(now) })
      return { settled: await store(deps, sight, { step: 'put', row: put, tidings: [] }), opened: false }
    }
    const stored = await deps.jobs.commit(proposal.change)
    // Whatever else moved on is seen anew by the next sweep; an issuer that was retired stays so.
    if (stored !== 'committed' && stored.conflict === 'require_no_end')
      return await failedAttempt(deps, sight, 'the issuer does not issue any more')
    return { settled: stored === 'committed', opened: stored === 'committed' }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.code === 'conflict') return { settled: false, opened: false }
    return failedAttempt(deps, sight, error.message)
  }
}

/** One certificate, step by step, until nothing about it is due. */
const lookAfter = async (deps: Sweep, { certificate_id }: DueRenewal): Promise<Settled> => {
  for (let steps = 0; steps < mostSteps; steps += 1) {
    const file = await deps.renewals.load(certificate_id)
    const row = file?.renewal ?? null
    const now = instantOf(deps.now())
    // The index is a moment behind the table: somebody has looked after it already.
    if (file === null || row?.next_at === undefined || row.next_at === null || row.next_at > now)
      return { settled: true, opened: false }
    const sight = await sightOf(deps, file, row)
    const step = lookAt(sight)
    if (step.step === 'open') return open(deps, sight, step.escalated)
    if (!(await store(deps, sight, step))) return { settled: false, opened: false }
    if (step.row.next_at === null || step.row.next_at > now) return { settled: true, opened: false }
  }
  return { settled: false, opened: false }
}

/** As `lookAfter`, but what goes wrong with one certificate is put off, and stops no other. */
const lookAfterSafely = async (deps: Sweep, due: DueRenewal): Promise<Settled & { fault: boolean }> => {
  const [outcome] = await Promise.allSettled([lookAfter(deps, due)])
  if (outcome.status === 'fulfilled') return { ...outcome.value, fault: false }
  deps.fault(outcome.reason)
  const until = instantOf(later(deps.now(), pauseSeconds))
  const [postponed] = await Promise.allSettled([deps.renewals.postpone(due, until)])
  return { settled: postponed.status === 'fulfilled', opened: false, fault: true }
}

/** Reads each profile once a sweep. */
const remembering = (profiles: RenewDueDeps['profiles']): Sweep['profile'] => {
  const read = new Map<string, Promise<ProfileVersion | null>>()
  return (id) => {
    const found = read.get(id) ?? profiles.current(id)
    read.set(id, found)
    return found
  }
}

/**
 * One sweep: what is due, soonest to expire first, at most so many. Each
 * certificate hangs on its own row, so a sweep that runs twice, late, or
 * beside another one opens nothing twice, and leaves nothing out.
 */
export const renewDue = async (deps: RenewDueDeps): Promise<Swept> => {
  const sweep: Sweep = { ...deps, profile: remembering(deps.profiles) }
  const began = deps.now()
  const scope: Scope = await dueRenewals(deps.renewals, began, deps.per_sweep)
  const unsettled: DueRenewal[] = []
  let opened = 0
  let faults = 0
  const queue = scope.due.slice(0, deps.per_sweep)
  const work = async (): Promise<void> => {
    for (let due = queue.shift(); due !== undefined; due = queue.shift()) {
      const outcome = await lookAfterSafely(sweep, due)
      if (!outcome.settled) unsettled.push(due)
      if (outcome.opened) opened += 1
      if (outcome.fault) faults += 1
    }
  }
  await Promise.all(Array.from({ length: Math.min(together, queue.length) }, work))
  const left = [...unsettled, ...scope.due.slice(deps.per_sweep)]
  await scope.moveOn(left)
  const [oldest = ''] = [...scope.due.map(({ next_at }) => next_at), instantOf(began)].sort()
  const backlog_seconds = (began.getTime() - Date.parse(oldest)) / 1000
  return { due: scope.due.length, backlog_seconds, opened, left: left.length, faults }
}
