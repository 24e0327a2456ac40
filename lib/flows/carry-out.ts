import type { Bypass } from '../model/bypass.ts'
import { step } from '../model/change.ts'
import { refuseMandate } from '../model/close.ts'
import { append } from '../model/event.ts'
import { batchPlaceOf, type Evidence, type Mandate, mandateFor, placeOf } from '../model/gate.ts'
import { jobOfGrant } from '../model/ids.ts'
import { isTerminal, type JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import type { Rules } from '../model/requirement.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Grants } from '../ports/grants.ts'
import type { Jobs, UnreadableJob } from '../ports/jobs.ts'
import type { ReceiptKeys } from '../ports/keys.ts'
import type { Founders } from '../ports/principals.ts'
import type { Profiles } from '../ports/rules.ts'
import { receiptVerifier } from './receipts.ts'
import { vouchersOf } from './vouchers.ts'

export type CarryOutDeps = {
  readonly jobs: Pick<Jobs, 'load' | 'commit'>
  readonly profiles: Pick<Profiles, 'rules' | 'newest'>
  readonly grants: Pick<Grants, 'of'>
  readonly founders: Founders
  /** Null where people decide, as they do in production. */
  readonly bypass: Bypass | null
  readonly now: Clock
  readonly receiptKeys: () => Promise<ReceiptKeys>
  /** Which deployment this is: receipts of another are worth nothing. */
  readonly environment: string
  /** The function that carries out, as an actor. */
  readonly worker: string
}

export type Result = 'done' | 'refused' | 'nothing_to_do' | 'in_other_hands'

const profileOf = ({ content }: JobFile): { id: string | null; version: number | null } => {
  switch (content.type) {
    case 'Issuance':
    case 'Renewal':
    case 'GrantChange':
      return { id: content.profile_id, version: content.profile_version }
    case 'ProfileChange':
      return { id: content.profile_id, version: null }
    case 'RenewalBatch':
    case 'Revocation':
    case 'IssuerChange':
    case 'PrincipalChange':
    case 'Rebinding':
      return { id: null, version: null }
  }
}

/** The jobs that made these versions of a profile; one that is missing or unreadable is left out. */
const makersOf = async (deps: Pick<CarryOutDeps, 'jobs'>, rules: Rules): Promise<readonly JobFile[]> => {
  const ids = [rules.pinned, rules.current, ...(rules.affected ?? [])].flatMap((profile) =>
    profile === null ? [] : [profile.job_id],
  )
  const files = await Promise.all([...new Set(ids)].map((id) => deps.jobs.load(id)))
  return files.flatMap((file) => (file === null || 'unreadable' in file ? [] : [file]))
}

/** The profiles in force that a revocation bears on; one that is not there is left out, and refused by the gate. */
export const affectedBy = async (
  profiles: Pick<Profiles, 'rules'>,
  affected: readonly { readonly id: string }[],
): Promise<Rules> => {
  const found = await Promise.all(affected.map(({ id }) => profiles.rules(id, null)))
  return {
    pinned: null,
    current: null,
    affected: found.flatMap(({ current }) => (current === null ? [] : [current])),
  }
}

const newestOf = async (
  deps: CarryOutDeps,
  { current, affected = [] }: Rules,
): Promise<Evidence['newest']> => {
  const ids = [...new Set([current, ...affected].flatMap((profile) => profile?.id ?? []))]
  const found = await Promise.all(ids.map(async (id) => [id, await deps.profiles.newest(id)] as const))
  return new Map(found.flatMap(([id, number]) => (number === null ? [] : [[id, number] as const])))
}

const rulesFor = async (deps: CarryOutDeps, file: JobFile): Promise<Rules> => {
  if (file.content.type === 'Revocation' || file.content.type === 'RenewalBatch')
    return affectedBy(deps.profiles, file.content.profiles)
  if (file.content.type === 'Rebinding') {
    const { from, to } = file.content
    return affectedBy(deps.profiles, [{ id: from.profile_id }, { id: to.profile_id }])
  }
  const { id, version } = profileOf(file)
  return id === null ? { pinned: null, current: null } : deps.profiles.rules(id, version)
}

/** The standing grant that a renewal takes a place of: the job that gave it, and what became of it. */
const grantOf = async (
  deps: CarryOutDeps,
  file: JobFile,
): Promise<Pick<Evidence, 'granted_by' | 'grant' | 'compromised_at'>> => {
  const place = placeOf(file)
  if (place === null || file.content.type !== 'Renewal') return {}
  const [by, { grants, compromised_at }] = await Promise.all([
    deps.jobs.load(jobOfGrant(place.id)),
    deps.grants.of(file.content.certificate_id),
  ])
  const granted_by = by === null || 'unreadable' in by ? null : by
  return { granted_by, grant: grants.find(({ id }) => id === place.id) ?? null, compromised_at }
}

/** The batch that a renewal is a line of, and the rules that it was approved under; what is missing is refused by the gate. */
const batchFor = async (
  deps: CarryOutDeps,
  file: JobFile,
): Promise<Pick<Evidence, 'batched_by' | 'batch_profiles'>> => {
  const place = batchPlaceOf(file)
  if (place === null) return {}
  const by = await deps.jobs.load(place.job_id)
  if (by === null || 'unreadable' in by || by.content.type !== 'RenewalBatch') return { batched_by: null }
  const { profiles } = by.content
  const rules = await Promise.all(profiles.map(({ id, version }) => deps.profiles.rules(id, version)))
  return { batched_by: by, batch_profiles: rules.flatMap(({ pinned }) => pinned ?? []) }
}

const evidenceFor = async (deps: CarryOutDeps, file: JobFile, now: Date): Promise<Evidence> => {
  const [rules, batched] = await Promise.all([rulesFor(deps, file), batchFor(deps, file)])
  const verify = receiptVerifier(await deps.receiptKeys(), deps.environment)
  const [makers, granted, newest] = await Promise.all([
    makersOf(deps, { ...rules, affected: [...(rules.affected ?? []), ...(batched.batch_profiles ?? [])] }),
    grantOf(deps, file),
    newestOf(deps, rules),
  ])
  const stands = [granted.granted_by, batched.batched_by].flatMap((one) => one ?? [])
  const vouched = await vouchersOf(deps, [file, ...makers, ...stands], verify)
  return { rules, ...vouched, newest, verify, bypass: deps.bypass, now, ...granted, ...batched }
}

/** Ends a job that can never be done, and says why. */
export const failJob = async (
  deps: Pick<CarryOutDeps, 'jobs' | 'now' | 'worker'>,
  file: JobFile,
  reason: string,
): Promise<Result> => {
  const actor = { id: deps.worker, type: 'System' } as const
  const draft = { type: 'job_failed', actor, details: { reason } } as const
  const change = step(file, { status: 'Failed', error_message: reason.slice(0, 2000) }, [draft], deps.now())
  return (await deps.jobs.commit(change)) === 'committed' ? 'done' : 'in_other_hands'
}

const recordUnreadable = async (deps: CarryOutDeps, id: string, found: UnreadableJob): Promise<Result> => {
  const draft = {
    type: 'signing_refused',
    actor: { id: deps.worker, type: 'System' },
    resource: id,
    job: null,
    details: { reason: `the job cannot be read: ${found.unreadable}`.slice(0, 2000) },
  } as const
  const [event] = append(id, found.events, [draft], deps.now())
  if (event !== undefined) await deps.jobs.commit({ job: null, events: [event], writes: [] })
  return 'refused'
}

const recordRefusal = async (deps: CarryOutDeps, file: JobFile, refusal: Refusal): Promise<Result> => {
  const change = refuseMandate(file, deps.worker, refusal.message, deps.now())
  return (await deps.jobs.commit(change)) === 'committed' ? 'refused' : 'in_other_hands'
}

/**
 * What every worker does with a job: read all of it, earn a mandate from what
 * is stored, and only then act. A job without one is put on record
 * (`signing_refused`) and goes no further; one that is over, or in the hands
 * of a living worker, is left alone.
 */
export const carryOut = async (
  deps: CarryOutDeps,
  job_id: string,
  act: (mandate: Mandate, rules: Rules) => Promise<Result>,
): Promise<Result> => {
  const file = await deps.jobs.load(job_id)
  if (file === null) return 'nothing_to_do'
  if ('unreadable' in file) return recordUnreadable(deps, job_id, file)
  const { status, lease } = file.job
  if (isTerminal(status)) return 'nothing_to_do'
  const now = deps.now()
  if (lease !== null && lease.until > instantOf(now)) return 'in_other_hands'
  try {
    const evidence = await evidenceFor(deps, file, now)
    return await act(mandateFor(file, evidence), evidence.rules)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'mandate_refused') return recordRefusal(deps, file, error)
    throw error
  }
}
