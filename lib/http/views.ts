import * as z from 'zod'
import { type ApiKey, apiKey } from '../model/api-key.ts'
import { approval, approvalStates, decision } from '../model/approval.ts'
import { approvalStage, stageOrders } from '../model/approval-policy.ts'
import { type Certificate, certificate, certificateVersion } from '../model/certificate.ts'
import { approvalsOf } from '../model/decide.ts'
import { type Delegation, delegation } from '../model/delegation.ts'
import type { Difference } from '../model/difference.ts'
import { event, unreadableEvent } from '../model/event.ts'
import { type Grant, type GrantStanding, grant, grantStates } from '../model/grant.ts'
import { approvalIdOf, jobOfGrant } from '../model/ids.ts'
import { type Issuer, issuer } from '../model/issuer.ts'
import { type Job, type JobFile, job, jobContent, jobStatuses } from '../model/job.ts'
import { type OidcSubject, oidcSubject } from '../model/oidc-subject.ts'
import { type Principal, principal } from '../model/principal.ts'
import { type ProfileVersion, profileVersion } from '../model/profile.ts'
import { type NextCsr, nextCsr, renewal } from '../model/renewal.ts'
import { batchLine, excuses } from '../model/renewal-batch.ts'
import { target } from '../model/revocation-plan.ts'
import { missingOf } from '../model/staging.ts'
import { harmless, summaryOf } from '../model/summary.ts'
import { instant } from '../model/time.ts'
import { warningsOf } from '../model/warnings.ts'

/** What the API shows of our records, and how. Each view is a schema and the function that makes it. */

export const certificateView = certificate.omit({ version: true })

export const viewCertificate = ({ version: _, ...rest }: Certificate): z.infer<typeof certificateView> => rest

export const versionView = certificateVersion.omit({ csr: true })

const window = { start: instant, end: instant }

/** Where the renewal of a certificate stands. */
export const renewalView = z.strictObject({
  ...renewal.pick({ certificate_id: true, certificate_version: true, state: true, next_at: true }).shape,
  /** When it renews: at a moment in the window; what waits for people opens earlier. */
  window: z.strictObject({ ...window, at: instant, opens_at: instant }),
  not_after: instant,
  /** The renewal that is open, or the last one that was. */
  job_id: renewal.shape.job_id,
  attempts: z.int(),
  max_attempts: z.int(),
  /** By when a CSR must be there; null where none is waited for. */
  csr_deadline: instant.nullable(),
  /** Expiry alerts given for this version, by how long before its end. */
  alerts: z.array(z.string()),
  last_error: z.string().nullable(),
  next_csr: nextCsr
    .pick({ spki_sha256: true, uploaded_by: true, uploaded_at: true, used_by: true })
    .nullable(),
})

export const nextCsrView = nextCsr.omit({ csr: true, version: true })

export const viewNextCsr = ({ csr: _, version: __, ...rest }: NextCsr): z.infer<typeof nextCsrView> => rest

const matched = { matched: z.int() }

/** What a renewal in bulk would do. `digest` names it; null where nothing is renewed. */
export const renewalPlanView = z.strictObject({
  digest: z.string().nullable(),
  ...matched,
  renewable: z.int(),
  not_renewable: z.int(),
  reasons: z.array(z.strictObject({ reason: z.enum(excuses), ...matched })),
  /** The first hundred that are left out. */
  excluded: z.array(
    z.strictObject({ certificate_id: z.string(), reason: z.enum(excuses), detail: z.string() }),
  ),
  requires_approval: z.boolean(),
  /** How many people must approve. */
  quorum: z.int(),
  profiles: z.array(z.strictObject({ id: z.string(), version: z.int(), ...matched })),
  /** Those with the most, a hundred at most. */
  owners: z.array(z.strictObject({ owner: z.string(), ...matched })),
  /** The first hundred. */
  first: z.array(batchLine.extend({ csr_from: z.enum(['next-csr', 'reuse']) })),
})

/** What became of one line of a batch. */
export const batchedRenewalView = z.strictObject({
  index: z.int(),
  certificate_id: z.string(),
  replaces: z.int(),
  /** Null for what was not opened. */
  job_id: z.string().nullable(),
  status: z.enum([...jobStatuses, 'NotOpened', 'Skipped']),
  /** Why it was skipped, or failed. */
  detail: z.string().nullable(),
})

/** RFC 9773 §4.2, in the words of this API. */
export const renewalInfoView = z.strictObject({
  certificate_id: z.string(),
  certificate_version: z.int(),
  /** RFC 9773 §4.1; null for a certificate without an authority key identifier. */
  cert_id: z.string().nullable(),
  suggested_window: z.strictObject(window),
  because: z.enum(['policy', 'revoked', 'revocation_planned']),
  retry_after_seconds: z.int(),
})

export const jobView = job.omit({ version: true, approval: true, lease: true, queue: true }).extend({
  approval_id: z.string().nullable(),
})

export const viewJob = ({ version: _, approval: decided, lease: __, queue: ___, ...rest }: Job) => ({
  ...rest,
  approval_id: decided === null ? null : approvalIdOf(rest.id),
})

export const approvalRow = z.strictObject({
  id: z.string(),
  state: z.enum(approvalStates),
  kind: job.shape.type,
  certificate_id: job.shape.certificate_id,
  job_id: z.string(),
  profile_id: job.shape.profile_id,
  profile_version: job.shape.profile_version,
  requested_by: z.string(),
  owner: z.string(),
  reason: z.string().nullable(),
  ticket: job.shape.ticket,
  quorum: z.int(),
  stages: z.array(approvalStage),
  order: z.enum(stageOrders),
  decisions: z.array(decision),
  /** The reminders that are still to come. */
  remind_at: approval.shape.remind_at,
  escalation: approval.shape.escalation,
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  digest: z.string(),
  /** Why the standing grants of the certificate do not stand for it. */
  outside_grants: job.shape.outside_grants,
})

/** Null for a job that needs no approval. */
export const viewApproval = (row: Job): z.infer<typeof approvalRow> | null => {
  if (row.approval === null) return null
  const { state, quorum, stages, order, decisions, created_at, expires_at } = row.approval
  const { remind_at, escalation } = row.approval
  return {
    id: approvalIdOf(row.id),
    state,
    kind: row.type,
    certificate_id: row.certificate_id,
    job_id: row.id,
    profile_id: row.profile_id,
    profile_version: row.profile_version,
    requested_by: row.requested_by,
    owner: row.owner,
    reason: row.reason,
    ticket: row.ticket,
    quorum,
    stages,
    order,
    decisions,
    remind_at,
    escalation,
    created_at,
    expires_at,
    digest: row.digest,
    outside_grants: row.outside_grants,
  }
}

/** One approval shows what would be done, whole: `digest` is the SHA-256 of the canonical JSON of `content`. */
export const approvalView = approvalRow.extend({
  summary: z.string(),
  requested_by_name: z.string(),
  /** What to look at twice: characters that are not seen, mixed scripts, internationalized names. */
  warnings: z.array(z.string()),
  /** Whom the approval still waits for, stage by stage. */
  missing: z.array(z.strictObject({ stage: approvalStage, missing: z.int() })),
  /** Field by field, from the version that would be replaced; null where there is none. */
  difference: z
    .array(z.strictObject({ pointer: z.string(), before: z.unknown(), after: z.unknown() }))
    .nullable(),
  content: jobContent,
})

const nameOf = (events: JobFile['events'], otherwise: string): string => {
  const name = events.find(({ type }) => type === 'approval_requested')?.details.requested_by_name
  return harmless(typeof name === 'string' ? name : otherwise)
}

export const viewApprovalInFull = (
  { job: row, content, events }: JobFile,
  difference: readonly Difference[] | null,
) => {
  const view = viewApproval(row)
  if (view === null || row.approval === null) return null
  const waiting = view.state === 'pending' ? missingOf(row.approval, approvalsOf(row.approval.decisions)) : []
  return {
    ...view,
    summary: summaryOf(content),
    requested_by_name: nameOf(events, row.requested_by),
    warnings: warningsOf(content),
    missing: waiting.filter(({ missing }) => missing > 0),
    difference,
    content,
  }
}

export const grantView = grant.omit({ version: true }).extend({
  job_id: z.string(),
  state: z.enum(grantStates),
  /** Why it is not active. */
  state_detail: z.string().nullable(),
  /** Renewals that took a place of it; a job that ended with nothing to sign gives its place back. */
  used: z.int(),
  remaining: z.int(),
  last_used_by: z.string().nullable(),
})

/** A grant, how it stands, and what was used of it. */
export type ShownGrant = {
  readonly grant: Grant
  readonly standing: GrantStanding
  /** Places that were given away and did not come back. */
  readonly used: number
  readonly last_used_by: string | null
}

export const viewGrant = ({
  grant: row,
  standing,
  used,
  last_used_by,
}: ShownGrant): z.infer<typeof grantView> => {
  const { version: _, ...rest } = row
  return {
    ...rest,
    job_id: jobOfGrant(row.id),
    state: standing.state,
    state_detail: standing.detail,
    used,
    remaining: Math.max(0, row.issuances - used),
    last_used_by,
  }
}

export const profileView = z.strictObject({
  id: z.string(),
  version: z.int(),
  created_by: z.string(),
  created_at: z.iso.datetime(),
  job_id: z.string(),
  ...profileVersion.shape.document.shape,
})

export const viewProfile = (profile: ProfileVersion): z.infer<typeof profileView> => {
  const { id, version, created_by, created_at, job_id, document } = profile
  return { id, version, created_by, created_at, job_id, ...document }
}

export const issuerView = z.strictObject({
  ...issuer.pick({ id: true, type: true, name: true, status: true, key: true, parent_id: true }).shape,
  path_length: z.int().nullable(),
  certificate_sha256: z.string().nullable(),
  not_after: z.iso.datetime().nullable(),
  crl_shards: z.int(),
  revoked_at: issuer.shape.revoked_at,
  revocation_reason: issuer.shape.revocation_reason,
  /** PEM: the CA certificate, then those above it. */
  chain_pem: z.string(),
  created_at: z.iso.datetime(),
  job_id: z.string(),
})

/** DER in base64 as PEM (RFC 7468). */
export const pem = (label: string, der: string): string =>
  `-----BEGIN ${label}-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`

export const chainPem = (ders: readonly string[]): string =>
  ders.map((der) => pem('CERTIFICATE', der)).join('')

export const viewIssuer = (row: Issuer): z.infer<typeof issuerView> => {
  const { id, type, name, status, key, parent_id, path_length, chain, facts, created_at, job_id } = row
  const { revoked_at, revocation_reason } = row
  const { certificate_sha256, not_after, crl_shards } = facts
  return {
    id,
    type,
    name,
    status,
    key,
    parent_id,
    path_length,
    certificate_sha256,
    not_after,
    crl_shards,
    revoked_at,
    revocation_reason,
    chain_pem: chainPem(chain),
    created_at,
    job_id,
  }
}

export const eventView = event

export const unreadableEventView = unreadableEvent

/** An event, or that there is one which cannot be read. */
export const auditedView = z.union([eventView, unreadableEventView])

export const principalView = principal

export const viewPrincipal = (row: Principal): z.infer<typeof principalView> => ({
  ...row,
  roles: [...row.roles],
  teams: [...row.teams],
})

export const delegationView = delegation.omit({ version: true })

export const viewDelegation = ({ version: _, ...rest }: Delegation): z.infer<typeof delegationView> => rest

const lastUse = { last_used_at: instant.nullable() }

/** A key without its secret. `last_used_at` is kept to the hour. */
export const apiKeyView = apiKey.omit({ secret_sha256: true }).extend(lastUse)

/** The one answer that shows the secret of a key. */
export const newApiKeyView = apiKeyView.extend({ token: z.string() })

export const viewApiKey = (
  { secret_sha256: _, ...rest }: ApiKey,
  last_used_at: string | null,
): z.infer<typeof apiKeyView> => ({ ...rest, last_used_at })

export const oidcSubjectView = oidcSubject.omit({ version: true }).extend(lastUse)

export const viewOidcSubject = (
  { version: _, ...rest }: OidcSubject,
  last_used_at: string | null,
): z.infer<typeof oidcSubjectView> => ({ ...rest, last_used_at })

/** What a revocation in bulk would do. `digest` names it; all that matched can be listed. */
export const revocationPlanView = z.strictObject({
  digest: z.string(),
  matched: z.int(),
  already_revoked: z.int(),
  expired: z.int(),
  profiles: z.array(z.strictObject({ id: z.string(), matched: z.int(), requires_approval: z.boolean() })),
  /** Those with the most, a hundred at most. */
  owners: z.array(z.strictObject({ owner: z.string(), matched: z.int() })),
  owners_in_all: z.int(),
  lists: z.array(
    z.strictObject({
      issuer_id: z.string(),
      shard: z.int(),
      entries_before: z.int(),
      entries_after: z.int(),
      octets_before: z.int(),
      octets_after: z.int(),
      /** IAM Roles Anywhere takes lists of at most 300,000 octets of PEM. */
      fits_roles_anywhere: z.boolean(),
    }),
  ),
  /** The first hundred. */
  first: z.array(target),
})
