import type { Write } from '../model/change.ts'
import { newSuffix } from '../model/ids.ts'
import { isTerminal, type JobContent } from '../model/job.ts'
import { openJob } from '../model/open-job.ts'
import type { Principal } from '../model/principal.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { openedRow } from '../model/renewal.ts'
import { type Requirement, requirementFor } from '../model/requirement.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { RenewalFile, Renewals } from '../ports/renewals.ts'
import { type PlaceDeps, placeRenewal } from './place-renewal.ts'
import { type CsrSource, csrFor, demandNewKey } from './renewal-csr.ts'
import { type PlanDeps, planRequest, profileInForce } from './request-certificate.ts'
import { demandApprovers, teamFor } from './route-by-team.ts'
import type { Proposal } from './submit.ts'

export type RenewalRequest = {
  readonly certificate_id: string
  readonly csr?: string | undefined
  /** Where the certificate belongs to none yet: one that the requester is in. */
  readonly team?: string | undefined
  readonly reason?: string | undefined
  readonly ticket?: string | undefined
  /** What the schedule asks for: on behalf of whoever brought the CSR, and only while the row is this one. */
  readonly scheduled?: { readonly row_version: number; readonly escalated: boolean } | undefined
}

type Renewal = Extract<JobContent, { type: 'Renewal' }>

export type RenewalDeps = PlanDeps &
  PlaceDeps & {
    readonly certificates: Pick<Certificates, 'load'>
    readonly renewals: Pick<Renewals, 'load'>
    readonly jobs: Pick<Jobs, 'load'>
  }

/** Refuses (`conflict`) a second renewal: a certificate has one that is open, or none. */
export const demandNoneOpen = async (
  { jobs }: Pick<RenewalDeps, 'jobs'>,
  { renewal }: RenewalFile,
  scheduled?: RenewalRequest['scheduled'],
): Promise<void> => {
  if (renewal === null) return
  if (scheduled !== undefined && scheduled.row_version !== renewal.version)
    throw new Refusal('conflict', 'the renewal moved on meanwhile')
  if (renewal.state !== 'open' || renewal.job_id === null) return
  const file = await jobs.load(renewal.job_id)
  if (file !== null && !('unreadable' in file) && !isTerminal(file.job.status))
    throw new Refusal(
      'conflict',
      `renewal ${renewal.job_id} is ${file.job.status}: wait for it, or cancel it`,
    )
}

/** What is stored with the job: the row says that it is open, and a CSR brought ahead is used up. */
export const opened = (
  { renewal, next_csr }: RenewalFile,
  { ahead }: CsrSource,
  opening: Parameters<typeof openedRow>[1],
): readonly Write[] => [
  ...(renewal === null ? [] : [{ write: 'next_renewal', renewal: openedRow(renewal, opening) } as const]),
  ...(ahead && next_csr !== null
    ? [
        {
          write: 'next_csr',
          csr: { ...next_csr, version: next_csr.version + 1, used_by: opening.job_id },
        } as const,
      ]
    : []),
]

const scheduledReason = ({ certificate, newest }: RenewalFile, escalated: boolean): string => {
  const ends = `version ${newest?.number}, which ends ${certificate.not_after}`
  const again = escalated ? '; opened again, because nobody decided in time on the first request' : ''
  return `scheduled renewal of ${ends}${again}`
}

type Placed = Awaited<ReturnType<typeof placeRenewal>>

/** Refuses (`invalid_body`) what the schedule cannot ask for, with what people can do: it knows of no ticket. */
const demandTicketless = (
  profile: ProfileVersion,
  requirement: Requirement | null,
  placed: Placed | null,
) => {
  if (requirement?.policy.ticket_required !== true) return
  const grants = placed !== null && 'outside' in placed ? (placed.outside ?? []) : []
  const why = grants.map(({ id, detail }) => `${id}: ${detail}`).join('; ')
  throw new Refusal(
    'invalid_body',
    `profile ${profile.id} requires a ticket, and the schedule names none: renew it by hand with a ticket, ` +
      `or have a standing grant approved${why === '' ? '' : ` (${why})`}`,
  )
}

/**
 * A new version of a certificate, under the profile that is in force now. It
 * takes a new CSR, the one that was brought ahead, or the last one; a key it
 * had before only where the profile allows that. Where it would take an approval
 * and a standing grant allows exactly this, it takes a place of that instead.
 * Refuses (`certificate_not_renewable`) what was never issued or is revoked,
 * and (`conflict`) a second renewal beside one that is open.
 */
export const requestRenewal = async (
  deps: RenewalDeps,
  requester: Principal,
  request: RenewalRequest,
): Promise<Proposal> => {
  const now = deps.now()
  const { certificate_id, scheduled } = request
  const found = await deps.renewals.load(certificate_id)
  if (found === null) throw new Refusal('not_found', `no certificate ${certificate_id}`)
  const { certificate, newest } = found
  if (newest === null || certificate.status !== 'Active')
    throw new Refusal('certificate_not_renewable', `the certificate is ${certificate.status}`)
  const profile = await profileInForce(deps.profiles, certificate.profile_id)
  const { document } = profile
  await demandNoneOpen(deps, found, scheduled)
  const source =
    request.csr === undefined
      ? await csrFor(deps.jobs, found, document)
      : { csr: request.csr, by: requester.id, ahead: false }
  if (source === null)
    throw new Refusal('certificate_not_renewable', 'the profile requires a new key: send a new CSR')
  const { requires, ...planned } = planRequest(deps, profile, source.csr, undefined)
  const { spki_sha256 } = planned.plan.public_key
  await demandNewKey(deps.certificates, { certificate_id, spki_sha256 }, document)
  // Whoever asks by name answers for an old CSR; one that somebody brought is theirs, whoever asks.
  const behind = source.ahead || scheduled !== undefined ? source.by : null
  if (certificate.team !== null && ![undefined, certificate.team].includes(request.team))
    throw new Refusal('conflict', `the certificate belongs to team ${certificate.team}`)
  const team = certificate.team ?? teamFor(requester, profile, request.team)
  const renewal: Renewal = {
    type: 'Renewal',
    certificate_id,
    team,
    replaces: newest.number,
    ...planned,
    ...(behind === null || behind === requester.id ? {} : { on_behalf_of: behind }),
  }
  const id = `job-${newSuffix(deps.random)}`
  const { owner } = certificate
  const requirement = requirementFor(renewal, { pinned: profile, current: profile })
  const placed =
    requirement === null
      ? null
      : await placeRenewal(deps, { job_id: id, renewal, requester, current: profile })
  const opening = {
    id,
    requester,
    owner,
    reason: request.reason ?? (scheduled === undefined ? null : scheduledReason(found, scheduled.escalated)),
    ticket: request.ticket,
    escalated: scheduled?.escalated === true,
  }
  const by_schedule = scheduled !== undefined
  const writes = [...requires, ...opened(found, source, { job_id: id, by_schedule, document, now })]
  if (placed === null || placed.place === null) {
    if (by_schedule) demandTicketless(profile, requirement, placed)
    await demandApprovers(deps.principals, { requirement, profile, requester, owner })
    const outside_grants = placed?.outside
    const asked = openJob({ ...opening, content: renewal, requirement, outside_grants }, writes, now)
    return { change: asked, job: asked.job, certificate }
  }
  const content = { ...renewal, grant: placed.place }
  const taken = openJob({ ...opening, content, requirement: null }, [...placed.writes, ...writes], now)
  return { change: taken, job: taken.job, certificate }
}
