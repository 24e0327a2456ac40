import { digestOf } from '../model/digest.ts'
import type { JobContent } from '../model/job.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { type Excuse, seeded } from '../model/renewal-batch.ts'
import { routesByTeam } from '../model/routing.ts'
import { readCsr } from '../pki/csr.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { RenewalFile, Renewals } from '../ports/renewals.ts'
import type { Issuers, Profiles } from '../ports/rules.ts'
import { type CsrSource, csrFor, demandNewKey } from './renewal-csr.ts'
import { planRequest } from './request-certificate.ts'
import { demandNoneOpen } from './request-renewal.ts'

export type BatchedRenewalDeps = {
  readonly renewals: Pick<Renewals, 'load'>
  readonly certificates: Pick<Certificates, 'load'>
  readonly jobs: Pick<Jobs, 'load'>
  readonly profiles: Pick<Profiles, 'current'>
  readonly issuers: Pick<Issuers, 'get'>
  readonly status_url: string
}

const once = <T>(read: (id: string) => Promise<T>): ((id: string) => Promise<T>) => {
  const known = new Map<string, Promise<T>>()
  return (id) => {
    const found = known.get(id) ?? read(id)
    known.set(id, found)
    return found
  }
}

/** Reads each profile and each issuer once for many certificates; whoever signs reads them again. */
export const remembering = <D extends BatchedRenewalDeps>(deps: D): D => ({
  ...deps,
  profiles: { ...deps.profiles, current: once(deps.profiles.current) },
  issuers: { ...deps.issuers, get: once(deps.issuers.get) },
})

type Renewal = Extract<JobContent, { type: 'Renewal' }>

/** A renewal that could be asked for now, or why there is none. */
export type Renewable =
  | {
      readonly renewal: Renewal
      readonly found: RenewalFile
      readonly source: CsrSource
      readonly profile: ProfileVersion
    }
  | { readonly excuse: Excuse; readonly detail: string }

const not = (excuse: Excuse, detail: string) => ({ excuse, detail })

/** What a rule says no to, as an excuse. Anything else that is thrown is a fault. */
const excused = async <T>(
  excuse: Excuse,
  work: () => Promise<T> | T,
): Promise<T | ReturnType<typeof not>> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal) return not(excuse, error.message)
    throw error
  }
}

const isExcuse = (thing: unknown): thing is ReturnType<typeof not> =>
  typeof thing === 'object' && thing !== null && 'excuse' in thing

/** Whether two requests are for the same subject and names: what is renewed with others says what it said before. */
const namesTheSame = (csr: string, before: string): boolean => {
  const [one, other] = [csr, before].map((text) => {
    const { subject, subject_alternative_names } = readCsr(Buffer.from(text, 'base64'))
    return digestOf({ subject, subject_alternative_names })
  })
  return one === other
}

const routes = ({ document }: ProfileVersion): boolean =>
  document.requires_approval && routesByTeam(document.approval_policy)

/**
 * The renewal of a certificate as a batch would have it: with the CSR that was
 * brought ahead, or the last one, for the names that it has, on behalf of
 * whoever brought the CSR. The same state of the same certificate always makes
 * the same renewal of the same seed, so that it can be made again and compared.
 */
export const batchedRenewal = async (
  deps: BatchedRenewalDeps,
  certificate_id: string,
  seed: string,
): Promise<Renewable> => {
  const found = await deps.renewals.load(certificate_id)
  if (found === null) return not('not_found', `no certificate ${certificate_id}`)
  const { certificate, newest } = found
  if (newest === null || certificate.status !== 'Active')
    return not('not_active', `the certificate is ${certificate.status}`)
  const profile = await deps.profiles.current(certificate.profile_id)
  if (profile?.status !== 'active')
    return not('profile_not_in_force', `profile ${certificate.profile_id} is not in force`)
  const issuer = await deps.issuers.get(profile.issuer.id)
  if (issuer?.status !== 'active') return not('issuer_inactive', `issuer ${profile.issuer.id} does not issue`)
  if (routes(profile) && certificate.team === null)
    return not('no_team', `profile ${profile.id} routes by team, and the certificate belongs to none`)
  const open = await excused('renewal_open', () => demandNoneOpen(deps, found))
  if (isExcuse(open)) return open
  const source = await csrFor(deps.jobs, found, profile.document)
  if (source === null) return not('needs_csr', 'the profile requires a new key, and nobody has brought a CSR')
  if (source.by === null)
    return not('csr_of_nobody', 'it is not on record who brought its CSR: renew it by itself')
  const random = seeded(seed, certificate_id)
  const planned = await excused('not_allowed', () =>
    planRequest({ ...deps, random }, profile, source.csr, undefined),
  )
  if (isExcuse(planned)) return planned
  const { requires: _, ...request } = planned
  const { spki_sha256 } = request.plan.public_key
  const had = await excused('key_used_before', () =>
    demandNewKey(deps.certificates, { certificate_id, spki_sha256 }, profile.document),
  )
  if (isExcuse(had)) return had
  if (source.ahead && !namesTheSame(request.csr, newest.csr))
    return not('other_names', 'the CSR that was brought ahead is for other names: renew it by itself')
  const renewal: Renewal = {
    type: 'Renewal',
    certificate_id,
    team: certificate.team,
    replaces: newest.number,
    ...request,
    on_behalf_of: source.by,
  }
  return { renewal, found, source, profile }
}
