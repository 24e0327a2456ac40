import type { Certificate } from './certificate.ts'
import { approvalsOf } from './decide.ts'
import { escalatedTo } from './escalation.ts'
import type { Event, EventType } from './event.ts'
import { approvalIdOf } from './ids.ts'
import { bringersOf, type JobFile, ownersOf } from './job.ts'
import { may } from './permissions.ts'
import { isOwner, type Principal } from './principal.ts'
import { peopleOf, stageFor } from './staging.ts'
import { harmless, summaryOf } from './summary.ts'
import { type Audience, type Telling, type Urgency, urgencyOf } from './telling.ts'
import { warningsOf } from './warnings.ts'

/** What people are told: no token, no secret, and of people no more than id and name. */
export type Notice = {
  /** Of the event: a receiver that sees it twice was told twice. */
  readonly id: string
  readonly event: EventType
  readonly time: string
  readonly title: string
  readonly urgency: Urgency
  /** One line: what the job would do, or did. */
  readonly summary: string
  /** What an approver should look at twice: names that pose as others, characters that are not seen. */
  readonly warnings: readonly string[]
  /** Why: the requester's word, or the decider's. */
  readonly reason: string | null
  readonly actor: Named
  readonly requested_by: Named | null
  readonly owner: string | null
  readonly team: string | null
  readonly profile_id: string | null
  readonly certificate_id: string | null
  readonly job_id: string | null
  readonly approval_id: string | null
  /** As it is now, which may be later than the event. */
  readonly approval_state: string | null
  readonly expires_at: string | null
  readonly ticket: string | null
  /** When the certificate ends: the one that is in use, of a renewal. */
  readonly not_after: string | null
  /** By when somebody has to do something, where the event says so. */
  readonly deadline: string | null
  /** Where to look. It decides nothing. */
  readonly link: string
  readonly concerned: readonly Concerned[]
}

export type Named = { readonly id: string; readonly name: string | null }
export type Concerned = Named & { readonly as: readonly Audience[] }

export type Account = {
  readonly event: Event
  readonly telling: Telling
  /** Null for an event that is of no job. */
  readonly file: JobFile | null
  /** Null for an event that is of no certificate, or of many. */
  readonly certificate: Certificate | null
  readonly people: readonly Principal[]
  /** Of the console or the API, without a slash at its end. */
  readonly url: string
}

/** Who is named in one notice, at most. */
const most = 100

/** Text that somebody outside wrote, as it may be shown: nothing invisible, no link, not too long. */
const shown = (text: string): string => {
  const plain = harmless(text).replaceAll('://', '[:]//')
  return plain.length > 500 ? `${plain.slice(0, 499)}…` : plain
}

const named = (people: readonly Principal[], id: string): Named => {
  const name = people.find((who) => who.id === id)?.name ?? null
  return { id, name: name === null ? null : shown(name) }
}

const textIn = (details: Event['details'], name: string): string | null => {
  const value = details[name]
  return typeof value === 'string' && value !== '' ? value : null
}

/** Whether this person's approval would count now. */
const isAsked = (who: Principal, file: JobFile): boolean => {
  const { approval, requested_by } = file.job
  return (
    approval?.state === 'pending' &&
    may(who, 'decide') &&
    who.id !== requested_by &&
    !bringersOf(file.content).includes(who.id) &&
    !ownersOf(file.job.owner, file.content).some((owner) => isOwner(who, owner)) &&
    !approvalsOf(approval.decisions).flatMap(peopleOf).includes(who.id) &&
    stageFor(approval, approvalsOf(approval.decisions), {
      who,
      escalated_to: escalatedTo(approval),
    }) !== null
  )
}

/** The team of the certificate that it is about. */
const teamOf = ({ file, certificate }: Account): string | null =>
  file !== null && 'team' in file.content ? file.content.team : (certificate?.team ?? null)

/** Whoever answers for what the event is about. */
const ownerOf = ({ file, certificate, event }: Account): string | null =>
  file?.job.owner ?? certificate?.owner ?? textIn(event.details, 'owner')

const audiencesOf = (who: Principal, account: Account): readonly Audience[] => {
  const { file } = account
  const owner = ownerOf(account)
  const team = teamOf(account)
  const all: readonly (readonly [Audience, boolean])[] = [
    ['requester', file?.job.requested_by === who.id],
    ['approvers', file !== null && isAsked(who, file)],
    ['owner', owner !== null && isOwner(who, owner)],
    ['team', team !== null && who.teams.includes(team)],
  ]
  return all.flatMap(([audience, applies]) => (applies ? [audience] : []))
}

const concernedIn = (account: Account): readonly Concerned[] =>
  account.people
    .filter(({ status }) => status === 'active')
    .map((who) => ({
      ...named(account.people, who.id),
      as: audiencesOf(who, account).filter((audience) => account.telling.to.includes(audience)),
    }))
    .filter(({ as }) => as.length > 0)
    .slice(0, most)

const places: readonly (readonly [string, string])[] = [
  ['mc-', 'certificates'],
  ['job-', 'jobs'],
  ['pr-', 'principals'],
]

const linkTo = ({ event, file, url }: Account): string => {
  if (file !== null && file.job.approval !== null)
    return `${url}/api/v1/approvals/${approvalIdOf(file.job.id)}`
  const [, place] = places.find(([prefix]) => event.resource.startsWith(prefix)) ?? []
  return place === undefined ? `${url}/api/v1` : `${url}/api/v1/${place}/${event.resource}`
}

const aboutJob = (file: JobFile | null) => {
  const job = file?.job ?? null
  return {
    job_id: job?.id ?? null,
    approval_id: job === null || job.approval === null ? null : approvalIdOf(job.id),
    approval_state: job?.approval?.state ?? null,
    expires_at: job?.approval?.expires_at ?? null,
    ticket: job?.ticket ?? null,
  }
}

const aboutCertificate = ({ event: { resource, details }, file, certificate }: Account) => ({
  profile_id: file?.job.profile_id ?? certificate?.profile_id ?? null,
  certificate_id: file?.job.certificate_id ?? (resource.startsWith('mc-') ? resource : null),
  not_after: certificate?.not_after ?? textIn(details, 'not_after'),
  deadline: textIn(details, 'deadline'),
})

/** One line: what a job would do, or else which certificate it is about. */
const summaryFor = ({ event, telling, file, certificate }: Account): string => {
  if (file !== null) return summaryOf(file.content)
  const name = certificate === null ? event.resource : `${certificate.name} (${certificate.id})`
  return textIn(event.details, 'summary') ?? `${telling.title}: ${name}`
}

/** The notice of an event: the same of the same, whoever is told. */
export const noticeOf = (account: Account): Notice => {
  const { event, telling, file, people } = account
  const reason = textIn(event.details, 'note') ?? textIn(event.details, 'reason')
  const owner = ownerOf(account)
  return {
    id: event.id,
    event: event.type,
    time: event.time,
    title: telling.title,
    urgency: urgencyOf(event, telling),
    summary: shown(summaryFor(account)),
    warnings: file === null ? [] : warningsOf(file.content).slice(0, 5).map(shown),
    reason: reason === null ? null : shown(reason),
    actor: named(people, event.actor),
    requested_by: file === null ? null : named(people, file.job.requested_by),
    owner: owner === null ? null : shown(owner),
    team: teamOf(account),
    ...aboutJob(file),
    ...aboutCertificate(account),
    link: linkTo(account),
    concerned: concernedIn(account),
  }
}
