import { countsOf } from '../model/counts.ts'
import { digestOf } from '../model/digest.ts'
import type { Random } from '../model/ids.ts'
import { contentDigest } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import {
  type BatchContent,
  type BatchLine,
  batchOf,
  type Excuse,
  lineOf,
  mostLines,
  mostOctets,
  mostProfiles,
  type PlannedBatch,
  type RenewalSelection,
} from '../model/renewal-batch.ts'
import { type Requirement, requirementFor } from '../model/requirement.ts'
import { type Clock, instantOf, later } from '../model/time.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { RenewalPlans } from '../ports/renewals.ts'
import type { Profiles } from '../ports/rules.ts'
import { type BatchedRenewalDeps, batchedRenewal, remembering } from './batched-renewal.ts'
import { affectedBy } from './carry-out.ts'
import { type Chosen, chooseCertificates } from './choose-certificates.ts'
import { inTurns } from './in-turns.ts'

export type PlanRenewalsDeps = BatchedRenewalDeps & {
  readonly certificates: Pick<Certificates, 'get' | 'load' | 'list'>
  readonly profiles: Pick<Profiles, 'current' | 'rules'>
  readonly renewalPlans: RenewalPlans
  readonly now: Clock
  readonly random: Random
}

/** How many of each a plan shows; all are counted, and every line can be listed. */
const shown = 100

/** How long a plan can be asked for, in seconds. */
const validSeconds = 7 * 86_400

type Excluded = { readonly certificate_id: string; readonly reason: Excuse; readonly detail: string }
type Made = { readonly line: BatchLine; readonly profile_version: number; readonly ahead: boolean }

/** What is renewed of what was chosen, and what is not. */
const sorted = async (deps: PlanRenewalsDeps, chosen: readonly Chosen[], seed: string) => {
  const excluded: Excluded[] = []
  const made: Made[] = []
  const active = chosen.filter(({ certificate }) => certificate?.status === 'Active')
  for (const { id, certificate } of chosen)
    if (certificate === null)
      excluded.push({ certificate_id: id, reason: 'not_found', detail: `no certificate ${id}` })
    else if (certificate.status !== 'Active')
      excluded.push({
        certificate_id: id,
        reason: 'not_active',
        detail: `the certificate is ${certificate.status}`,
      })
  if (active.length > mostLines)
    throw new Refusal(
      'invalid_body',
      `${active.length} certificates match, and a batch renews ${mostLines} at most`,
      [{ pointer: '/selection', detail: 'say more of which, by expires_before for one' }],
    )
  const reading = remembering(deps)
  await inTurns(active, async ({ id }) => {
    const result = await batchedRenewal(reading, id, seed)
    if ('excuse' in result)
      excluded.push({ certificate_id: id, reason: result.excuse, detail: result.detail.slice(0, 500) })
    else
      made.push({
        line: lineOf(result.renewal, result.found.certificate.owner),
        profile_version: result.renewal.profile_version,
        ahead: result.source.ahead,
      })
  })
  return { made, excluded: excluded.toSorted((a, b) => (a.certificate_id < b.certificate_id ? -1 : 1)) }
}

/** What a batch needs, or why it cannot be one: a refusal of the gate, in the words of a request. */
export const requirementOf = async (
  deps: Pick<PlanRenewalsDeps, 'profiles'>,
  batch: BatchContent,
): Promise<Requirement | null> => {
  const rules = await affectedBy(deps.profiles, batch.profiles)
  for (const { id, version } of batch.profiles)
    if (!rules.affected?.some((one) => one.id === id && one.version === version && one.status === 'active'))
      throw new Refusal('version_conflict', `profile ${id} was changed since this was planned: plan it again`)
  try {
    return requirementFor(batch, rules)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'mandate_refused') throw error
    throw new Refusal('profile_violation', `these are not renewed under one approval: ${error.message}`, [
      { pointer: '/selection', detail: error.message },
    ])
  }
}

const demandSize = (batch: BatchContent): void => {
  const length = Buffer.byteLength(JSON.stringify(batch))
  if (batch.profiles.length > mostProfiles || length > mostOctets)
    throw new Refusal(
      'invalid_body',
      `these are too many for one batch: ${batch.profiles.length} profiles (${mostProfiles} at most), ${length} octets (${mostOctets} at most)`,
      [{ pointer: '/selection', detail: 'say more of which' }],
    )
}

/**
 * What a renewal in bulk would do: which certificates, whose, with which keys,
 * and why it leaves out others. Nothing is asked for yet; what would be is put
 * on record under its digest, for a job to do exactly that.
 */
export const planRenewals = async (deps: PlanRenewalsDeps, selection: RenewalSelection) => {
  const chosen = await chooseCertificates(deps, selection)
  const seed = digestOf({ seed: Buffer.from(deps.random(32)).toString('hex') })
  const { made, excluded } = await sorted(deps, chosen, seed)
  const counts = {
    matched: chosen.length,
    renewable: made.length,
    not_renewable: excluded.length,
    reasons: countsOf(excluded.map(({ reason }) => reason)).map(([reason, matched]) => ({ reason, matched })),
    excluded: excluded.slice(0, shown),
  }
  if (made.length === 0)
    return {
      digest: null,
      ...counts,
      requires_approval: false,
      quorum: 0,
      profiles: [],
      owners: [],
      first: [],
    }
  const versions = new Map(made.map(({ line, profile_version }) => [line.profile_id, profile_version]))
  const profiles = [...versions].map(([id, version]) => ({ id, version }))
  const lines = made.map(({ line }) => line)
  const batch = batchOf(lines, { selection, seed, profiles })
  demandSize(batch)
  const requirement = await requirementOf(deps, batch)
  const digest = contentDigest(batch)
  await deps.renewalPlans.put(digest, { batch, valid_until: instantOf(later(deps.now(), validSeconds)) })
  const ahead = new Set(made.flatMap((one) => (one.ahead ? [one.line.certificate_id] : [])))
  return {
    digest,
    ...counts,
    requires_approval: requirement !== null,
    quorum: requirement?.policy.quorum ?? 0,
    profiles: countsOf(lines.map(({ profile_id }) => profile_id)).map(([id, matched]) => ({
      id,
      version: versions.get(id) ?? 0,
      matched,
    })),
    owners: countsOf(lines.map(({ owner }) => owner))
      .slice(0, shown)
      .map(([owner, matched]) => ({ owner, matched })),
    first: batch.lines.slice(0, shown).map((line) => ({
      ...line,
      csr_from: ahead.has(line.certificate_id) ? ('next-csr' as const) : ('reuse' as const),
    })),
  }
}

/** A batch that was planned, whole. Refuses (`not_found`) what never was, or was long ago. */
export const plannedBatch = async (
  { renewalPlans }: { readonly renewalPlans: Pick<RenewalPlans, 'get'> },
  digest: string,
): Promise<PlannedBatch> => {
  const planned = await renewalPlans.get(digest)
  if (planned === null) throw new Refusal('not_found', `no plan ${digest}`)
  if (contentDigest(planned.batch) !== digest)
    throw new Refusal('conflict', 'the plan on record is not what it was')
  return planned
}
