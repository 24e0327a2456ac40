import type { ApiKey } from '../model/api-key.ts'
import type { Certificate, CertificateVersion } from '../model/certificate.ts'
import type { Replay } from '../model/change.ts'
import type { Delegation } from '../model/delegation.ts'
import type { Ending } from '../model/ending.ts'
import type { Event } from '../model/event.ts'
import type { Compromise, GrantPlace } from '../model/grant.ts'
import type { Issuer } from '../model/issuer.ts'
import type { Job } from '../model/job.ts'
import type { OidcSubject } from '../model/oidc-subject.ts'
import type { Principal } from '../model/principal.ts'
import type { ProfileVersion } from '../model/profile.ts'
import type { NextCsr, Renewal } from '../model/renewal.ts'
import type { BatchPlace } from '../model/renewal-batch.ts'
import type { CrlHead, RevocationEntry, SerialStatus } from '../model/revocation.ts'
import {
  indexedCertificate,
  indexedDelegation,
  indexedEvent,
  indexedJob,
  indexedSerial,
  indexedSubject,
  oneOf,
  renewalDue,
} from './lists.ts'

/**
 * Every key of the table, in one place.
 *
 * | pk | sk | what |
 * |---|---|---|
 * | `JOB#<id>` | `JOB`, `CONTENT`, `EVENT#<n>` | a job, whole |
 * | `CERTIFICATE#<id>` | `CERTIFICATE`, `VERSION#<n>` | a certificate and its versions |
 * | `CERTIFICATE#<id>` | `RENEWAL`, `NEXT_CSR`, `EVENT#<n>` | when it renews, a CSR brought ahead, what its owner was told |
 * | `RENEWAL#POINTER` | `POINTER` | the oldest hour in which renewals may still be due |
 * | `SERIAL#<issuer>#<serial>` | `STATUS` | what OCSP answers |
 * | `CRL#<issuer>#<shard>` | `HEAD`, `ENTRY#<recorded at>#<serial>`, `EVENT#<n>` | a revocation list |
 * | `REVOCATION#<digest>` | `PLAN`, `TARGETS#<n>` | a planned revocation in bulk |
 * | `BATCH#<digest>` | `PLAN` | a planned batch of renewals |
 * | `GRANT#<certificate>` | `GRANT#<id>`, `COMPROMISE#<issuer>#<serial>` | the standing grants of a certificate, and what ended them |
 * | `USE#<grant>` | `LAST` | the newest place of a grant that was given away |
 * | `SPENT#<grant>` | `NUMBER#<n>`, `WINDOW#<n>` | the places of a grant that were signed for |
 * | `SPENT#<batch job>` | `LINE#<n>` | the lines of a batch that were signed for |
 * | `PROFILE#<id>` | `CURRENT`, `VERSION#<n>` | a profile |
 * | `ISSUER#<id>` | `ISSUER`, `END`, `REQUEST` | an issuer, that it issues no more, and what was asked of its parent outside |
 * | `PRINCIPAL#<id>` | `PRINCIPAL`, `KEY#<key id>`, `DELEGATION#<id>`, `EVENT#<n>`, `ENDED#<given by>#<what>#<from>` | a principal, its credentials, who stands in for it, what was taken away |
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
 * What is in the indexes is in `lists.ts`.
 */
export type Key = { readonly pk: string; readonly sk: string }
export type Item = Key & Readonly<Record<string, unknown>>

const padded = (n: number): string => String(n).padStart(8, '0')

export const keys = {
  job: (id: string): Key => ({ pk: `JOB#${id}`, sk: 'JOB' }),
  content: (id: string): Key => ({ pk: `JOB#${id}`, sk: 'CONTENT' }),
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
  renewalPlan: (digest: string): Key => ({ pk: `BATCH#${digest}`, sk: 'PLAN' }),
  grant: (certificate: string, id: string): Key => ({ pk: `GRANT#${certificate}`, sk: `GRANT#${id}` }),
  compromise: ({ certificate_id, issuer_id, serial }: Compromise): Key => ({
    pk: `GRANT#${certificate_id}`,
    sk: `COMPROMISE#${issuer_id}#${serial}`,
  }),
  grantUse: (grant: string): Key => ({ pk: `USE#${grant}`, sk: 'LAST' }),
  spentNumber: ({ id, number }: GrantPlace): Key => ({ pk: `SPENT#${id}`, sk: `NUMBER#${padded(number)}` }),
  spentWindow: ({ id, window }: GrantPlace): Key => ({ pk: `SPENT#${id}`, sk: `WINDOW#${padded(window)}` }),
  spentLine: ({ job_id, index }: BatchPlace): Key => ({ pk: `SPENT#${job_id}`, sk: `LINE#${padded(index)}` }),
  profile: (id: string): Key => ({ pk: `PROFILE#${id}`, sk: 'CURRENT' }),
  profileVersion: (id: string, n: number): Key => ({ pk: `PROFILE#${id}`, sk: `VERSION#${padded(n)}` }),
  issuer: (id: string): Key => ({ pk: `ISSUER#${id}`, sk: 'ISSUER' }),
  issuerEnd: (id: string): Key => ({ pk: `ISSUER#${id}`, sk: 'END' }),
  issuerRequest: (id: string): Key => ({ pk: `ISSUER#${id}`, sk: 'REQUEST' }),
  /** The row says nothing that its key does not. */
  ending: ({ principal_id, granted_by, what, time }: Ending): Key => ({
    pk: `PRINCIPAL#${principal_id}`,
    sk: `ENDED#${granted_by}#${what}#${time}`,
  }),
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

export const items = {
  job: (job: Job): Item => ({ ...keys.job(job.id), ...indexedJob(job), ...job }),
  event: (partition: string, event: Event): Item => ({
    ...keys.event(partition, event.sequence),
    ...indexedEvent(event),
    ...event,
  }),
  certificate: (certificate: Certificate): Item => ({
    ...keys.certificate(certificate.id),
    ...indexedCertificate(certificate),
    ...certificate,
  }),
  serial: (serial: SerialStatus): Item => ({
    ...keys.serial(serial.issuer_id, serial.serial),
    ...indexedSerial(serial),
    ...serial,
  }),
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
    ...oneOf('profiles', profile.id),
    ...profile,
  }),
  issuer: (issuer: Issuer): Item => ({
    ...keys.issuer(issuer.id),
    ...oneOf('issuers', issuer.id),
    ...issuer,
  }),
  principal: (principal: Principal): Item => ({
    ...keys.principal(principal.id),
    ...oneOf('principals', principal.id),
    ...principal,
  }),
  apiKey: (key: ApiKey): Item => ({ ...keys.apiKey(key.principal_id, key.id), ...key }),
  delegation: (delegation: Delegation): Item => ({
    ...keys.delegation(delegation.principal_id, delegation.id),
    ...indexedDelegation(delegation),
    ...delegation,
  }),
  oidcSubject: (subject: OidcSubject): Item => ({
    ...keys.oidcSubject(subject.id),
    ...indexedSubject(subject),
    ...subject,
  }),
  crlHead: (head: CrlHead): Item => ({ ...keys.crlHead(head.issuer_id, head.shard), ...head }),
  replay: (replay: Replay): Item => ({
    ...keys.replay(replay.principal_id, replay.key),
    ttl: Math.floor(new Date(replay.expires_at).getTime() / 1000),
    ...replay,
  }),
} as const

const added = new Set(['pk', 'sk', 'ttl', 'touched_at'])

/** A record as it was before it had keys. */
export const recordOf = (item: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !added.has(name) && !/^gsi\d[ps]k$/.test(name)))
