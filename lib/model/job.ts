import * as z from 'zod'
import { signingAlgorithms } from './algorithms.ts'
import { approval } from './approval.ts'
import { digestOf } from './digest.ts'
import type { Event } from './event.ts'
import { grantBounds, grantPlace } from './grant.ts'
import {
  certificateId,
  grantId,
  issuerId,
  jobId,
  principalId,
  profileId,
  requesterId,
  teamName,
  ticketReference,
} from './ids.ts'
import { keyName } from './issuer.ts'
import { distinguishedName } from './names.ts'
import { certificatePlan, derBase64, issuerFacts, serialNumber, validityPeriod } from './plan.ts'
import { principalContent } from './principal-content.ts'
import { profileDocument } from './profile.ts'
import { queueNames } from './queue.ts'
import { batchContent, batchPlace } from './renewal-batch.ts'
import { finalReasons, revocationReasons } from './revocation.ts'
import { affectedProfile, revocationPlan } from './revocation-plan.ts'
import { shardCount, shardNumber } from './shards.ts'
import { instant } from './time.ts'

const revocable = z.strictObject({
  number: z.int().min(1),
  issuer_id: issuerId,
  serial: serialNumber,
  shard: shardNumber,
})

const certificateRequest = {
  certificate_id: certificateId,
  profile_id: profileId,
  profile_version: z.int().min(1),
  /** Whose certificate it is, where people are grouped in teams. */
  team: teamName.nullable().default(null),
  /** PKCS#10, DER: kept so that a renewal may certify the same key. */
  csr: derBase64,
  plan: certificatePlan,
}

const revocation = z.discriminatedUnion('operation', [
  z.strictObject({
    type: z.literal('Revocation'),
    /** `release` ends a hold, and nothing else. */
    operation: z.enum(['revoke', 'release']),
    certificate_id: certificateId,
    team: teamName.nullable().default(null),
    profile_id: profileId,
    issuer_id: issuerId,
    versions: z.array(revocable).min(1),
    reason: z.enum(revocationReasons),
    invalidity_date: instant.nullable(),
    /** The profiles whose rules bear on it: none on what only makes things safer. */
    profiles: z.array(affectedProfile),
  }),
  z.strictObject({
    type: z.literal('Revocation'),
    operation: z.literal('bulk'),
    chosen: revocationPlan.omit({ profiles: true, created_at: true }),
    /** The profiles of all that is revoked, each gated or not. */
    profiles: z.array(affectedProfile),
  }),
])

const issuerChangeOf = <O extends string>(operation: O) => ({
  type: z.literal('IssuerChange'),
  operation: z.literal(operation),
  issuer_id: issuerId,
  name: z.string().min(1).max(128),
})

/** What can be done to issuers: the first two take a CA key, the others none. */
const issuerChange = z.discriminatedUnion('operation', [
  z.strictObject({
    ...issuerChangeOf('create'),
    key: keyName,
    parent_id: issuerId.nullable(),
    crl_shards: shardCount,
    plan: certificatePlan,
  }),
  /** A request, signed by the CA key, for a parent outside. */
  z.strictObject({
    ...issuerChangeOf('request'),
    key: keyName,
    spki: derBase64,
    signing_algorithm: z.enum(signingAlgorithms),
    subject: distinguishedName.min(1),
    crl_shards: shardCount,
  }),
  /** The certificate that a parent outside made, and those above it. */
  z.strictObject({
    ...issuerChangeOf('import'),
    key: keyName,
    spki: derBase64,
    chain: z.array(derBase64).min(1).max(8),
    facts: issuerFacts,
    path_length: z.int().min(0).nullable(),
  }),
  z.strictObject({ ...issuerChangeOf('retire'), base_version: z.int().min(1) }),
  /** Its CA certificate on its parent's list, for good; it issues nothing more. */
  z.strictObject({
    ...issuerChangeOf('revoke'),
    base_version: z.int().min(1),
    parent_id: issuerId,
    serial: serialNumber,
    certificate_sha256: z.string().regex(/^[0-9a-f]{64}$/),
    reason: z.enum(finalReasons),
    invalidity_date: instant.nullable(),
  }),
])

/** A profile in force, as it was seen when something was asked for. */
const binding = z.strictObject({ profile_id: profileId, profile_version: z.int().min(1) })

/** What will be done, whole and fixed when the job is made. Its digest is what people approve. */
export const jobContent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Issuance'), ...certificateRequest }),
  z.strictObject({
    type: z.literal('Renewal'),
    ...certificateRequest,
    replaces: z.int().min(1),
    /** The place under a standing grant that it takes, instead of an approval of its own. */
    grant: grantPlace.optional(),
    /** The line of a batch that it is: then the approval is the batch's. */
    batch: batchPlace.optional(),
    /**
     * Whoever brought the CSR, where that is not the requester: they do not
     * decide either. Absent otherwise, and from what is older than this field.
     */
    on_behalf_of: principalId.optional(),
  }),
  /** Renewals that are asked for together, under one approval. */
  batchContent,
  revocation,
  z.strictObject({
    type: z.literal('ProfileChange'),
    operation: z.enum(['create', 'update', 'delete']),
    profile_id: profileId,
    /** The version the edit was made against; 0 for a new profile. */
    base_version: z.int().min(0),
    document: profileDocument,
    issuer: issuerFacts,
  }),
  issuerChange,
  /** Renewals of one certificate without a person each time. */
  z.strictObject({ type: z.literal('GrantChange'), operation: z.literal('grant'), ...grantBounds.shape }),
  principalContent,
  /** Another profile for a certificate that is there: nothing is signed, and its next renewal is made under it. */
  z.strictObject({
    type: z.literal('Rebinding'),
    certificate_id: certificateId,
    team: teamName.nullable().default(null),
    from: binding,
    to: binding,
  }),
])

export type JobContent = Readonly<z.infer<typeof jobContent>>

/** Who stands behind a request besides the requester: they do not decide on it. Null for nobody. */
export const broughtBy = (content: JobContent): string | null =>
  content.type === 'Renewal' ? (content.on_behalf_of ?? null) : null

/** Everybody who brought a CSR that is certified, besides the requester. */
export const bringersOf = (content: JobContent): readonly string[] => {
  if (content.type === 'RenewalBatch') return [...new Set(content.lines.map(({ brought_by }) => brought_by))]
  const one = broughtBy(content)
  return one === null ? [] : [one]
}

/** Everybody who answers for what a job results in, in the words that they are known by. */
export const ownersOf = (owner: string, content: JobContent): readonly string[] =>
  content.type === 'RenewalBatch'
    ? [...new Set([owner, ...content.lines.map((line) => line.owner)])]
    : [owner]

export const jobTypes = [
  'Issuance',
  'Renewal',
  'RenewalBatch',
  'Revocation',
  'ProfileChange',
  'IssuerChange',
  'GrantChange',
  'PrincipalChange',
  'Rebinding',
] as const
export const jobStatuses = [
  'AwaitingApproval',
  'Pending',
  'Running',
  'Completed',
  'Failed',
  'Cancelled',
] as const

export type JobStatus = (typeof jobStatuses)[number]

/** Certificates of a revocation, or of a batch of renewals. In the end, all that matched is dealt with. */
const progress = z.strictObject({
  matched: z.int().min(0),
  /** Of those that matched: dealt with, in their order. */
  done: z.int().min(0),
  /** Of those dealt with: revoked by this job, or opened as renewals by it. The others had changed before. */
  changed: z.int().min(0),
})

/** The unit of change: where it stands. What it does is its content, stored apart and never changed. */
export const job = z.strictObject({
  id: jobId,
  version: z.int().min(1),
  type: z.enum(jobTypes),
  status: z.enum(jobStatuses),
  /** The one privilege that can carry it out. */
  queue: z.enum(queueNames),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  certificate_id: certificateId.nullable(),
  profile_id: profileId.nullable(),
  profile_version: z.int().min(1).nullable(),
  issuer_id: issuerId.nullable(),
  /** Whoever answers for the result: never one of those who approve it. */
  owner: z.string().trim().min(1).max(256),
  requested_by: requesterId,
  reason: z.string().max(2000).nullable(),
  /** The ticket outside that it belongs to. */
  ticket: ticketReference.nullable().default(null),
  approval: approval.nullable(),
  /** The standing grant that is used instead of an approval, and the how manieth of its renewals this is. */
  grant: z
    .strictObject({ id: grantId, number: z.int().min(1) })
    .nullable()
    .default(null),
  /** The line of a batch that it is; absent from all else. */
  batch: batchPlace.optional(),
  /** Why the newest standing grants of the certificate are not. */
  outside_grants: z
    .array(z.strictObject({ id: grantId, detail: z.string().max(2000) }))
    .max(3)
    .default([]),
  lease: z.strictObject({ holder: z.string(), until: instant }).nullable(),
  attempts: z.int().min(0),
  /** How far a revocation has come; null for jobs that are done in one step. */
  progress: progress.nullable().default(null),
  error_message: z.string().max(2000).nullable(),
  created_at: instant,
  updated_at: instant,
})

export type Job = Readonly<z.infer<typeof job>>

/** Put on record before a key is used, so that whatever was signed can be named, and a retry signs the same. */
export const issuance = z.strictObject({
  job_id: jobId,
  serial: serialNumber,
  period: validityPeriod,
  tbs_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  planned_at: instant,
})

export type Issuance = Readonly<z.infer<typeof issuance>>

/** All that is stored of one job, read in one consistent query. */
export type JobFile = {
  readonly job: Job
  readonly content: JobContent
  readonly events: readonly Event[]
  readonly issuance: Issuance | null
}

/** SHA-256 over the canonical JSON of a job's content. */
export const contentDigest = (content: JobContent): string => digestOf(content)

const terminal: ReadonlySet<JobStatus> = new Set(['Completed', 'Failed', 'Cancelled'])

export const isTerminal = (status: JobStatus): boolean => terminal.has(status)

const steps: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  AwaitingApproval: ['Pending', 'Cancelled'],
  Pending: ['Running', 'Completed', 'Failed', 'Cancelled'],
  Running: ['Completed', 'Failed'],
  Completed: [],
  Failed: [],
  Cancelled: [],
}

/** Whether the state machine of a job has this step. A job may also stay where it is. */
export const mayBecome = (from: JobStatus, to: JobStatus): boolean => steps[from].includes(to)
