import type { Certificate } from '../model/certificate.ts'
import { type Draft, step, type Write } from '../model/change.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import type { RevocationReason } from '../model/revocation.ts'
import { type Target, targetOf, targetsDigest } from '../model/revocation-plan.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Revocable, Revocables, RevocationPlans } from '../ports/revocation.ts'
import type { Issuers } from '../ports/rules.ts'
import { failJob, type Result } from './carry-out.ts'

export type RevokeDeps = {
  readonly jobs: Pick<Jobs, 'load' | 'commit'>
  readonly issuers: Pick<Issuers, 'get'>
  readonly revocables: Revocables
  readonly plans: Pick<RevocationPlans, 'lines'>
  readonly now: Clock
  readonly worker: string
}

export type Revocation = Extract<JobContent, { type: 'Revocation' }>

/** A transaction has at most 100 items: the job, its event, and four for each certificate, or five where keys are compromised. */
const together = (reason: RevocationReason): number => (reason === 'keyCompromise' ? 19 : 24)

/** How long one run of the worker goes on before it leaves the rest to the next, in seconds. */
const runSeconds = 10

/** How often a step is tried against others who change the same records. */
const rounds = 8

/** The certificates that a revocation is about. Refuses (`plan_mismatch`) where they are not those that were planned. */
export const targetsOf = async (
  { plans }: Pick<RevokeDeps, 'plans'>,
  content: Revocation,
): Promise<readonly Target[]> => {
  if (content.operation !== 'bulk')
    return content.versions.map((version) => ({ ...version, certificate_id: content.certificate_id }))
  const { digest, targets_sha256, matched } = content.chosen
  const lines: string[] = []
  for await (const line of plans.lines(digest)) lines.push(line)
  if (lines.length !== matched || targetsDigest(lines) !== targets_sha256)
    throw new Refusal('plan_mismatch', 'the certificates on record are not those that were planned')
  return lines.map(targetOf)
}

const reasonOf = (content: Revocation): RevocationReason =>
  content.operation === 'bulk' ? content.chosen.reason : content.reason

/** What becomes of a certificate: when and why it was revoked, or null where it is good again. */
type Outcome = { readonly revoked_at: string; readonly reason: RevocationReason } | null

/**
 * What is to be done about one certificate; undefined where it is done. What
 * was revoked stays so, at the time and for the reason it was; only a hold can
 * be released, or become final, from the time it began.
 */
const outcomeFor = (
  content: Revocation,
  { serial }: Revocable,
  now: string,
): { readonly outcome: Outcome } | undefined => {
  const held = serial.status === 'revoked' && serial.reason === 'certificateHold'
  if (content.operation === 'release') return held ? { outcome: null } : undefined
  const reason = reasonOf(content)
  if (serial.status === 'good') return { outcome: { revoked_at: now, reason } }
  return held && reason !== 'certificateHold'
    ? { outcome: { revoked_at: serial.revoked_at ?? now, reason } }
    : undefined
}

const writesFor = (
  content: Revocation,
  { version, serial }: Revocable,
  outcome: Outcome,
  recorded_at: string,
): readonly Write[] => {
  const { issuer_id, not_after } = serial
  const invalidity_date =
    content.operation === 'bulk' ? content.chosen.invalidity_date : content.invalidity_date
  const revoked_at = outcome?.revoked_at ?? null
  const reason = outcome?.reason ?? null
  const entry = {
    issuer_id,
    shard: serial.crl_shard,
    serial: serial.serial,
    recorded_at,
    revoked_at: revoked_at ?? recorded_at,
    reason: reason ?? 'removeFromCRL',
    invalidity_date: outcome === null ? null : invalidity_date,
    not_after,
  } as const
  const { certificate_id } = version
  const compromise = { certificate_id, issuer_id, serial: serial.serial, recorded_at }
  return [
    // Nobody renews without a person what may be in the hands of somebody else.
    ...(reason === 'keyCompromise' ? [{ write: 'compromise', compromise } as const] : []),
    {
      write: 'revoked_certificate_version',
      version: { ...version, revoked_at, revocation_reason: reason },
      before: version.revoked_at,
    },
    {
      write: 'next_serial',
      serial: {
        ...serial,
        version: serial.version + 1,
        status: outcome === null ? 'good' : 'revoked',
        revoked_at,
        reason,
      },
    },
    // Relying parties of a short-lived certificate were told at issuance never to ask (RFC 9608).
    ...(serial.short_lived ? [] : [{ write: 'revocation_entry', entry } as const]),
  ]
}

/** A certificate is what its newest version is. */
const headsFor = (changed: readonly (Revocable & { readonly outcome: Outcome })[]): readonly Write[] => {
  const heads = new Map<string, Certificate>()
  for (const { certificate, version, outcome } of changed) {
    const status = outcome === null ? 'Active' : 'Revoked'
    if (version.number === certificate.current_version && certificate.status !== status)
      heads.set(certificate.id, { ...certificate, version: certificate.version + 1, status })
  }
  return [...heads.values()].map((certificate) => ({ write: 'next_certificate', certificate }))
}

/** The lists that these certificates are on, for those who publish them. */
const listsOf = (targets: readonly Target[]) => {
  const lists = new Map<string, Set<number>>()
  for (const { issuer_id, shard } of targets) {
    const shards = lists.get(issuer_id) ?? new Set()
    lists.set(issuer_id, shards.add(shard))
  }
  return [...lists].map(([issuer_id, shards]) => ({
    issuer_id,
    shards: [...shards].toSorted((a, b) => a - b),
  }))
}

/** The issuers of these certificates that revoke by themselves too, by their ids: those of AWS Private CA. */
export const authoritiesOf = async (
  { issuers }: Pick<RevokeDeps, 'issuers'>,
  targets: readonly Target[],
): Promise<ReadonlyMap<string, Issuer>> => {
  const found = new Map<string, Issuer>()
  for (const id of new Set(targets.map(({ issuer_id }) => issuer_id))) {
    const issuer = await issuers.get(id)
    if (issuer === null) throw new Error(`there is no issuer ${id}`)
    if (issuer.type === 'acm-pca') found.set(id, issuer)
  }
  return found
}

type Run = {
  readonly content: Revocation
  readonly targets: readonly Target[]
  /** Whether an authority outside must be told when all is done here. */
  readonly tells: boolean
  readonly stop_at: Date
}

/** The next step of a run, as a change: at most two dozen certificates, and how far the job has come with them. */
const nextStep = async (deps: RevokeDeps, file: JobFile, { content, targets, tells, stop_at }: Run) => {
  const now = deps.now()
  const from = file.job.progress ?? { matched: targets.length, done: 0, changed: 0 }
  const batch = targets.slice(from.done, from.done + together(reasonOf(content)))
  const changed = (await deps.revocables.load(batch)).flatMap((found) => {
    const due = outcomeFor(content, found, instantOf(now))
    return due === undefined ? [] : [{ ...found, outcome: due.outcome }]
  })
  const progress = { ...from, done: from.done + batch.length, changed: from.changed + changed.length }
  const over = progress.done === targets.length
  const pausing = !over && now >= stop_at
  const draft: Draft = {
    type: content.operation === 'release' ? 'certificate_released' : 'certificate_revoked',
    actor: { id: deps.worker, type: 'System' },
    details: {
      reason: reasonOf(content),
      serials: changed.map(({ serial }) => serial.serial),
      certificates: [...new Set(changed.map(({ certificate }) => certificate.id))],
      requested_by: file.job.requested_by,
      progress,
      // Lists are made once for a run, not once for every step of it.
      lists: over || pausing ? listsOf(targets.slice(0, progress.done)) : [],
      continues: pausing || (over && tells),
    },
  }
  const writes = [
    ...headsFor(changed),
    ...changed.flatMap((found) => writesFor(content, found, found.outcome, instantOf(now))),
  ]
  const moved = over && !tells ? ({ status: 'Completed', attempts: 1, progress } as const) : { progress }
  // What is left is in the hands of another privilege; until it is done, the job is not over.
  const handed = over && tells ? ({ ...moved, queue: 'acm-pca' } as const) : moved
  return { change: step(file, handed, [draft], now, writes), over, pausing }
}

/** One step, committed; again where somebody else changed one of its records meanwhile. */
const advance = async (deps: RevokeDeps, file: JobFile, run: Run) => {
  for (let round = 0; round < rounds; round += 1) {
    const { change, over, pausing } = await nextStep(deps, file, run)
    const stored = await deps.jobs.commit(change)
    if (stored === 'committed') {
      const after = { ...file, job: change.job ?? file.job, events: change.events }
      return { after, ended: over || pausing }
    }
    if (stored.conflict === 'job' || stored.conflict === 'event') return null
  }
  throw new Error(`the certificates of ${file.job.id} are too contended`)
}

/**
 * Revokes, holds or releases what a job is about, in steps that each fit a
 * transaction. The job stays `Pending` until it is through and says how far
 * it has come: whoever takes it up next goes on from there, and nothing is
 * done twice. What matched is what is revoked in the end. Where AWS Private CA
 * issued any of it, the job then goes to the worker that may tell it.
 */
export const carryOutRevocation = async (
  deps: RevokeDeps,
  file: JobFile,
  content: Revocation,
): Promise<Result> => {
  try {
    const targets = await targetsOf(deps, content)
    const tells = (await authoritiesOf(deps, targets)).size > 0
    if (tells && reasonOf(content) === 'certificateHold')
      return failJob(deps, file, 'AWS Private CA knows no hold: what it revokes stays revoked')
    const run = { content, targets, tells, stop_at: later(deps.now(), runSeconds) }
    for (let at = file; ; ) {
      const stepped = await advance(deps, at, run)
      if (stepped === null) return 'in_other_hands'
      if (stepped.ended) return 'done'
      at = stepped.after
    }
  } catch (error) {
    if (error instanceof Refusal && error.code === 'plan_mismatch') return failJob(deps, file, error.message)
    throw error
  }
}
