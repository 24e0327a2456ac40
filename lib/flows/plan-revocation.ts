import { countsOf } from '../model/counts.ts'
import { fitsRolesAnywhere } from '../model/crl-push.ts'
import type { Random } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import type { Rules } from '../model/requirement.ts'
import { requirementFor } from '../model/requirement.ts'
import type { RevocationReason, SerialStatus } from '../model/revocation.ts'
import {
  lineOf,
  type Planned,
  planDigest,
  type RevocationPlan,
  type Selection,
  type Target,
  targetOf,
  targetsDigest,
} from '../model/revocation-plan.ts'
import { type Clock, instantOf } from '../model/time.ts'
import { entryOctetsOf } from '../pki/crl-entries.ts'
import { packRow } from '../pki/crl-rows.ts'
import { canonicalSerial } from '../pki/serial.ts'
import type { RevocationLists, RevocationPlans, SerialInventory } from '../ports/revocation.ts'
import type { Profiles } from '../ports/rules.ts'
import { affectedBy } from './carry-out.ts'
import { propose } from './propose.ts'
import type { Proposal } from './submit.ts'

export type PlanRevocationDeps = {
  readonly inventory: SerialInventory
  readonly plans: RevocationPlans
  readonly lists: Pick<RevocationLists, 'head'>
  readonly profiles: Pick<Profiles, 'rules'>
  readonly now: Clock
}

export type PlanRequest = {
  readonly selection: Selection | { readonly issuer_id: string; readonly serials: readonly string[] }
  readonly reason: RevocationReason
  readonly invalidity_date?: string | undefined
}

/** What a signature and its wrapping may add to what is signed of a list: an RSA key of 4096 bits has the longest. */
const signatureOctets = 600

/** How many targets and owners a plan shows; all of them are counted, and can be listed. */
const shownTargets = 100

/** Every serial in its one form; what is no serial, or was never issued, is refused with all the others like it. */
const named = async (deps: PlanRevocationDeps, issuer_id: string, serials: readonly string[]) => {
  const canonical = serials.map(canonicalSerial)
  const distinct = [...new Set(canonical.filter((serial) => serial !== null))]
  const found = new Map(
    (await deps.inventory.named(issuer_id, distinct)).flatMap((status) =>
      status === null ? [] : [[status.serial, status] as const],
    ),
  )
  const violations = canonical.flatMap((serial, index) => {
    const status = serial === null ? undefined : found.get(serial)
    if (status === undefined)
      return [{ pointer: `/selection/serials/${index}`, detail: `was never issued by ${issuer_id}` }]
    return status.profile_id === null
      ? [{ pointer: `/selection/serials/${index}`, detail: 'is the certificate of a CA' }]
      : []
  })
  if (violations.length > 0)
    throw new Refusal(
      'certificate_not_revocable',
      `${violations.length} of these serial numbers cannot be revoked`,
      violations,
    )
  return { selection: { issuer_id, serials: distinct.toSorted() }, statuses: [...found.values()] }
}

type Matched = {
  readonly selection: Selection
  readonly matched: readonly SerialStatus[]
  readonly already_revoked: number
  readonly expired: number
}

/** Certificates of CAs are left out: an issuer that ends is no revocation in bulk. */
const match = async (deps: PlanRevocationDeps, asked: PlanRequest['selection']): Promise<Matched> => {
  const now = instantOf(deps.now())
  const matched: SerialStatus[] = []
  let already_revoked = 0
  let expired = 0
  const sort = (status: SerialStatus): void => {
    if (status.not_after <= now) expired += 1
    else if (status.status === 'revoked' && status.reason !== 'certificateHold') already_revoked += 1
    else if (status.profile_id !== null) matched.push(status)
  }
  if ('serials' in asked) {
    const { selection, statuses } = await named(deps, asked.issuer_id, asked.serials)
    for (const status of statuses) sort(status)
    return { selection, matched, already_revoked, expired }
  }
  for await (const status of deps.inventory.unexpired(asked, now)) sort(status)
  return { selection: asked, matched, already_revoked, expired }
}

/** By the words, in their order: what is put on record must not hang on how many there are. */
const countBy = (statuses: readonly SerialStatus[], by: (status: SerialStatus) => string) =>
  countsOf(statuses.map(by)).toSorted(([a], [b]) => (a < b ? -1 : 1))

/** What becomes of each list: how many certificates it has, and how large it is, before and after. */
const listChanges = async (
  deps: PlanRevocationDeps,
  matched: readonly SerialStatus[],
  { reason, invalidity_date }: PlanRequest,
) => {
  const listed = matched.filter(({ short_lived }) => !short_lived)
  const now = instantOf(deps.now())
  const changes = countBy(listed, ({ issuer_id, crl_shard }) => `${issuer_id} ${crl_shard}`)
  const sizes = new Map<string, number>()
  for (const { issuer_id, crl_shard, serial } of listed) {
    const key = `${issuer_id} ${crl_shard}`
    const octets = entryOctetsOf(packRow({ serial, revoked_at: now, reason, invalidity_date }))
    sizes.set(key, (sizes.get(key) ?? 0) + octets)
  }
  return Promise.all(
    changes.map(async ([key, count]) => {
      const [issuer_id = '', shard = '0'] = key.split(' ')
      const head = await deps.lists.head(issuer_id, Number(shard))
      const octets_after = (head?.octets ?? 0) + (sizes.get(key) ?? 0)
      return {
        issuer_id,
        shard: Number(shard),
        entries_before: head?.entries ?? 0,
        entries_after: (head?.entries ?? 0) + count,
        octets_before: head?.octets ?? 0,
        octets_after,
        fits_roles_anywhere: fitsRolesAnywhere(octets_after + signatureOctets),
      }
    }),
  )
}

const lineOfStatus = (status: SerialStatus): string =>
  lineOf({
    issuer_id: status.issuer_id,
    serial: status.serial,
    certificate_id: status.certificate_id,
    number: status.certificate_version,
    shard: status.crl_shard,
  })

/**
 * What a revocation in bulk would do: which certificates, whose, and what
 * becomes of the lists. Nothing is revoked; the plan is put on record under
 * its digest, for a job to carry out exactly that.
 */
export const planRevocation = async (deps: PlanRevocationDeps, request: PlanRequest) => {
  const { selection, matched, already_revoked, expired } = await match(deps, request.selection)
  if (matched.length === 0)
    throw new Refusal('certificate_not_revocable', `nothing to revoke: ${already_revoked} revoked already`)
  const lines = matched.map(lineOfStatus).toSorted()
  const profiles = countBy(matched, ({ profile_id }) => profile_id ?? '')
  const rules = await affectedBy(
    deps.profiles,
    profiles.map(([id]) => ({ id })),
  )
  const current = (id: string) => rules.affected?.find((profile) => profile.id === id)
  const { reason, invalidity_date = null } = request
  const planned: Planned = {
    selection,
    reason,
    invalidity_date,
    matched: matched.length,
    targets_sha256: targetsDigest(lines),
    profiles: profiles.map(([id]) => ({ id, version: current(id)?.version ?? 1 })),
  }
  const plan: RevocationPlan = {
    digest: planDigest(planned),
    ...planned,
    created_at: instantOf(deps.now()),
  }
  await deps.plans.put(plan, lines)
  const owners = countsOf(matched.map(({ owner }) => owner))
  return {
    digest: plan.digest,
    matched: plan.matched,
    already_revoked,
    expired,
    profiles: profiles.map(([id, count]) => ({
      id,
      matched: count,
      requires_approval: current(id)?.document.requires_approval ?? true,
    })),
    owners: owners.slice(0, shownTargets).map(([owner, count]) => ({ owner, matched: count })),
    owners_in_all: owners.length,
    lists: await listChanges(deps, matched, request),
    first: lines.slice(0, shownTargets).map(targetOf),
  }
}

/** The next certificates of a plan, in its order. */
export const plannedTargets = async (
  { plans }: { readonly plans: Pick<RevocationPlans, 'lines'> },
  digest: string,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<{ readonly rows: readonly Target[]; readonly next: number | null }> => {
  const rows: Target[] = []
  let at = 0
  for await (const line of plans.lines(digest)) {
    if (at >= from + limit) return { rows, next: at }
    if (at >= from) rows.push(targetOf(line))
    at += 1
  }
  if (at === 0) throw new Refusal('not_found', `no plan ${digest}`)
  return { rows, next: null }
}

/** Carries a plan out: exactly what its digest names, approved where any of the profiles asks for that. */
export const requestBulkRevocation = async (
  deps: Pick<PlanRevocationDeps, 'plans' | 'profiles' | 'now'> & { readonly random: Random },
  requester: Principal,
  request: {
    readonly plan: string
    readonly note?: string | undefined
    readonly ticket?: string | undefined
  },
): Promise<Proposal> => {
  const plan = await deps.plans.get(request.plan)
  if (plan === null) throw new Refusal('not_found', `no plan ${request.plan}`)
  const { profiles, created_at: _, ...chosen } = plan
  if (planDigest(plan) !== plan.digest) throw new Refusal('conflict', 'the plan on record is not what it was')
  const content: JobContent = { type: 'Revocation', operation: 'bulk', chosen, profiles }
  const rules: Rules = await affectedBy(deps.profiles, profiles)
  return propose(deps.random, deps.now(), {
    content,
    requester,
    owner: requester.id,
    reason: request.note ?? null,
    ticket: request.ticket,
    requirement: requirementFor(content, rules),
  })
}
