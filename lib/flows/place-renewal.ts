import type { Write } from '../model/change.ts'
import { boundsComplaints, type Grant, type GrantPlace, nextPlace, standingOf } from '../model/grant.ts'
import { broughtBy, isTerminal, type Job, type JobContent } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Grants } from '../ports/grants.ts'
import type { Jobs } from '../ports/jobs.ts'

export type PlaceDeps = {
  readonly grants: Grants
  readonly jobs: Pick<Jobs, 'load'>
  readonly now: Clock
}

/** A renewal that would take an approval, and who asks for it. */
type Asked = {
  readonly job_id: string
  readonly renewal: Extract<JobContent, { type: 'Renewal' }>
  readonly requester: Principal
  readonly current: ProfileVersion
}

/** A place under a grant and what takes it, or why there is none. */
export type Placed =
  | { readonly place: GrantPlace; readonly writes: readonly Write[] }
  | { readonly place: null; readonly outside: Job['outside_grants'] }

/**
 * The newest place of a grant that was given away, and whether it came to
 * nothing: its job is over and never had on record what would be signed. What
 * is over stays over, so such a place can be given away once more.
 */
export const lastPlaceOf = async (deps: Pick<PlaceDeps, 'grants' | 'jobs'>, id: string) => {
  const last = await deps.grants.lastUse(id)
  if (last === null) return { last, given_back: false }
  const file = await deps.jobs.load(last.job_id)
  if (file === null || 'unreadable' in file) return { last, given_back: false }
  const { job, events, issuance } = file
  const planned = issuance !== null || events.some(({ type }) => type === 'issuance_planned')
  return { last, given_back: isTerminal(job.status) && job.status !== 'Completed' && !planned }
}

const objection = (grant: Grant, { renewal, requester }: Asked): string | null => {
  if (grant.approved_by.includes(requester.id)) return 'whoever asks is one of those who approved it'
  if (grant.approved_by.includes(broughtBy(renewal) ?? ''))
    return 'whoever brought the CSR is one of those who approved it'
  const complaints = [...boundsComplaints(grant, renewal)]
  return complaints.length === 0 ? null : complaints.join('; ')
}

type Around = { readonly compromised_at: string | null; readonly now: string }

const placeUnder = async (deps: PlaceDeps, grant: Grant, asked: Asked, around: Around) => {
  const { detail } = standingOf(grant, { ...around, current: asked.current })
  if (detail !== null) return { detail }
  const objected = objection(grant, asked)
  if (objected !== null) return { detail: objected }
  const { last, given_back } = await lastPlaceOf(deps, grant.id)
  const place = nextPlace(grant, last, { now: around.now, given_back })
  if ('detail' in place) return place
  const use = { ...place, version: (last?.version ?? 0) + 1, job_id: asked.job_id }
  const writes: readonly Write[] = [
    { write: 'grant_use', use },
    { write: 'require_grant', id: grant.id, certificate_id: grant.certificate_id },
  ]
  return { place, writes }
}

/** How many grants are said why they do not fit. */
const most = 3

/**
 * The place that a renewal takes under a standing grant of its certificate, the
 * newest first. Whoever takes the last place at the same moment makes its write
 * miss. The signer holds the renewal against the grant again.
 */
export const placeRenewal = async (deps: PlaceDeps, asked: Asked): Promise<Placed> => {
  const { grants, compromised_at } = await deps.grants.of(asked.renewal.certificate_id)
  const around = { compromised_at, now: instantOf(deps.now()) }
  const outside: { id: string; detail: string }[] = []
  for (const grant of grants.toReversed()) {
    const found = await placeUnder(deps, grant, asked, around)
    if ('place' in found) return found
    if (outside.length < most) outside.push({ id: grant.id, detail: found.detail.slice(0, 2000) })
  }
  return { place: null, outside }
}
