import { approvalsOf } from './decide.ts'
import type { Event, EventType } from './event.ts'
import { approvalIdOf } from './ids.ts'
import type { Job, JobFile } from './job.ts'
import { may } from './permissions.ts'
import { isOwner, type Principal } from './principal.ts'
import { stageFor } from './staging.ts'
import { harmless, summaryOf } from './summary.ts'
import type { Audience, Telling, Urgency } from './telling.ts'

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
const isAsked = (who: Principal, { approval, requested_by, owner }: Job): boolean =>
  approval?.state === 'pending' &&
  may(who, 'decide') &&
  who.id !== requested_by &&
  !isOwner(who, owner) &&
  !approval.decisions.some(({ by }) => by === who.id) &&
  stageFor(approval, approvalsOf(approval.decisions), who) !== null

const audiencesOf = (who: Principal, { event, file }: Account): readonly Audience[] => {
  const owner = file?.job.owner ?? textIn(event.details, 'owner')
  const all: readonly (readonly [Audience, boolean])[] = [
    ['requester', file?.job.requested_by === who.id],
    ['approvers', file !== null && isAsked(who, file.job)],
    ['owner', owner !== null && isOwner(who, owner)],
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
    profile_id: job?.profile_id ?? null,
    job_id: job?.id ?? null,
    approval_id: job === null || job.approval === null ? null : approvalIdOf(job.id),
    approval_state: job?.approval?.state ?? null,
    expires_at: job?.approval?.expires_at ?? null,
    ticket: null,
  }
}

/** The notice of an event: the same of the same, whoever is told. */
export const noticeOf = (account: Account): Notice => {
  const { event, telling, file, people } = account
  const { details } = event
  const summary = file === null ? textIn(details, 'summary') : summaryOf(file.content)
  const reason = textIn(details, 'note') ?? textIn(details, 'reason')
  const owner = file?.job.owner ?? textIn(details, 'owner')
  return {
    id: event.id,
    event: event.type,
    time: event.time,
    title: telling.title,
    urgency: telling.urgency,
    summary: shown(summary ?? `${telling.title}: ${event.resource}`),
    reason: reason === null ? null : shown(reason),
    actor: named(people, event.actor),
    requested_by: file === null ? null : named(people, file.job.requested_by),
    owner: owner === null ? null : shown(owner),
    team: null,
    ...aboutJob(file),
    certificate_id: file?.job.certificate_id ?? (event.resource.startsWith('mc-') ? event.resource : null),
    link: linkTo(account),
    concerned: concernedIn(account),
  }
}
