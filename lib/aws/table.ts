import type { ApiKey } from '../model/api-key.ts'
import type { Certificate, CertificateVersion } from '../model/certificate.ts'
import type { Change, Replay, Write } from '../model/change.ts'
import type { Delegation } from '../model/delegation.ts'
import { sha256 } from '../model/digest.ts'
import { nextDue } from '../model/escalation.ts'
import type { Event } from '../model/event.ts'
import type { Compromise, GrantPlace } from '../model/grant.ts'
import type { Issuer } from '../model/issuer.ts'
import { isTerminal, type Job } from '../model/job.ts'
import type { OidcSubject } from '../model/oidc-subject.ts'
import { folded, type Principal } from '../model/principal.ts'
import type { PrincipalStep, PrincipalWrite } from '../model/principal-change.ts'
import type { ProfileVersion } from '../model/profile.ts'
import type { NextCsr, Renewal } from '../model/renewal.ts'
import type { CrlHead, RevocationEntry, SerialStatus } from '../model/revocation.ts'
import { instantOf, later } from '../model/time.ts'
import type { DueRenewal, Stored } from '../ports.ts'

/**
 * Every key of the table, in one place.
 *
 * | pk | sk | what |
 * |---|---|---|
 * | `JOB#<id>` | `JOB`, `CONTENT`, `ISSUANCE`, `EVENT#<n>` | a job, whole |
 * | `CERTIFICATE#<id>` | `CERTIFICATE`, `VERSION#<n>` | a certificate and its versions |
 * | `CERTIFICATE#<id>` | `RENEWAL`, `NEXT_CSR`, `EVENT#<n>` | when it renews, a CSR brought ahead, what its owner was told |
 * | `RENEWAL#POINTER` | `POINTER` | the oldest hour in which renewals may still be due |
 * | `SERIAL#<issuer>#<serial>` | `STATUS` | what OCSP answers |
 * | `CRL#<issuer>#<shard>` | `HEAD`, `ENTRY#<recorded at>#<serial>`, `EVENT#<n>` | a revocation list |
 * | `REVOCATION#<digest>` | `PLAN`, `TARGETS#<n>` | a planned revocation in bulk |
 * | `GRANT#<certificate>` | `GRANT#<id>`, `COMPROMISE#<issuer>#<serial>` | the standing grants of a certificate, and what ended them |
 * | `USE#<grant>` | `LAST` | the newest place of a grant that was given away |
 * | `SPENT#<grant>` | `NUMBER#<n>`, `WINDOW#<n>` | the places of a grant that were signed for |
 * | `PROFILE#<id>` | `CURRENT`, `VERSION#<n>` | a profile |
 * | `ISSUER#<id>` | `ISSUER`, `REQUEST` | an issuer, and what was asked of its parent outside |
 * | `PRINCIPAL#<id>` | `PRINCIPAL`, `KEY#<key id>`, `DELEGATION#<id>`, `EVENT#<n>` | a principal, its credentials, who stands in for it |
 * | `SUBJECT#<id>` | `SUBJECT` | an OIDC subject and whose it is |
 * | `ACCESS#<chain>` | `EVENT#1` | a refused request |
 * | `NOTIFICATION#<chain>` | `EVENT#<n>` | what was told of an event, and on which channel |
 * | `ACCESS#<credential>` | `USED` | when a credential was last used |
 * | `FOUNDER#<principal>` | `FOUNDER`, `CREDENTIAL#<id>` | somebody made with the deployment's credentials; no function may write it |
 * | `FIRST_ADMIN` | `FIRST_ADMIN` | that there was one |
 * | `CURSOR#SECRET` | `CURSOR` | the secret that makes cursors tamper-evident |
 * | `OCSP#<issuer>#<question>` | `ANSWER` | a signed answer, for its window |
 * | `PUSH#<issuer>#<target>` | `PUSH`, `EVENT#<n>` | which list another AWS service was given |
 * | `RESPONDER#<issuer>` | `RESPONDER` | a delegated OCSP responder |
 * | `KEYUSE#<event id>` | `USE#<request id>` | a use of a CA key, as CloudTrail told of it |
 * | `KEYUSE#<request id>` | `EVENT#1` | a use that nothing on record accounts for |
 * | `IDEMPOTENCY#<principal>#<key>` | `REPLAY` | an answer already given |
 *
 * | index | jobs | certificates | events | others |
 * |---|---|---|---|---|
 * | gsi1 | all | all | all | all of a kind; serials by owner |
 * | gsi2 | by certificate; open revocations in bulk | by profile | by actor | OIDC subjects by principal; delegations by delegate |
 * | gsi3 | by status | by status | by action | |
 * | gsi4 | by approval state | by owner | by resource | |
 * | gsi5 | due | renewals due, by hour and shard | | |
 */
export type Key = { readonly pk: string; readonly sk: string }
export type Item = Key & Readonly<Record<string, unknown>>

const padded = (n: number): string => String(n).padStart(8, '0')

export const keys = {
  job: (id: string): Key => ({ pk: `JOB#${id}`, sk: 'JOB' }),
  content: (id: string): Key => ({ pk: `JOB#${id}`, sk: 'CONTENT' }),
  issuance: (id: string): Key => ({ pk: `JOB#${id}`, sk: 'ISSUANCE' }),
  event: (partition: string, n: number): Key => ({ pk: partition, sk: `EVENT#${padded(n)}` }),
  certificate: (id: string): Key => ({ pk: `CERTIFICATE#${id}`, sk: 'CERTIFICATE' }),
  certificateVersion: (id: string, n: number): Key => ({
    pk: `CERTIFICATE#${id}`,
    sk: `VERSION#${padded(n)}`,
  }),
  renewal: (certificate: string): Key => ({ pk: `CERTIFICATE#${certificate}`, sk: 'RENEWAL' }),
  nextCsr: (certificate: string): Key => ({ pk: `CERTIFICATE#${certificate}`, sk: 'NEXT_CSR' }),
  renewalPointer: { pk: 'RENEWAL#POINTER', sk: 'POINTER' },
  serial: (issuer: string, serial: string): Key => ({ pk: `SERIAL#${issuer}#${serial}`, sk: 'STATUS' }),
  crlHead: (issuer: string, shard: number): Key => ({ pk: `CRL#${issuer}#${shard}`, sk: 'HEAD' }),
  crlEntry: ({ issuer_id, shard, recorded_at, serial }: RevocationEntry): Key => ({
    pk: `CRL#${issuer_id}#${shard}`,
    sk: `ENTRY#${recorded_at}#${serial}`,
  }),
  revocationPlan: (digest: string): Key => ({ pk: `REVOCATION#${digest}`, sk: 'PLAN' }),
  revocationTargets: (digest: string, n: number): Key => ({
    pk: `REVOCATION#${digest}`,
    sk: `TARGETS#${padded(n)}`,
  }),
  grant: (certificate: string, id: string): Key => ({ pk: `GRANT#${certificate}`, sk: `GRANT#${id}` }),
  compromise: ({ certificate_id, issuer_id, serial }: Compromise): Key => ({
    pk: `GRANT#${certificate_id}`,
    sk: `COMPROMISE#${issuer_id}#${serial}`,
  }),
  grantUse: (grant: string): Key => ({ pk: `USE#${grant}`, sk: 'LAST' }),
  spentNumber: ({ id, number }: GrantPlace): Key => ({ pk: `SPENT#${id}`, sk: `NUMBER#${padded(number)}` }),
  spentWindow: ({ id, window }: GrantPlace): Key => ({ pk: `SPENT#${id}`, sk: `WINDOW#${padded(window)}` }),
  profile: (id: string): Key => ({ pk: `PROFILE#${id}`, sk: 'CURRENT' }),
  profileVersion: (id: string, n: number): Key => ({ pk: `PROFILE#${id}`, sk: `VERSION#${padded(n)}` }),
  issuer: (id: string): Key => ({ pk: `ISSUER#${id}`, sk: 'ISSUER' }),
  issuerRequest: (id: string): Key => ({ pk: `ISSUER#${id}`, sk: 'REQUEST' }),
  principal: (id: string): Key => ({ pk: `PRINCIPAL#${id}`, sk: 'PRINCIPAL' }),
  apiKey: (principal: string, id: string): Key => ({ pk: `PRINCIPAL#${principal}`, sk: `KEY#${id}` }),
  delegation: (principal: string, id: string): Key => ({
    pk: `PRINCIPAL#${principal}`,
    sk: `DELEGATION#${id}`,
  }),
  oidcSubject: (id: string): Key => ({ pk: `SUBJECT#${id}`, sk: 'SUBJECT' }),
  used: (credential: string): Key => ({ pk: `ACCESS#${credential}`, sk: 'USED' }),
  founder: (id: string): Key => ({ pk: `FOUNDER#${id}`, sk: 'FOUNDER' }),
  founderCredential: (id: string, credential: string): Key => ({
    pk: `FOUNDER#${id}`,
    sk: `CREDENTIAL#${credential}`,
  }),
  firstAdmin: { pk: 'FIRST_ADMIN', sk: 'FIRST_ADMIN' },
  cursorSecret: { pk: 'CURSOR#SECRET', sk: 'CURSOR' },
  ocspAnswer: (issuer: string, question: string): Key => ({
    pk: `OCSP#${issuer}#${question}`,
    sk: 'ANSWER',
  }),
  responder: (issuer: string): Key => ({ pk: `RESPONDER#${issuer}`, sk: 'RESPONDER' }),
  push: (issuer: string, arn: string): Key => ({ pk: `PUSH#${issuer}#${arn}`, sk: 'PUSH' }),
  keyUse: (event_id: string, request_id: string): Key => ({
    pk: `KEYUSE#${event_id}`,
    sk: `USE#${request_id}`,
  }),
  replay: (principal: string, key: string): Key => ({
    pk: `IDEMPOTENCY#${principal}#${key}`,
    sk: 'REPLAY',
  }),
} as const

/** The partitions of chains whose events people are told of, by how the chain's name begins. */
const partitions = { job: 'JOB', mc: 'CERTIFICATE', pr: 'PRINCIPAL', nt: 'NOTIFICATION' } as const

/** Where the events of a chain are. */
export const partitionOf = (chain: string): string => {
  const [, partition] = Object.entries(partitions).find(([prefix]) => chain.startsWith(`${prefix}-`)) ?? []
  if (partition === undefined) throw new Error(`nobody knows where the chain ${chain} is`)
  return `${partition}#${chain}`
}

/** The partitions of the indexes, by what is asked. */
export const lists = {
  jobs: 'JOBS',
  jobsOf: (certificate: string) => `JOBS#${certificate}`,
  jobsAt: (status: string) => `JOBS#${status}`,
  approvalsAt: (state: string) => `APPROVALS#${state}`,
  due: 'DUE',
  renewalsDue: (hour: string, shard: number) => `RENEWAL#${hour}#${shard}`,
  openBulkRevocations: 'BULK_REVOCATIONS',
  certificates: 'CERTIFICATES',
  certificatesUnder: (profile: string) => `CERTIFICATES#${profile}`,
  certificatesAt: (status: string) => `CERTIFICATES#${status}`,
  certificatesOwnedBy: (owner: string) => `CERTIFICATES#${folded(owner)}`,
  serialsOf: (issuer: string) => `SERIALS#${issuer}`,
  serialsUnder: (profile: string) => `SERIALS#${profile}`,
  serialsWith: (spki_sha256: string) => `SERIALS#${spki_sha256}`,
  serialsOwnedBy: (owner: string) => `SERIALS#${folded(owner)}`,
  events: 'EVENTS',
  eventsBy: (actor: string) => `EVENTS#${actor}`,
  eventsOf: (type: string) => `EVENTS#${type}`,
  eventsOn: (resource: string) => `EVENTS#${resource}`,
  profiles: 'PROFILES',
  issuers: 'ISSUERS',
  principals: 'PRINCIPALS',
  delegationsTo: (delegate: string) => `DELEGATIONS#${delegate}`,
  oidcSubjectsOf: (principal: string) => `SUBJECTS#${principal}`,
} as const

/** When a job wants looking after next. Null once it is over. */
export const dueOf = (job: Job): string | null => {
  if (isTerminal(job.status)) return null
  if (job.lease !== null) return job.lease.until
  const updated = new Date(job.updated_at)
  if (job.status !== 'AwaitingApproval') return instantOf(later(updated, 300))
  const touch = instantOf(later(updated, 12 * 3600))
  const [first = touch] = [touch, ...(job.approval === null ? [] : [nextDue(job.approval)])].sort()
  return first
}

/** How many partitions of the index take the renewals of one hour. */
export const renewalShards = 4

/** The hour of an instant, as the index has it. */
export const hourOf = (instant: string): string => instant.slice(0, 13)

const renewalShardOf = (certificate: string): number =>
  Number.parseInt(sha256(certificate).slice(0, 4), 16) % renewalShards

const isOpenBulkRevocation = (job: Job): boolean =>
  job.type === 'Revocation' && job.certificate_id === null && !isTerminal(job.status)

/** The list of jobs that this one is looked for in besides the list of all: its certificate's. */
const relatedList = (job: Job): string | null => {
  if (job.certificate_id !== null) return lists.jobsOf(job.certificate_id)
  return isOpenBulkRevocation(job) ? lists.openBulkRevocations : null
}

const indexed = (
  entries: Readonly<Record<string, readonly [string, string] | null>>,
): Record<string, string> =>
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

/** Where a renewal is in the index: among what is due in its hour, in the order of when. */
export const renewalDue = ({ certificate_id, next_at, not_after }: DueRenewal): Record<string, string> =>
  indexed({
    gsi5: [
      lists.renewalsDue(hourOf(next_at), renewalShardOf(certificate_id)),
      `${next_at}#${not_after}#${certificate_id}`,
    ],
  })

export const items = {
  job: (job: Job): Item => {
    const order = `${job.created_at}#${job.id}`
    const due = dueOf(job)
    const related = relatedList(job)
    return {
      ...keys.job(job.id),
      ...indexed({
        gsi1: [lists.jobs, order],
        gsi2: related === null ? null : [related, order],
        gsi3: [lists.jobsAt(job.status), order],
        gsi4: job.approval === null ? null : [lists.approvalsAt(job.approval.state), order],
        gsi5: due === null ? null : [lists.due, `${due}#${job.id}`],
      }),
      ...job,
    }
  },
  event: (partition: string, event: Event): Item => {
    const order = `${event.time}#${event.id}`
    return {
      ...keys.event(partition, event.sequence),
      ...indexed({
        gsi1: [lists.events, order],
        gsi2: [lists.eventsBy(event.actor), order],
        gsi3: [lists.eventsOf(event.type), order],
        gsi4: [lists.eventsOn(event.resource), order],
      }),
      ...event,
    }
  },
  certificate: (certificate: Certificate): Item => {
    const order = `${certificate.created_at}#${certificate.id}`
    return {
      ...keys.certificate(certificate.id),
      ...indexed({
        gsi1: [lists.certificates, order],
        gsi2: [lists.certificatesUnder(certificate.profile_id), order],
        gsi3: [lists.certificatesAt(certificate.status), order],
        gsi4: [lists.certificatesOwnedBy(certificate.owner), order],
      }),
      ...certificate,
    }
  },
  serial: (serial: SerialStatus): Item => {
    const order = `${serial.not_after}#${serial.serial}`
    return {
      ...keys.serial(serial.issuer_id, serial.serial),
      ...indexed({
        gsi1: [lists.serialsOwnedBy(serial.owner), order],
        gsi2: [lists.serialsOf(serial.issuer_id), order],
        gsi3: serial.profile_id === null ? null : [lists.serialsUnder(serial.profile_id), order],
        gsi4: [lists.serialsWith(serial.spki_sha256), order],
      }),
      ...serial,
    }
  },
  certificateVersion: (version: CertificateVersion): Item => ({
    ...keys.certificateVersion(version.certificate_id, version.number),
    ...version,
  }),
  renewal: (row: Renewal): Item => ({
    ...keys.renewal(row.certificate_id),
    ...(row.next_at === null ? {} : renewalDue({ ...row, next_at: row.next_at })),
    ...row,
  }),
  nextCsr: (csr: NextCsr): Item => ({ ...keys.nextCsr(csr.certificate_id), ...csr }),
  profile: (profile: ProfileVersion): Item => ({
    ...keys.profile(profile.id),
    ...indexed({ gsi1: [lists.profiles, profile.id] }),
    ...profile,
  }),
  issuer: (issuer: Issuer): Item => ({
    ...keys.issuer(issuer.id),
    ...indexed({ gsi1: [lists.issuers, issuer.id] }),
    ...issuer,
  }),
  principal: (principal: Principal): Item => ({
    ...keys.principal(principal.id),
    ...indexed({ gsi1: [lists.principals, principal.id] }),
    ...principal,
  }),
  apiKey: (key: ApiKey): Item => ({ ...keys.apiKey(key.principal_id, key.id), ...key }),
  delegation: (delegation: Delegation): Item => ({
    ...keys.delegation(delegation.principal_id, delegation.id),
    ...indexed({
      gsi2: [lists.delegationsTo(delegation.delegate_id), `${delegation.from}#${delegation.id}`],
    }),
    ...delegation,
  }),
  oidcSubject: (subject: OidcSubject): Item => ({
    ...keys.oidcSubject(subject.id),
    ...indexed({ gsi2: [lists.oidcSubjectsOf(subject.principal_id), subject.id] }),
    ...subject,
  }),
  crlHead: (head: CrlHead): Item => ({ ...keys.crlHead(head.issuer_id, head.shard), ...head }),
  replay: (replay: Replay): Item => ({
    ...keys.replay(replay.principal_id, replay.key),
    ttl: Math.floor(new Date(replay.expires_at).getTime() / 1000),
    ...replay,
  }),
} as const

/** What must hold of the item under a key for a write to happen. */
export type Condition = 'absent' | { readonly attribute: string; readonly equals: string | number | null }

/** `any`: another write of the same transaction guards this one. */
export type TableWrite = { readonly of: Stored } & (
  | { readonly put: Item; readonly condition: Condition | 'any' }
  | { readonly check: Key; readonly condition: Condition }
)

/** A record with a `version` replaces the one before it, or is the first. */
const after = (version: number): Condition =>
  version === 1 ? 'absent' : { attribute: 'version', equals: version - 1 }

const tableWritesOf = (write: Write): readonly TableWrite[] => {
  const of = write.write
  switch (write.write) {
    case 'content':
      return [{ of, put: { ...keys.content(write.job_id), ...write.content }, condition: 'absent' }]
    case 'issuance':
      return [
        { of, put: { ...keys.issuance(write.issuance.job_id), ...write.issuance }, condition: 'absent' },
      ]
    case 'new_certificate':
    case 'next_certificate':
      return [{ of, put: items.certificate(write.certificate), condition: after(write.certificate.version) }]
    case 'new_certificate_version':
      return [{ of, put: items.certificateVersion(write.version), condition: 'absent' }]
    case 'revoked_certificate_version':
      return [
        {
          of,
          put: items.certificateVersion(write.version),
          condition: { attribute: 'revoked_at', equals: write.before },
        },
      ]
    case 'new_renewal':
      return [{ of, put: items.renewal(write.renewal), condition: 'any' }]
    case 'next_renewal': {
      const { renewal } = write
      const condition = { attribute: 'version', equals: renewal.version - 1 }
      return [{ of, put: items.renewal(renewal), condition }]
    }
    case 'next_csr':
      return [{ of, put: items.nextCsr(write.csr), condition: after(write.csr.version) }]
    case 'new_serial':
    case 'next_serial': {
      const { serial } = write
      return [{ of, put: items.serial(serial), condition: after(serial.version) }]
    }
    case 'revocation_entry': {
      const { entry } = write
      const put = { ...keys.crlEntry(entry), ...entry }
      return [{ of, put, condition: 'absent' }]
    }
    case 'profile': {
      const { profile } = write
      const version = { ...keys.profileVersion(profile.id, profile.version), ...profile }
      return [
        { of, put: items.profile(profile), condition: after(profile.version) },
        { of, put: version, condition: 'absent' },
      ]
    }
    case 'issuer':
      return [{ of, put: items.issuer(write.issuer), condition: after(write.issuer.version) }]
    case 'issuer_request': {
      const { request } = write
      return [{ of, put: { ...keys.issuerRequest(request.issuer_id), ...request }, condition: 'absent' }]
    }
    case 'grant': {
      const { grant } = write
      const put = { ...keys.grant(grant.certificate_id, grant.id), ...grant }
      return [{ of, put, condition: after(grant.version) }]
    }
    case 'grant_use': {
      const { use } = write
      return [{ of, put: { ...keys.grantUse(use.id), ...use }, condition: after(use.version) }]
    }
    case 'spent_place': {
      const { place } = write
      return [
        { of, put: { ...keys.spentNumber(place), ...place }, condition: 'absent' },
        { of, put: { ...keys.spentWindow(place), ...place }, condition: 'absent' },
      ]
    }
    case 'require_spent_place': {
      const { place } = write
      const condition = { attribute: 'digest', equals: place.digest }
      return [
        { of, check: keys.spentNumber(place), condition },
        { of, check: keys.spentWindow(place), condition },
      ]
    }
    case 'compromise': {
      const put = { ...keys.compromise(write.compromise), ...write.compromise }
      return [{ of, put, condition: 'absent' }]
    }
    case 'replay':
      return [{ of, put: items.replay(write.replay), condition: 'absent' }]
    case 'require_grant': {
      const condition = { attribute: 'withdrawn_at', equals: null }
      return [{ of, check: keys.grant(write.certificate_id, write.id), condition }]
    }
    case 'require_profile':
      return [
        { of, check: keys.profile(write.id), condition: { attribute: 'version', equals: write.version } },
      ]
    case 'principal_step':
      return principalWrites(write.step)
    case 'require_principal':
      return [principalWriteOf(write)]
    case 'require_unused_serial':
      return [{ of, check: keys.serial(write.issuer_id, write.serial), condition: 'absent' }]
    case 'require_delegation': {
      const { principal_id, id, version } = write.delegation
      const condition = { attribute: 'version', equals: version }
      return [{ of, check: keys.delegation(principal_id, id), condition }]
    }
    case 'require_issuer':
      return [{ of, check: keys.issuer(write.id), condition: { attribute: 'status', equals: 'active' } }]
  }
}

/** A step as the writes of one transaction. */
export const tableWrites = (change: Change): readonly TableWrite[] => {
  const { job } = change
  return [
    ...(job === null ? [] : [{ of: 'job', put: items.job(job), condition: after(job.version) } as const]),
    ...change.events.map((event): TableWrite => {
      const put = items.event(partitionOf(event.chain), event)
      return { of: 'event', put, condition: 'absent' }
    }),
    ...change.writes.flatMap(tableWritesOf),
  ]
}

const principalWriteOf = (write: PrincipalWrite): TableWrite => {
  const of = write.write
  switch (write.write) {
    case 'principal':
      return { of, put: items.principal(write.principal), condition: after(write.principal.version) }
    case 'new_api_key':
      return { of, put: items.apiKey(write.key), condition: 'absent' }
    case 'next_api_key':
      return { of, put: items.apiKey(write.key), condition: { attribute: 'disabled_at', equals: null } }
    case 'oidc_subject':
      return { of, put: items.oidcSubject(write.subject), condition: after(write.subject.version) }
    case 'require_principal': {
      const condition = { attribute: 'version', equals: write.version }
      return { of, check: keys.principal(write.id), condition }
    }
    case 'delegation':
      return { of, put: items.delegation(write.delegation), condition: after(write.delegation.version) }
    case 'founder':
      return { of, put: { ...keys.founder(write.founder.id), ...write.founder }, condition: 'absent' }
    case 'founder_credential': {
      const { principal_id, credential } = write
      const put = { ...keys.founderCredential(principal_id, credential.id), ...credential }
      return { of, put, condition: 'absent' }
    }
    case 'first_admin':
      return { of, put: { ...keys.firstAdmin, principal_id: write.principal_id }, condition: 'absent' }
    case 'replay':
      return { of, put: items.replay(write.replay), condition: 'absent' }
  }
}

/** A step of a principal as the writes of one transaction. */
export const principalWrites = ({ events, writes }: PrincipalStep): readonly TableWrite[] => [
  ...writes.map(principalWriteOf),
  ...events.map((event): TableWrite => {
    const put = items.event(keys.principal(event.chain).pk, event)
    return { of: 'event', put, condition: 'absent' }
  }),
]

const added = new Set(['pk', 'sk', 'ttl', 'touched_at'])

/** A record as it was before it had keys. */
export const recordOf = (item: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !added.has(name) && !/^gsi\d[ps]k$/.test(name)))
