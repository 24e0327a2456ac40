import type { Certificate } from '../model/certificate.ts'
import type { Delegation } from '../model/delegation.ts'
import { sha256 } from '../model/digest.ts'
import { dueOf } from '../model/due.ts'
import { type Event, type EventType, eventTypes } from '../model/event.ts'
import { isTerminal, type Job } from '../model/job.ts'
import type { OidcSubject } from '../model/oidc-subject.ts'
import { folded } from '../model/principal.ts'
import type { SerialStatus } from '../model/revocation.ts'
import type { DueRenewal } from '../ports/renewals.ts'

/**
 * What is in which index, and under what. All but the last hold keys alone, so
 * that a row which changes without moving costs them nothing, and almost every
 * key is of what never changes: who asked, what it is about, when it was made.
 * Whatever else is asked for is read from the rows themselves (`list.ts`). All jobs,
 * those that people decide, and those of a certificate are found by the event
 * that each of them begins with.
 *
 * | index | jobs | certificates | events | others |
 * |---|---|---|---|---|
 * | gsi1 | | all | all, by kinds of types | serials by owner |
 * | gsi2 | open revocations in bulk | by profile | by actor | OIDC subjects by principal; delegations by delegate; serials by issuer |
 * | gsi3 | those that are open, failed or cancelled | those that are revoked | | serials by profile |
 * | gsi4 | | by owner | by resource | serials by key |
 * | gsi5 | due | renewals due, by hour and shard | | |
 * | gsi6 | | | | profiles, issuers, principals: whole, for they are few, change seldom and are listed often |
 */
export type IndexName = 'gsi1' | 'gsi2' | 'gsi3' | 'gsi4' | 'gsi5' | 'gsi6'

/** The index that holds rows whole. */
export const wholeRows: IndexName = 'gsi6'

/** A partition of an index. */
export type Place = {
  readonly index: IndexName
  readonly pk: string
  /** Which row of the table is meant by one that is listed there: the same, unless it says so; null for none. */
  readonly meant?: (listed: { readonly pk: string; readonly sk: string }) => {
    readonly pk: string
    readonly sk: string
  } | null
}

/**
 * Types of which there are as many as certificates, requests or lists: each is
 * a list of its own. All others share one, in which the few are soon found.
 * Who moves a type from one to the other leaves its older events behind.
 */
const frequent: ReadonlySet<EventType> = new Set([
  'certificate_requested',
  'renewal_requested',
  'approval_requested',
  'decision_recorded',
  'approval_approved',
  'grant_consumed',
  'issuance_planned',
  'certificate_issued',
  'certificate_revoked',
  'certificate_expiring',
  'notification_recorded',
  'access_refused',
  'crl_planned',
])

const kindOf = (type: EventType): string => (frequent.has(type) ? type : 'others')

/** The partitions of the indexes, by what is asked. */
export const lists = {
  openJobs: (decided: 'by_people' | 'by_nobody') => `JOBS#open#${decided}`,
  jobsEnded: (status: 'Failed' | 'Cancelled') => `JOBS#${status}`,
  due: 'DUE',
  renewalsDue: (hour: string, shard: number) => `RENEWAL#${hour}#${shard}`,
  openBulkRevocations: 'BULK_REVOCATIONS',
  certificates: 'CERTIFICATES',
  certificatesUnder: (profile: string) => `CERTIFICATES#${profile}`,
  certificatesRevoked: 'CERTIFICATES#Revoked',
  certificatesOwnedBy: (owner: string) => `CERTIFICATES#${folded(owner)}`,
  serialsOf: (issuer: string) => `SERIALS#${issuer}`,
  serialsUnder: (profile: string) => `SERIALS#${profile}`,
  serialsWith: (spki_sha256: string) => `SERIALS#${spki_sha256}`,
  serialsOwnedBy: (owner: string) => `SERIALS#${folded(owner)}`,
  eventsLike: (type: EventType) => `EVENTS#${kindOf(type)}`,
  eventsBy: (actor: string) => `EVENTS#${actor}`,
  eventsOn: (resource: string) => `EVENTS#${resource}`,
  profiles: 'PROFILES',
  issuers: 'ISSUERS',
  principals: 'PRINCIPALS',
  delegationsTo: (delegate: string) => `DELEGATIONS#${delegate}`,
  oidcSubjectsOf: (principal: string) => `SUBJECTS#${principal}`,
} as const

type Entry = readonly [pk: string, sk: string]

const indexed = (entries: Partial<Record<IndexName, Entry | null>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(entries).flatMap(([index, entry]) =>
      entry === null
        ? []
        : [
            [`${index}pk`, entry[0]],
            [`${index}sk`, entry[1]],
          ],
    ),
  )

/** In the list of all of its kind, by name. */
export const oneOf = (kind: 'profiles' | 'issuers' | 'principals', id: string): Record<string, string> =>
  indexed({ [wholeRows]: [lists[kind], id] })

const isOpenBulkRevocation = (job: Job): boolean =>
  job.type === 'Revocation' && job.certificate_id === null && !isTerminal(job.status)

/** The list by where a job stands: almost all are completed, and those are in none. */
const standingList = ({ status, approval }: Job): string | null => {
  switch (status) {
    case 'AwaitingApproval':
    case 'Pending':
    case 'Running':
      return lists.openJobs(approval === null ? 'by_nobody' : 'by_people')
    case 'Failed':
    case 'Cancelled':
      return lists.jobsEnded(status)
    case 'Completed':
      return null
  }
}

export const indexedJob = (job: Job): Record<string, string> => {
  const order = `${job.created_at}#${job.id}`
  const [due, standing] = [dueOf(job), standingList(job)]
  return indexed({
    gsi2: isOpenBulkRevocation(job) ? [lists.openBulkRevocations, order] : null,
    gsi3: standing === null ? null : [standing, order],
    gsi5: due === null ? null : [lists.due, `${due}#${job.id}`],
  })
}

/** Whose every event is of one frequent type: they are found by that. */
const routine: Readonly<Record<string, EventType>> = { 'system-notify': 'notification_recorded' }

/** Those whom nobody is asked about by name: what they do, they do for a job that somebody asked for. */
const isWorker = (actor: string): boolean => actor.startsWith('worker-')

const isListedByActor = ({ actor, type }: Event): boolean => !isWorker(actor) && routine[actor] !== type

export const indexedEvent = (event: Event): Record<string, string> => {
  const order = `${event.time}#${event.id}`
  return indexed({
    gsi1: [lists.eventsLike(event.type), order],
    gsi2: isListedByActor(event) ? [lists.eventsBy(event.actor), order] : null,
    gsi4: [lists.eventsOn(event.resource), order],
  })
}

/** Where all events are. */
export const allEvents: readonly Place[] = [...new Set(eventTypes.map(lists.eventsLike))].map(
  (pk) => ({ index: 'gsi1', pk }) as const,
)

/** Where all events of an actor are, among others' or alone. */
export const eventsByActor = (actor: string): readonly Place[] => {
  if (isWorker(actor)) return allEvents
  const type = routine[actor]
  const own: Place = { index: 'gsi2', pk: lists.eventsBy(actor) }
  return type === undefined ? [own] : [own, { index: 'gsi1', pk: lists.eventsLike(type) }]
}

export const indexedCertificate = (certificate: Certificate): Record<string, string> => {
  const order = `${certificate.created_at}#${certificate.id}`
  return indexed({
    gsi1: [lists.certificates, order],
    gsi2: [lists.certificatesUnder(certificate.profile_id), order],
    gsi3: certificate.status === 'Revoked' ? [lists.certificatesRevoked, order] : null,
    gsi4: [lists.certificatesOwnedBy(certificate.owner), order],
  })
}

/** By each trait that many may have in common when they have to be revoked together. */
export const indexedSerial = (serial: SerialStatus): Record<string, string> => {
  const order = `${serial.not_after}#${serial.serial}`
  return indexed({
    gsi1: [lists.serialsOwnedBy(serial.owner), order],
    gsi2: [lists.serialsOf(serial.issuer_id), order],
    gsi3: serial.profile_id === null ? null : [lists.serialsUnder(serial.profile_id), order],
    gsi4: [lists.serialsWith(serial.spki_sha256), order],
  })
}

export const indexedDelegation = ({ delegate_id, from, id }: Delegation): Record<string, string> =>
  indexed({ gsi2: [lists.delegationsTo(delegate_id), `${from}#${id}`] })

export const indexedSubject = ({ principal_id, id }: OidcSubject): Record<string, string> =>
  indexed({ gsi2: [lists.oidcSubjectsOf(principal_id), id] })

/** How many partitions of the index take the renewals of one hour. */
export const renewalShards = 4

/** The hour of an instant, as the index has it. */
const hourOf = (instant: string): string => instant.slice(0, 13)

const renewalShardOf = (certificate: string): number =>
  Number.parseInt(sha256(certificate).slice(0, 4), 16) % renewalShards

/** Where a renewal is in the index: among what is due in its hour, in the order of when. */
export const renewalDue = ({ certificate_id, next_at, not_after }: DueRenewal): Record<string, string> =>
  indexed({
    gsi5: [
      lists.renewalsDue(hourOf(next_at), renewalShardOf(certificate_id)),
      `${next_at}#${not_after}#${certificate_id}`,
    ],
  })
