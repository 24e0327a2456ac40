import { type Grant, standingOf } from '../model/grant.ts'
import { jobOfGrant } from '../model/ids.ts'
import { Refusal } from '../model/refusal.ts'
import { type Clock, instantOf } from '../model/time.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Grants } from '../ports/grants.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Profiles } from '../ports/rules.ts'
import { lastPlaceOf } from './place-renewal.ts'

export type ShowGrantDeps = {
  readonly certificates: Pick<Certificates, 'get'>
  readonly grants: Grants
  readonly jobs: Pick<Jobs, 'load'>
  readonly profiles: Pick<Profiles, 'current'>
  readonly now: Clock
}

const shown = async (deps: ShowGrantDeps, grant: Grant, compromised_at: string | null) => {
  const [current, { last, given_back }] = await Promise.all([
    deps.profiles.current(grant.profile_id),
    lastPlaceOf(deps, grant.id),
  ])
  const standing = standingOf(grant, { current, compromised_at, now: instantOf(deps.now()) })
  const used = (last?.number ?? 0) - (given_back ? 1 : 0)
  const exhausted = standing.state === 'active' && used >= grant.issuances
  return {
    grant,
    standing: exhausted
      ? ({ state: 'exhausted', detail: `its ${grant.issuances} renewals are used up` } as const)
      : standing,
    used,
    last_used_by: last?.job_id ?? null,
  }
}

/** The standing grants of a certificate, oldest first, from after one of them. Refuses (`not_found`) an unknown certificate. */
export const grantsOf = async (
  deps: ShowGrantDeps,
  certificate_id: string,
  { limit, after }: { readonly limit: number; readonly after: string | null },
) => {
  if ((await deps.certificates.get(certificate_id)) === null)
    throw new Refusal('not_found', `no certificate ${certificate_id}`)
  const { grants, compromised_at } = await deps.grants.of(certificate_id)
  const rest = grants.slice(grants.findIndex(({ id }) => id === after) + 1)
  const rows = await Promise.all(rest.slice(0, limit).map((grant) => shown(deps, grant, compromised_at)))
  return { rows, next: rest.length > limit ? (rows.at(-1)?.grant.id ?? null) : null }
}

/** One grant. Refuses (`not_found`) what nobody has granted. */
export const grantOf = async (deps: ShowGrantDeps, id: string) => {
  const file = await deps.jobs.load(jobOfGrant(id))
  const certificate_id =
    file !== null && 'content' in file && file.content.type === 'GrantChange'
      ? file.content.certificate_id
      : null
  if (certificate_id === null) throw new Refusal('not_found', `no grant ${id}`)
  const { grants, compromised_at } = await deps.grants.of(certificate_id)
  const grant = grants.find((one) => one.id === id)
  if (grant === undefined) throw new Refusal('not_found', `no grant ${id}`)
  return shown(deps, grant, compromised_at)
}
