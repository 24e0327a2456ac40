import type { SigningAlgorithm } from './model/algorithms.ts'
import type { ApiKey, PresentedKey } from './model/api-key.ts'
import type { ApprovalState } from './model/approval.ts'
import type { ApprovalPolicy, ApprovalStage } from './model/approval-policy.ts'
import type { Certificate, CertificateVersion } from './model/certificate.ts'
import type { Change, Replay, Write } from './model/change.ts'
import type { PushRecord, PushTarget } from './model/crl-push.ts'
import type { Delegation, Giver } from './model/delegation.ts'
import type { Event, EventType } from './model/event.ts'
import type { FounderFile } from './model/founder.ts'
import type { Grant, GrantUse } from './model/grant.ts'
import type { Issuer, IssuerRequest } from './model/issuer.ts'
import type { Job, JobFile, JobStatus } from './model/job.ts'
import type { KeyUse } from './model/key-use.ts'
import type { EventPlace } from './model/notification.ts'
import type { OidcSubject } from './model/oidc-subject.ts'
import type { CertificatePlan, ValidityPeriod } from './model/plan.ts'
import type { Principal, Role } from './model/principal.ts'
import type { PrincipalFile, PrincipalStep, PrincipalWrite } from './model/principal-change.ts'
import type { ProfileVersion } from './model/profile.ts'
import type { QueueName } from './model/queue.ts'
import type { NextCsr, Renewal } from './model/renewal.ts'
import type { PlannedBatch } from './model/renewal-batch.ts'
import type { Rules } from './model/requirement.ts'
import type { CrlHead, RevocationEntry, SerialStatus } from './model/revocation.ts'
import type { CommonTrait, RevocationPlan, Target } from './model/revocation-plan.ts'
import type { WebhookSecret } from './model/webhook.ts'
import type { OctetStream } from './pki/crl.ts'

/** A page of a list, oldest first. `next` continues it, and is null at its end. */
export type Page<T> = {
  readonly rows: readonly T[]
  readonly next: string | null
  /** Where rows are that cannot be read, and so are in no page. */
  readonly unreadable?: readonly string[]
}
export type Paging = { readonly limit: number; readonly after: string | null }

/** What was stored, or which condition did not hold; then nothing was stored. */
export type Committed = 'committed' | { readonly conflict: Stored }
export type Stored =
  | 'job'
  | 'event'
  | 'access'
  | 'cursor_secret'
  | 'crl_head'
  | 'renewal_pointer'
  | 'responder'
  | 'plan'
  | 'serial'
  | 'answer'
  | 'push'
  | Write['write']
  | PrincipalWrite['write']

/** A job whose rows cannot be read as a job: nothing may follow from it but a record that it was found. */
export type UnreadableJob = { readonly unreadable: string; readonly events: readonly Event[] }

export type Jobs = {
  /** Everything of one job, strongly consistent: one call. */
  readonly load: (id: string) => Promise<JobFile | UnreadableJob | null>
  /** Where these jobs stand, in their order, strongly consistent; null for one that is not there. */
  readonly heads: (ids: readonly string[]) => Promise<readonly (Job | null)[]>
  /** One transaction: all of it or nothing. */
  readonly commit: (change: Change) => Promise<Committed>
  readonly list: (filter: JobFilter, paging: Paging) => Promise<Page<Job>>
  /** Jobs that want looking after: overdue approvals, dead leases, what stands still. */
  readonly due: (now: string, limit: number) => Promise<readonly string[]>
  /** When the approval that waits longest was asked for; null where none waits. */
  readonly waitingSince: () => Promise<string | null>
  /** Lets what follows from a job's state happen once more, and sets when to look again. Changes no state. */
  readonly touch: (job: Job, now: string, due: string) => Promise<void>
  /** Ids of the revocations in bulk that are not over. */
  readonly openBulkRevocations: () => Promise<readonly string[]>
}

export type JobFilter = {
  readonly certificate_id?: string | undefined
  readonly status?: JobStatus | undefined
  readonly type?: Job['type'] | undefined
  readonly approval_state?: ApprovalState | undefined
  readonly gated?: boolean | undefined
}

export type Events = {
  readonly list: (filter: EventFilter, paging: Paging) => Promise<Page<Event>>
}

export type EventFilter = {
  readonly actor?: string | undefined
  readonly action?: EventType | undefined
  readonly resource?: string | undefined
  /** Instants; `from` inclusive, `to` exclusive. */
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export type Certificates = {
  readonly get: (id: string) => Promise<Certificate | null>
  /** The certificate and all its versions, strongly consistent, oldest first: one call. */
  readonly load: (
    id: string,
  ) => Promise<{ readonly certificate: Certificate; readonly versions: readonly CertificateVersion[] } | null>
  readonly list: (filter: CertificateFilter, paging: Paging) => Promise<Page<Certificate>>
}

export type CertificateFilter = {
  readonly profile_id?: string | undefined
  readonly issuer_id?: string | undefined
  readonly owner?: string | undefined
  readonly status?: Certificate['status'] | undefined
  readonly expires_before?: string | undefined
}

/** The standing grants of a certificate, oldest first, and what may have ended them. */
export type CertificateGrants = {
  readonly grants: readonly Grant[]
  /** When the newest compromise of one of its keys was put on record; null for none. */
  readonly compromised_at: string | null
}

export type Grants = {
  /** Strongly consistent: one call. */
  readonly of: (certificate_id: string) => Promise<CertificateGrants>
  /** The newest place of a grant that was given away, strongly consistent; null before the first. */
  readonly lastUse: (id: string) => Promise<GrantUse | null>
}

/** What the index says of a renewal that is due. Instants. */
export type DueRenewal = {
  readonly certificate_id: string
  readonly next_at: string
  readonly not_after: string
}

/** A certificate as its renewal sees it. */
export type RenewalFile = {
  readonly certificate: Certificate
  /** Null for what was issued before there were scheduled renewals. */
  readonly renewal: Renewal | null
  readonly next_csr: NextCsr | null
  readonly newest: CertificateVersion | null
}

export type Renewals = {
  /** Strongly consistent, in two calls, however many versions there are. */
  readonly load: (certificate_id: string) => Promise<RenewalFile | null>
  /** How many partitions of the index an hour has. */
  readonly shards: number
  /** What is due by `now` of one hour (`2026-03-01T12`), soonest first. Reads nothing that is not due. */
  readonly due: (
    bucket: { readonly hour: string; readonly shard: number },
    now: string,
    limit: number,
  ) => Promise<readonly DueRenewal[]>
  /** Replaces the row before it; a row that changes together with a job is part of that job's change. */
  readonly put: (renewal: Renewal) => Promise<Committed>
  /** The newest of what a certificate's owner was told. */
  readonly lastEvent: (certificate_id: string) => Promise<Event | null>
  /** Lets the sweep come back to it later, whatever is in it. */
  readonly postpone: (due: DueRenewal, until: string) => Promise<void>
  /** The oldest hour in which something may still be due; null before the first sweep. */
  readonly pointer: () => Promise<string | null>
  /** Nothing happens where another sweep moved it. */
  readonly movePointer: (from: string | null, to: string) => Promise<void>
}

export type Profiles = {
  /** The version in force, strongly consistent. Deleted profiles are returned as such. */
  readonly current: (id: string) => Promise<ProfileVersion | null>
  /** The version a job was made under beside the one in force: one call. */
  readonly rules: (id: string, pinned: number | null) => Promise<Rules>
  /** The number of the newest version on record, strongly consistent; null where there is none. One call. */
  readonly newest: (id: string) => Promise<number | null>
  readonly list: (paging: Paging) => Promise<Page<ProfileVersion>>
}

export type Issuers = {
  readonly get: (id: string) => Promise<Issuer | null>
  /** What was asked of a parent outside. */
  readonly request: (id: string) => Promise<IssuerRequest | null>
  readonly list: (paging: Paging) => Promise<Page<Issuer>>
}

/** A credential that was found, with whose it is and when it was last seen, to the hour. */
export type Found<Credential> = {
  readonly principal: Principal
  readonly credential: Credential
  readonly last_used_at: string | null
}

export type Principals = {
  /** A key and its principal by the key's id: one strongly consistent call. */
  readonly findByKey: (presented: PresentedKey) => Promise<Found<ApiKey> | null>
  /** An OIDC subject and its principal, strongly consistent: two calls. */
  readonly findBySubject: (issuer: string, subject: string) => Promise<Found<OidcSubject> | null>
  /** A principal and its newest event, strongly consistent: what it takes to change it. */
  readonly get: (id: string) => Promise<PrincipalFile | null>
  readonly apiKey: (principal_id: string, key_id: string) => Promise<ApiKey | null>
  /** All of a principal's, oldest first. */
  readonly apiKeys: (principal_id: string) => Promise<readonly ApiKey[]>
  readonly oidcSubject: (id: string) => Promise<OidcSubject | null>
  readonly oidcSubjects: (principal_id: string, paging: Paging) => Promise<Page<OidcSubject>>
  /** A principal and whom they ever had stand in for them, strongly consistent: two calls. */
  readonly giver: (id: string) => Promise<Giver | null>
  /** In whose place this principal may, might or could decide, by the beginning of each delegation. */
  readonly delegationsTo: (delegate_id: string, paging: Paging) => Promise<Page<Delegation>>
  readonly list: (paging: Paging) => Promise<Page<Principal>>
  /** One transaction: all of it or nothing. */
  readonly commit: (change: PrincipalStep) => Promise<Committed>
}

/** Those whom no job made. */
export type Founders = {
  /** Strongly consistent: one call. */
  readonly get: (id: string) => Promise<FounderFile | null>
}

/** What is kept of requests themselves. */
export type Accesses = {
  /** Puts a refused request on record. */
  readonly record: (event: Event) => Promise<void>
  /** Notes the hour in which a credential was used; nothing happens where another request noted it first. */
  readonly noteUse: (credential_id: string, hour: string, earlier: string | null) => Promise<void>
  /** When these credentials were last used, in their order. */
  readonly lastUses: (credential_ids: readonly string[]) => Promise<readonly (string | null)[]>
}

/** Makes cursors tamper-evident: made by whoever needs it first, the same for all who come after. */
export type CursorSecret = () => Promise<Uint8Array>

/** Whom a signed token names, by which issuer, and the roles that its groups are mapped to. */
export type TokenClaims = {
  readonly issuer: string
  readonly subject: string
  readonly roles: readonly Role[]
}

/** Null for a token that is not a valid one of a configured issuer, for whatever reason. */
export type VerifyToken = (token: string) => Promise<TokenClaims | null>

export type Replays = {
  readonly find: (principal_id: string, key: string) => Promise<Replay | null>
  /** Keeps an answer that no step was stored with; false where its key has one already. */
  readonly keep: (replay: Replay) => Promise<boolean>
}

/** What a revocation needs to know of one certificate, all of it as stored. */
export type Revocable = {
  readonly target: Target
  readonly certificate: Certificate
  readonly version: CertificateVersion
  readonly serial: SerialStatus
}

export type Revocables = {
  /** In one strongly consistent call, for at most 30 targets; one that is not whole is a fault. */
  readonly load: (targets: readonly Target[]) => Promise<readonly Revocable[]>
}

/** What was issued, as far as revocations in bulk ask for it. */
export type SerialInventory = {
  /** Every certificate with this trait that ends after an instant. */
  readonly unexpired: (having: CommonTrait, now: string) => AsyncIterable<SerialStatus>
  readonly named: (issuer_id: string, serials: readonly string[]) => Promise<readonly (SerialStatus | null)[]>
}

/** Batches of renewals that were planned, by the digest of what would be done. */
export type RenewalPlans = {
  readonly get: (digest: string) => Promise<PlannedBatch | null>
  /** Once, however often. */
  readonly put: (digest: string, planned: PlannedBatch) => Promise<void>
}

/** Plans by their digest. */
export type RevocationPlans = {
  readonly get: (digest: string) => Promise<RevocationPlan | null>
  /** Once, however often. */
  readonly put: (plan: RevocationPlan, lines: readonly string[]) => Promise<void>
  readonly lines: (digest: string) => AsyncIterable<string>
}

/** The record that relying parties are answered from. */
export type SerialStatuses = {
  readonly get: (issuer_id: string, serial: string) => Promise<SerialStatus | null>
}

export type RevocationLists = {
  readonly head: (issuer_id: string, shard: number) => Promise<CrlHead | null>
  /** Records the event and takes the next number; false where somebody else took it. */
  readonly advance: (head: CrlHead, event: Event) => Promise<boolean>
  /** Records what a key is about to be used for; false where another event came first. */
  readonly record: (issuer_id: string, shard: number, event: Event) => Promise<boolean>
  /** What was recorded of a shard since an instant, or ever: strongly consistent, oldest first. */
  readonly entries: (issuer_id: string, shard: number, from: string | null) => AsyncIterable<RevocationEntry>
  readonly lastEvent: (issuer_id: string, shard: number) => Promise<Event | null>
}

/** A delegated OCSP responder: its certificate in the open, its private key sealed. */
export type ResponderRecord = {
  readonly issuer_id: string
  readonly version: number
  readonly certificate: string
  /** Ciphertext of the PKCS#8 key under the sealing key, base64. */
  readonly sealed_key: string
  readonly issuer_subject: string
  readonly issuer_spki: string
  readonly not_after: string
  readonly renew_at: string
}

export type Responders = {
  readonly get: (issuer_id: string) => Promise<ResponderRecord | null>
  readonly put: (record: ResponderRecord) => Promise<boolean>
}

/** Keeps a secret for one function: what one side seals only the other can open. */
export type Seal = (plain: Uint8Array, context: string) => Promise<string>
export type Unseal = (sealed: string, context: string) => Promise<Uint8Array>

/** A digest to sign (never a message), and the event that put it on record before. */
export type Signable = { readonly digest: Uint8Array; readonly event_id: string }

/** The CA keys, by name. They never leave KMS. */
export type Signer = {
  /**
   * The signature as X.509 carries it. The event goes along in the request, so
   * that each use of a key can be held against the record.
   */
  readonly sign: (key: string, algorithm: SigningAlgorithm, what: Signable) => Promise<Uint8Array>
}

/** What is ordered of a certificate authority, by the name that the deployment has for it. */
export type AuthorityOrder = {
  readonly authority: string
  /** PKCS#10, DER. */
  readonly csr: Uint8Array
  readonly plan: CertificatePlan
  readonly period: ValidityPeriod
  /** The same order with the same token is one order, for as long as AWS remembers: five minutes. */
  readonly token: string
}

/** AWS Private CA. */
export type Authority = {
  /** Places an order; the ARN under which its certificate will be. */
  readonly issue: (order: AuthorityOrder) => Promise<string>
  /** The certificate, DER; null while it is being made. */
  readonly certificate: (asked: {
    readonly authority: string
    readonly certificate_arn: string
  }) => Promise<Uint8Array | null>
  /** Once or more: a certificate that is revoked stays so. */
  readonly revoke: (asked: {
    readonly authority: string
    readonly serial: string
    readonly reason: string
  }) => Promise<void>
}

/** CA certificate and chain of an authority by name, PEM; null for one that this deployment does not have. */
export type AuthorityChains = { readonly chain: (authority: string) => Promise<string | null> }

/** SubjectPublicKeyInfo, DER, of a CA key by name; null for a key that this deployment does not have. */
export type PublicKeys = { readonly publicKey: (key: string) => Promise<Uint8Array | null> }

/** A key that vouches for somebody's word. What it signs is hashed here; the signature is DER. */
export type ReceiptSigner = {
  readonly kid: string
  readonly sign: (input: Uint8Array) => Promise<Uint8Array>
}

type ReceiptKey = { readonly kid: string; readonly spki: Uint8Array }

/** The public keys that receipts are verified with: for decisions of people, and for deadlines. */
export type ReceiptKeys = { readonly decision: ReceiptKey; readonly clock: ReceiptKey }

/** What CloudTrail says of CA keys, beside what is on record. */
export type KeyUses = {
  /** Any event by its id; null where there is none. */
  readonly event: (id: string) => Promise<Event | null>
  /** The CA key that a request for a parent outside is to be signed with; null for any other job. */
  readonly requestKey: (job_id: string) => Promise<string | null>
  /** Keeps a use, once however often it is told; how many are kept for its event. */
  readonly keep: (use: KeyUse) => Promise<number>
  /** Puts on record, once, that a use has no account. */
  readonly report: (event: Event) => Promise<void>
}

/** What CloudFront serves. */
export type StatusSite = {
  /** Replaces the object unless a newer one (by `order`) is there already. */
  readonly publish: (object: {
    readonly path: string
    readonly body: OctetStream
    readonly content_type: string
    readonly max_age_seconds: number
    readonly order: number
  }) => Promise<'published' | 'newer_there'>
}

/** What relying parties fetch, as it is at its path; null where nothing is. */
export type PublishedLists = { readonly get: (path: string) => Promise<Uint8Array | null> }

/** What a consumer of lists calls the one that it was given, or why it will not have it. */
export type Taken = { readonly reference: string } | { readonly refused: string }

type GivenList = {
  readonly issuer_id: string
  /** Of the trust anchor or the trust store. */
  readonly arn: string
  readonly pem: string
}

/** AWS services that have to be given lists. */
export type ListConsumers = {
  /** Replaces the list that is called `reference`, or ours of that trust anchor, or is the first. */
  readonly rolesAnywhere: (given: GivenList & { readonly reference: string | null }) => Promise<Taken>
  /** Adds a list to those that a trust store has. */
  readonly addToTrustStore: (given: GivenList & { readonly number: number }) => Promise<Taken>
  /** Takes lists from a trust store; those that are not there are no matter. */
  readonly removeFromTrustStore: (arn: string, references: readonly string[]) => Promise<void>
}

/** What became of lists that were given to others. */
export type ListPushes = {
  readonly get: (target: PushTarget) => Promise<PushRecord | null>
  readonly lastEvent: (target: PushTarget) => Promise<Event | null>
  /** One transaction; false where somebody else recorded another. */
  readonly put: (record: PushRecord, event: Event) => Promise<boolean>
}

/** The rows of each shard, kept beside the table; only as good as their hash in the shard's head. */
export type ShardRows = {
  readonly get: (issuer_id: string, shard: number) => Promise<Uint8Array | null>
  /** Replaces them unless newer ones (by `order`) are there already. */
  readonly put: (issuer_id: string, shard: number, rows: Uint8Array, order: number) => Promise<void>
}

/** Waiting approvals, as executions that a person can watch. */
export type Workflows = {
  /** Once per approval, however often it is called. */
  readonly start: (input: WorkflowInput) => Promise<void>
  /** Wakes the execution; it re-reads the decision itself. `over`: nothing waits on this token any more. */
  readonly wake: (token: string) => Promise<'woken' | 'over'>
}

export type WorkflowInput = {
  readonly approval_id: string
  readonly job_id: string
  readonly job_type: string
  readonly queue: QueueName
  readonly requested_by: string
  readonly requested_by_name: string
  readonly profile_id: string | null
  readonly profile_version: number | null
  readonly summary: string
  readonly digest: string
  readonly owner: string
  readonly reason: string | null
  readonly ticket: string | null
  readonly quorum: number
  readonly stages: readonly ApprovalStage[]
  readonly order: ApprovalPolicy['order']
  readonly votes: readonly Vote[]
  readonly created_at: string
  /** The deadline. */
  readonly expires_at: string
}

/** A word on an approval, as its execution shows it; `for` is there where it was given in somebody's place. */
export type Vote = {
  readonly by: string
  readonly for?: string
  readonly verdict: string
  readonly stage: string | null
  readonly time: string
}

/** Task tokens, kept apart: written by the park function, read by the relay alone. */
export type Tokens = {
  readonly park: (approval_id: string, token: string, keep_until: string) => Promise<void>
}

export type ParkedTokens = {
  readonly take: (approval_id: string) => Promise<string | null>
  readonly drop: (approval_id: string, token: string) => Promise<void>
}

export type Queues = {
  readonly dispatch: (queue: QueueName, job_id: string) => Promise<void>
  /** Everything of an issuer, or only the lists of these shards. */
  readonly publishStatus: (issuer_id: string, shards: readonly number[] | null) => Promise<void>
  /** Has people told of an event, which is read again where it is. */
  readonly notify: (place: EventPlace) => Promise<void>
}

/** What was told of events, and to whom. */
export type Notifications = {
  readonly event: (place: EventPlace) => Promise<Event | null>
  /** Everything recorded in the chain of one notification, strongly consistent. */
  readonly recorded: (chain: string) => Promise<readonly Event[]>
  /** False where somebody else recorded something in that place: nothing was stored. */
  readonly record: (events: readonly Event[]) => Promise<boolean>
}

/** Whether a notification arrived; if not, why, in words that hold no secret. */
export type Delivery = { readonly delivered: true } | { readonly delivered: false; readonly reason: string }

export type WebhookCall = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends to a place outside. Whatever goes wrong is an answer, not a fault. */
export type Post = (call: WebhookCall) => Promise<Delivery>

export type TopicMessage = {
  readonly subject: string
  /** For people. */
  readonly text: string
  /** For programs: JSON. */
  readonly json: string
  /** What subscriptions filter by. */
  readonly attributes: Readonly<Record<string, string>>
}

/** Whoever subscribed is told; an answer, as above. */
export type Topic = { readonly publish: (message: TopicMessage) => Promise<Delivery> }

/** The secret of a webhook by its name; `missing` where nobody has put it there yet. */
export type WebhookSecrets = {
  readonly get: (
    name: string,
  ) => Promise<{ readonly secret: WebhookSecret } | { readonly missing: true } | { readonly failed: string }>
}

/** A signed answer, kept so that whoever asks the same within its window gets the same octets. */
export type SignedAnswer = {
  readonly body: Uint8Array
  readonly this_update: string
  readonly next_update: string
  /** Until when it is given again. */
  readonly fresh_until: string
  /** The versions of the serials that it speaks of, in their order; 0 for one that was never issued. */
  readonly versions: readonly number[]
}

export type SignedAnswers = {
  /** Strongly consistent; `key` names the question. */
  readonly get: (issuer_id: string, key: string) => Promise<SignedAnswer | null>
  /**
   * Keeps the answer about one serial, unless that serial has changed since
   * (`stale`), or another answer was kept in place of the one before.
   */
  readonly keep: (kept: {
    readonly issuer_id: string
    readonly serial: string
    readonly key: string
    readonly answer: SignedAnswer
    readonly before: SignedAnswer | null
  }) => Promise<'kept' | 'stale' | 'other_there'>
}

/** What a relying party asks of OCSP: DER as it was sent, or a serial number as people write it. */
export type OcspQuery = { readonly der: Uint8Array } | { readonly serial: string }

export type OcspReply = {
  /** OCSPResponse, DER. */
  readonly body: Uint8Array
  /** How long caches may keep it, in seconds; 0 for errors and for answers with a nonce. */
  readonly max_age_seconds: number
  /** From when on it says so; null for errors. */
  readonly this_update: string | null
  readonly outcome: 'answered' | 'malformed' | 'unauthorized' | 'unknown_issuer' | 'fault'
}
