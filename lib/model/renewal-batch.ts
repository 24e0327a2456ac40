import { createHmac } from 'node:crypto'
import * as z from 'zod'
import { keyAlgorithms } from './algorithms.ts'
import { digestOf, sha256 } from './digest.ts'
import type { Event } from './event.ts'
import { certificateId, issuerId, jobId, profileId, requesterId, teamName } from './ids.ts'
import type { CertificatePlan } from './plan.ts'
import { instant } from './time.ts'

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/)

/** How many certificates one batch renews, under how many profiles, and how much text may say so. */
export const mostLines = 500
export const mostProfiles = 20
export const mostOctets = 360_000

/** Why a certificate that was chosen is not renewed with the others. */
export const excuses = [
  'not_found',
  'not_active',
  'renewal_open',
  'profile_not_in_force',
  'issuer_inactive',
  'no_team',
  'needs_csr',
  'csr_of_nobody',
  'key_used_before',
  'other_names',
  'not_allowed',
] as const

export type Excuse = (typeof excuses)[number]

/** Which certificates are to be renewed together: those with all that is named. */
export const renewalSelection = z.strictObject({
  ids: z.array(certificateId).min(1).max(mostLines).optional(),
  owner: z.string().trim().min(1).max(256).optional(),
  team: teamName.optional(),
  profile_id: profileId.optional(),
  issuer_id: issuerId.optional(),
  expires_before: instant.optional(),
})

export type RenewalSelection = Readonly<z.infer<typeof renewalSelection>>

/** The place of one renewal in a batch. */
export const batchPlace = z.strictObject({ job_id: jobId, index: z.int().min(0).max(mostLines) })

export type BatchPlace = Readonly<z.infer<typeof batchPlace>>

/**
 * One renewal of a batch, as its approvers see it. All of it follows from the
 * renewal itself, so that a signer can tell whether they were shown the truth.
 */
export const batchLine = z.strictObject({
  certificate_id: certificateId,
  /** The version that it replaces: nothing is renewed that was renewed since. */
  replaces: z.int().min(1),
  owner: z.string().min(1).max(256),
  team: teamName.nullable(),
  profile_id: profileId,
  issuer_id: issuerId,
  subject: z.array(z.string()),
  names: z.array(z.string()).min(1),
  key_algorithm: z.enum(keyAlgorithms),
  spki_sha256: sha256Hex,
  lifetime_seconds: z.int().min(60),
  csr_sha256: sha256Hex,
  /** Whoever brought the CSR: they do not decide. */
  brought_by: requesterId,
  /** Of the content of the renewal, whole, but for its place in the batch. */
  content_sha256: sha256Hex,
})

export type BatchLine = Readonly<z.infer<typeof batchLine>>

/** Renewals that are asked for together. Each profile is at the version that all of them are made under. */
export const batchContent = z.strictObject({
  type: z.literal('RenewalBatch'),
  selection: renewalSelection,
  /** What the serial numbers are made of, so that the same renewal can be made again. */
  seed: sha256Hex,
  /** The team that all of them belong to; null where they belong to several, or to none. */
  team: teamName.nullable(),
  profiles: z
    .array(z.strictObject({ id: profileId, version: z.int().min(1) }))
    .min(1)
    .max(mostProfiles),
  count: z.int().min(1).max(mostLines),
  lines: z.array(batchLine).min(1).max(mostLines),
})

export type BatchContent = Readonly<z.infer<typeof batchContent>>

/** A batch that was planned, and until when it may be asked for. */
export const plannedBatch = z.strictObject({ batch: batchContent, valid_until: instant })

export type PlannedBatch = Readonly<z.infer<typeof plannedBatch>>

/** A renewal, as far as a batch bears on it. */
export type Batched = {
  readonly type: 'Renewal'
  readonly certificate_id: string
  readonly team: string | null
  readonly replaces: number
  readonly profile_id: string
  readonly profile_version: number
  readonly csr: string
  readonly plan: CertificatePlan
  readonly on_behalf_of?: string | undefined
  readonly batch?: BatchPlace | undefined
}

/** What a renewal says of itself, and whose it is, as a line. */
export const lineOf = (renewal: Batched, owner: string): BatchLine => {
  const { batch: _, ...content } = renewal
  const { plan } = content
  return {
    certificate_id: content.certificate_id,
    replaces: content.replaces,
    owner,
    team: content.team,
    profile_id: content.profile_id,
    issuer_id: plan.issuer.id,
    subject: plan.subject.map(({ type, value }) => `${type}=${value}`),
    names: plan.subject_alternative_names.map(({ type, value }) => `${type}:${value}`),
    key_algorithm: plan.public_key.algorithm,
    spki_sha256: plan.public_key.spki_sha256,
    lifetime_seconds: plan.validity.lifetime_seconds,
    csr_sha256: sha256(Buffer.from(content.csr, 'base64')),
    brought_by: content.on_behalf_of ?? '',
    content_sha256: digestOf(content),
  }
}

/**
 * The bytes that a certificate's serial number in a batch is made of: nobody
 * can predict them who does not know the seed, and whoever does gets the same.
 */
export const seeded =
  (seed: string, certificate_id: string) =>
  (octets: number): Uint8Array =>
    createHmac('sha256', Buffer.from(seed, 'hex')).update(certificate_id).digest().subarray(0, octets)

/** The job that a line becomes: the same however often it is opened. */
export const lineJobId = ({ job_id, index }: BatchPlace): string =>
  `job-${digestOf({ batch: job_id, index }).slice(0, 24)}`

const teamOf = (lines: readonly BatchLine[]): string | null => {
  const [first, ...others] = new Set(lines.map(({ team }) => team))
  return others.length === 0 ? (first ?? null) : null
}

/** A batch of these lines, in the one order that a set of them has. */
export const batchOf = (
  lines: readonly BatchLine[],
  { selection, seed, profiles }: Pick<BatchContent, 'selection' | 'seed' | 'profiles'>,
): BatchContent => ({
  type: 'RenewalBatch',
  selection,
  seed,
  team: teamOf(lines),
  profiles: profiles.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  count: lines.length,
  lines: lines.toSorted((a, b) => (a.certificate_id < b.certificate_id ? -1 : 1)),
})

/** What is wrong with a batch by itself. */
function* batchComplaints({ count, lines, team, profiles }: BatchContent): Generator<string> {
  if (count !== lines.length) yield `the batch says that it has ${count} lines, and has ${lines.length}`
  if (new Set(lines.map(({ certificate_id }) => certificate_id)).size < lines.length)
    yield 'the batch has a certificate twice'
  if (team !== teamOf(lines)) yield 'the batch says that it is for another team than its lines'
  if (new Set(profiles.map(({ id }) => id)).size < profiles.length) yield 'the batch has a profile twice'
}

/** Why a renewal is not the one that a batch has in this place; nothing where it is. */
export function* lineComplaints(
  batch: BatchContent,
  renewal: Batched,
  { index, owner }: { readonly index: number; readonly owner: string },
): Generator<string> {
  yield* batchComplaints(batch)
  const line = batch.lines[index]
  if (line === undefined) return yield `the batch has no line ${index}`
  if (digestOf(line) !== digestOf(lineOf(renewal, owner)))
    yield `line ${index} of the batch is for another renewal`
  const { profile_id, profile_version } = renewal
  if (!batch.profiles.some(({ id, version }) => id === profile_id && version === profile_version))
    yield `the batch is not for version ${profile_version} of profile ${profile_id}`
}

const skipped = z.array(z.object({ certificate_id: z.string(), detail: z.string() }))

/** Why lines were skipped, by their certificate, as it was put on record. */
export const skippedIn = (events: readonly Event[]): ReadonlyMap<string, string> =>
  new Map(
    events
      .filter(({ type }) => type === 'renewals_opened')
      .flatMap(({ details }) => skipped.parse(details.skipped))
      .map(({ certificate_id, detail }) => [certificate_id, detail]),
  )

/** What a signer keeps of a line before it uses a key: by which job, and what it will sign. */
export const spentLine = batchPlace.extend({ spent_by: jobId, digest: z.string(), time: instant })

export type SpentLine = Readonly<z.infer<typeof spentLine>>
