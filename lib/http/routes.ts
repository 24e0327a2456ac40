import * as z from 'zod'
import { keyAlgorithms } from '../model/algorithms.ts'
import { apiKey } from '../model/api-key.ts'
import { approvalStates } from '../model/approval.ts'
import { approvalStage } from '../model/approval-policy.ts'
import { certificate } from '../model/certificate.ts'
import { eventTypes } from '../model/event.ts'
import { evidenceBundle } from '../model/evidence.ts'
import { grantIssuances, grantPeriod } from '../model/grant.ts'
import {
  approvalId,
  certificateId,
  delegationId,
  grantId,
  issuerId,
  jobId,
  principalId,
  profileId,
  requesterId,
  teamName,
  ticketReference,
} from '../model/ids.ts'
import { keyName } from '../model/issuer.ts'
import { jobStatuses, jobTypes } from '../model/job.ts'
import { receiptJwks } from '../model/jwks.ts'
import { distinguishedName, generalName, nameConstraints } from '../model/names.ts'
import { oidcSubject, oidcSubjectId } from '../model/oidc-subject.ts'
import type { Permission } from '../model/permissions.ts'
import { objectIdentifier } from '../model/plan.ts'
import { principal } from '../model/principal.ts'
import { profileDocument } from '../model/profile.ts'
import { renewalPolicy } from '../model/renewal-policy.ts'
import { finalReasons, revocationReasons } from '../model/revocation.ts'
import { commonTrait, target } from '../model/revocation-plan.ts'
import { shardCount } from '../model/shards.ts'
import { durationBetween, instant, instantOf } from '../model/time.ts'
import {
  apiKeyView,
  approvalRow,
  approvalView,
  certificateView,
  delegationView,
  eventView,
  grantView,
  issuerView,
  jobView,
  newApiKeyView,
  nextCsrView,
  oidcSubjectView,
  principalView,
  profileView,
  renewalInfoView,
  renewalView,
  revocationPlanView,
  versionView,
} from './views.ts'

/** The function, and so the role, that answers an operation. */
export type ApiFunction = 'read' | 'submit' | 'decide' | 'administer' | 'rules'

/**
 * The API as data. One row drives the gateway's routes, the reading of
 * requests, who may ask, and the OpenAPI document.
 */
export type Operation<
  F extends ApiFunction = ApiFunction,
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType | null = z.ZodType | null,
> = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly function: F
  /**
   * What it takes to be heard. To approve or reject takes more, which the
   * decision itself demands: one's own request is two-person integrity first,
   * and a missing role second. Null: anybody, without a credential.
   */
  readonly permission: Permission | null
  readonly summary: string
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly status: number
  /** Shape of the JSON answer; null for an answer in text. */
  readonly output: z.ZodType | null
  /** What takes a second person is answered with a job and its approval, and 202. */
  readonly gated?: z.ZodType
  /** Media type of an answer in text. */
  readonly media_type?: string
  /** The answer says which version it shows (`ETag`), or the request may say which it changes (`If-Match`). */
  readonly versioned?: boolean
}

const none = z.strictObject({})

const paging = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** From the `Link` of the page before. */
  cursor: z.string().min(1).max(1024).optional(),
}

const text = z.string().trim().min(1)
const note = text.max(2000)
/** Why something is asked for: in words, and the ticket outside that it belongs to. */
const why = { reason: note.optional(), ticket: ticketReference.optional() }
const noted = { note: note.optional(), ticket: ticketReference.optional() }
const planDigest = z.string().regex(/^[0-9a-f]{64}$/)

/** Any instant of RFC 3339; we compare and keep them in UTC with milliseconds. */
const when = z.iso.datetime({ offset: true }).transform((text) => instantOf(new Date(text)))
/** 16 KB of DER in PEM, with room for its line ends. */
const csr = text.max(24_576)
const owner = text.max(256)

const changed = z.strictObject({ job: jobView, approval: approvalRow.nullable() })
const certificateChanged = changed.extend({ certificate: certificateView })
const grantAsked = certificateChanged.extend({ grant_id: grantId })

const certificateParams = z.strictObject({ id: certificateId })
const grantParams = z.strictObject({ id: grantId })
const approvalParams = z.strictObject({ id: approvalId })
const jobParams = z.strictObject({ id: jobId })
const principalParams = z.strictObject({ id: principalId })
const apiKeyParams = principalParams.extend({ key: apiKey.shape.id })
const subjectParams = principalParams.extend({ subject: oidcSubjectId })
const delegationParams = principalParams.extend({ delegation: delegationId })
const profileParams = z.strictObject({ id: profileId })
const issuerParams = z.strictObject({ id: issuerId })
const planParams = z.strictObject({ id: planDigest })

/** What is made from now on says when it renews; what was made before goes by the same defaults. */
const newDocument = profileDocument.extend({ renewal: renewalPolicy.prefault({}) })

export const bodies = {
  issue: z.strictObject({
    profile_id: profileId,
    csr,
    name: text.max(128).optional(),
    owner: owner.optional(),
    /** The owner's team, one that the requester is in: who approves, where the profile routes by it. */
    team: teamName.optional(),
    lifetime: durationBetween('PT1M', 'P1826D').optional(),
    ...why,
  }),
  renew: z.strictObject({
    csr: csr.optional(),
    /** Where the certificate belongs to no team yet. */
    team: teamName.optional(),
    ...why,
  }),
  nextCsr: z.strictObject({ csr }),
  rebind: z.strictObject({
    profile_id: profileId,
    /** The profile that it was seen bound to: 409 where it is bound to another by now. */
    base_profile_id: profileId.optional(),
    ...why,
  }),
  requestGrant: z.strictObject({
    /** Some of the certificate's names; all of them otherwise. */
    subject_alternative_names: z.array(generalName).min(1).max(1000).optional(),
    /** The kind of its present key, otherwise. */
    key_algorithms: z.array(z.enum(keyAlgorithms)).min(1).max(keyAlgorithms.length).optional(),
    /** Only the key that it has now. */
    same_key: z.boolean().default(false),
    issuances: grantIssuances,
    /** One renewal at most in each, counted from now. */
    period: grantPeriod,
    until: when,
    ...why,
  }),
  revoke: z.strictObject({
    /** One version, by its serial number however it is written; every version that is still valid otherwise. */
    serial: text.max(128).optional(),
    reason: z.enum(revocationReasons).default('unspecified'),
    invalidity_date: instant.optional(),
    ...noted,
  }),
  release: z.strictObject(noted),
  planRevocation: z.strictObject({
    selection: z.union([
      ...commonTrait.options,
      z.strictObject({ issuer_id: issuerId, serials: z.array(text.max(128)).min(1).max(1000) }),
    ]),
    reason: z.enum(revocationReasons).default('unspecified'),
    invalidity_date: instant.optional(),
  }),
  revokeInBulk: z.strictObject({ plan: planDigest, ...noted }),
  decide: z.strictObject({ note: note.optional() }),
  approve: z.strictObject({
    note: note.optional(),
    /** Which stage it shall count for, where more than one names you. */
    stage: approvalStage.shape.name.optional(),
    /** In whose place: somebody who gave you a delegation. */
    for: principalId.optional(),
  }),
  reject: z.strictObject({ note }),
  createProfile: newDocument.extend({ id: profileId, ...why }),
  changeProfile: newDocument.extend({
    base_version: z.int().min(1).optional(),
    ...why,
  }),
  deleteProfile: none,
  requestIssuerCsr: z.strictObject({
    name: text.max(128),
    key: keyName,
    subject: distinguishedName.min(1),
    crl_shards: shardCount.default(1),
    ...why,
  }),
  importIssuer: z.strictObject({
    /** The certificate of the issuer, then each above it up to a root: PEM. */
    certificate: text.max(131_072),
    ...why,
  }),
  importAuthority: z.strictObject({
    name: text.max(128),
    /** One of the certificate authorities that the deployment declares. */
    authority: keyName,
    ...why,
  }),
  retireIssuer: z.strictObject(why),
  revokeIssuer: z.strictObject({
    reason: z.enum(finalReasons).default('unspecified'),
    invalidity_date: instant.optional(),
    ...noted,
  }),
  createIssuer: z.strictObject({
    id: issuerId,
    name: text.max(128),
    type: z.literal('kms'),
    key: keyName,
    parent_id: issuerId.nullable().default(null),
    subject: distinguishedName.min(1),
    lifetime: durationBetween('P1D', 'P9132D'),
    path_length: z.int().min(0).max(8).nullable().default(null),
    name_constraints: nameConstraints.nullable().default(null),
    policies: z.array(objectIdentifier).max(16).default([]),
    crl_shards: shardCount.default(1),
    ...why,
  }),
} as const

const expiry = when.nullable().default(null)

const interval = { from: when.optional(), to: when.optional() }
const inOrder = ({ from, to }: { from?: string | undefined; to?: string | undefined }) =>
  from === undefined || to === undefined || from < to
const outOfOrder = { error: 'must be after from', path: ['to'] }

const roleSet = principal.shape.roles.max(5)
/** Of the secret of a key for an approver or an admin, which its holder made. */
const secret_sha256 = apiKey.shape.secret_sha256.optional()

export const principalBodies = {
  create: z.strictObject({
    id: principalId.optional(),
    kind: principal.shape.kind,
    name: principal.shape.name,
    email: principal.shape.email.default(null),
    roles: roleSet.default([]),
    teams: principal.shape.teams,
    reason: note.optional(),
  }),
  change: z.strictObject({
    name: principal.shape.name,
    email: principal.shape.email,
    roles: roleSet,
    teams: principal.shape.teams,
    status: principal.shape.status,
    reason: note.optional(),
  }),
  createKey: z.strictObject({ expires_at: expiry, secret_sha256, reason: note.optional() }),
  rotateKey: z.strictObject({
    overlap: durationBetween('PT0S', 'P30D').default('P1D'),
    expires_at: expiry,
    secret_sha256,
    reason: note.optional(),
  }),
  addSubject: z.strictObject({
    issuer: oidcSubject.shape.issuer,
    subject: oidcSubject.shape.subject,
    reason: note.optional(),
  }),
  giveDelegation: z.strictObject({
    delegate_id: principalId,
    from: when.optional(),
    until: when,
    note: note.optional(),
  }),
} as const

export const queries = {
  certificates: z.strictObject({
    ...paging,
    profile_id: profileId.optional(),
    issuer_id: issuerId.optional(),
    owner: owner.optional(),
    status: certificate.shape.status.optional(),
    expires_before: when.optional(),
  }),
  jobs: z.strictObject({
    ...paging,
    certificate_id: certificateId.optional(),
    status: z.enum(jobStatuses).optional(),
    type: z.enum(jobTypes).optional(),
  }),
  approvals: z.strictObject({ ...paging, state: z.enum(approvalStates).optional() }),
  audit: z
    .strictObject({
      ...paging,
      actor: z.union([requesterId, z.string().regex(/^system-[a-z-]{1,40}$/)]).optional(),
      action: z.enum(eventTypes).optional(),
      resource: z.string().min(1).max(128).optional(),
      ...interval,
    })
    .refine(inOrder, outOfOrder),
  auditExport: z
    .strictObject({
      limit: z.coerce.number().int().min(1).max(1000).default(1000),
      cursor: paging.cursor,
      ...interval,
    })
    .refine(inOrder, outOfOrder),
  delegations: z.strictObject({ ...paging, side: z.enum(['given', 'received']).default('given') }),
  page: z.strictObject(paging),
  why: z.strictObject(why),
} as const

type Given<F extends ApiFunction, P, Q, B> = Omit<Operation<F>, 'params' | 'query' | 'body' | 'status'> & {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly status?: number
}

/** A row with what it leaves out: no parameters, no query, no body, 200. */
const route = <
  F extends ApiFunction,
  P extends z.ZodObject = typeof none,
  Q extends z.ZodObject = typeof none,
  B extends z.ZodType | null = null,
>(
  row: Given<F, P, Q, B>,
): Operation<F, P, Q, B> => ({
  status: 200,
  ...row,
  params: row.params ?? (none as z.ZodObject as P),
  query: row.query ?? (none as z.ZodObject as Q),
  body: row.body ?? (null as B),
})

const prefix = '/api/v1'

export const operations = {
  listCertificates: route({
    method: 'GET',
    path: `${prefix}/certificates`,
    function: 'read',
    permission: 'read',
    summary: 'List certificates, oldest first',
    query: queries.certificates,
    output: z.array(certificateView),
  }),
  requestCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates`,
    function: 'submit',
    permission: 'request',
    summary: 'Request a certificate for a CSR',
    body: bodies.issue,
    status: 202,
    output: certificateChanged,
  }),
  getCertificate: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show a certificate',
    params: certificateParams,
    output: certificateView,
  }),
  listCertificateVersions: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/versions`,
    function: 'read',
    permission: 'read',
    summary: 'List the issued versions of a certificate, oldest first',
    params: certificateParams,
    query: queries.page,
    output: z.array(versionView),
  }),
  getEvidence: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/versions/{number}/evidence`,
    function: 'read',
    permission: 'read',
    summary: 'Everything that proves who approved one version, to be verified offline',
    params: certificateParams.extend({ number: z.coerce.number().int().min(1) }),
    output: evidenceBundle,
  }),
  getCertificateChain: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/chain.pem`,
    function: 'read',
    permission: 'read',
    summary: 'The newest version and the CA certificates above it, without the root, as PEM',
    params: certificateParams,
    output: null,
    media_type: 'application/pem-certificate-chain',
  }),
  renewCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/renew`,
    function: 'submit',
    permission: 'request',
    summary: 'Renew a certificate, with a new CSR or with the key it has',
    params: certificateParams,
    body: bodies.renew,
    status: 202,
    output: certificateChanged,
  }),
  listGrants: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/grants`,
    function: 'read',
    permission: 'read',
    summary: 'List the standing grants of a certificate, oldest first',
    params: certificateParams,
    query: queries.page,
    output: z.array(grantView),
  }),
  requestGrant: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/grants`,
    function: 'submit',
    permission: 'request',
    summary:
      'Ask for a standing grant: renewals without an approval each, within bounds; it takes a second person',
    params: certificateParams,
    body: bodies.requestGrant,
    status: 202,
    output: grantAsked,
  }),
  getGrant: route({
    method: 'GET',
    path: `${prefix}/grants/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show a standing grant, how it stands and what it has left',
    params: grantParams,
    output: grantView,
  }),
  withdrawGrant: route({
    method: 'POST',
    path: `${prefix}/grants/{id}/withdraw`,
    function: 'decide',
    permission: 'read',
    summary: 'End a standing grant at once: approvers, admins, its requester, its owner',
    params: grantParams,
    body: bodies.decide,
    output: jobView,
  }),
  getRenewal: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/renewal`,
    function: 'read',
    permission: 'read',
    summary: 'Where the renewal of a certificate stands: when it opens, what it waits for',
    params: certificateParams,
    output: renewalView,
  }),
  getRenewalInfo: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/renewal-info`,
    function: 'read',
    permission: 'read',
    summary: 'When the holder of a certificate should renew it (RFC 9773)',
    params: certificateParams,
    output: renewalInfoView,
  }),
  uploadNextCsr: route({
    method: 'PUT',
    path: `${prefix}/certificates/{id}/next-csr`,
    function: 'submit',
    permission: 'request',
    summary: 'Bring the CSR of the next renewal ahead; it is used once',
    params: certificateParams,
    body: bodies.nextCsr,
    output: nextCsrView,
  }),
  rebindCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/rebind`,
    function: 'submit',
    permission: 'request',
    summary: 'Bind a certificate to another profile; away from a gated one, or to one, takes a second person',
    params: certificateParams,
    body: bodies.rebind,
    status: 202,
    output: certificateChanged,
  }),
  revokeCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/revoke`,
    function: 'submit',
    permission: 'request',
    summary: 'Revoke every unexpired version of a certificate',
    params: certificateParams,
    body: bodies.revoke,
    status: 202,
    output: certificateChanged,
  }),
  releaseCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/release`,
    function: 'submit',
    permission: 'request',
    summary: 'End the hold on a certificate; under a gated profile it takes a second person',
    params: certificateParams,
    body: bodies.release,
    status: 202,
    output: certificateChanged,
  }),
  planRevocation: route({
    method: 'POST',
    path: `${prefix}/revocations/plan`,
    function: 'submit',
    permission: 'administer',
    summary: 'Say what a revocation in bulk would do, without doing it',
    body: bodies.planRevocation,
    output: revocationPlanView,
  }),
  listPlannedRevocations: route({
    method: 'GET',
    path: `${prefix}/revocations/plan/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'List every certificate of a plan',
    params: planParams,
    query: queries.page,
    output: z.array(target),
  }),
  revokeInBulk: route({
    method: 'POST',
    path: `${prefix}/revocations`,
    function: 'submit',
    permission: 'administer',
    summary: 'Carry out a plan, by its digest; where a profile is gated it takes a second person',
    body: bodies.revokeInBulk,
    status: 202,
    output: changed,
  }),
  listJobs: route({
    method: 'GET',
    path: `${prefix}/jobs`,
    function: 'read',
    permission: 'read',
    summary: 'List jobs, oldest first',
    query: queries.jobs,
    output: z.array(jobView),
  }),
  getJob: route({
    method: 'GET',
    path: `${prefix}/jobs/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show a job',
    params: jobParams,
    output: jobView,
  }),
  cancelJob: route({
    method: 'POST',
    path: `${prefix}/jobs/{id}/cancel`,
    function: 'decide',
    permission: 'request',
    summary: 'Cancel a job that has not begun',
    params: jobParams,
    body: none,
    output: jobView,
  }),
  listApprovals: route({
    method: 'GET',
    path: `${prefix}/approvals`,
    function: 'read',
    permission: 'read',
    summary: 'List approvals, oldest first',
    query: queries.approvals,
    output: z.array(approvalRow),
  }),
  getApproval: route({
    method: 'GET',
    path: `${prefix}/approvals/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show everything that an approver decides on',
    params: approvalParams,
    output: approvalView,
  }),
  approve: route({
    method: 'POST',
    path: `${prefix}/approvals/{id}/approve`,
    function: 'decide',
    permission: 'read',
    summary: 'Approve what somebody else requested',
    params: approvalParams,
    body: bodies.approve,
    output: approvalRow,
  }),
  reject: route({
    method: 'POST',
    path: `${prefix}/approvals/{id}/reject`,
    function: 'decide',
    permission: 'read',
    summary: 'Reject what somebody else requested',
    params: approvalParams,
    body: bodies.reject,
    output: approvalRow,
  }),
  withdraw: route({
    method: 'POST',
    path: `${prefix}/approvals/{id}/withdraw`,
    function: 'decide',
    permission: 'read',
    summary: 'Take back a request of your own',
    params: approvalParams,
    body: bodies.decide,
    output: approvalRow,
  }),
  listProfiles: route({
    method: 'GET',
    path: `${prefix}/profiles`,
    function: 'read',
    permission: 'read',
    summary: 'List profiles by id',
    query: queries.page,
    output: z.array(profileView),
  }),
  createProfile: route({
    method: 'POST',
    path: `${prefix}/profiles`,
    function: 'rules',
    permission: 'administer',
    summary: 'Create a profile; a gated one takes a second person',
    body: bodies.createProfile,
    status: 202,
    output: changed,
  }),
  getProfile: route({
    method: 'GET',
    path: `${prefix}/profiles/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show the version of a profile that is in force',
    params: profileParams,
    output: profileView,
    versioned: true,
  }),
  changeProfile: route({
    method: 'PUT',
    path: `${prefix}/profiles/{id}`,
    function: 'rules',
    permission: 'administer',
    summary: 'Replace a profile by a new version; a gated one takes a second person',
    params: profileParams,
    body: bodies.changeProfile,
    status: 202,
    output: changed,
    versioned: true,
  }),
  deleteProfile: route({
    method: 'DELETE',
    path: `${prefix}/profiles/{id}`,
    function: 'rules',
    permission: 'administer',
    summary: 'Delete a profile; a gated one takes a second person',
    params: profileParams,
    query: queries.why,
    status: 202,
    output: changed,
    versioned: true,
  }),
  listIssuers: route({
    method: 'GET',
    path: `${prefix}/issuers`,
    function: 'read',
    permission: 'read',
    summary: 'List issuers by id',
    query: queries.page,
    output: z.array(issuerView),
  }),
  createIssuer: route({
    method: 'POST',
    path: `${prefix}/issuers`,
    function: 'rules',
    permission: 'administer',
    summary: 'Create an issuer: its CA certificate is issued once a second person approves',
    body: bodies.createIssuer,
    status: 202,
    output: changed,
  }),
  getIssuer: route({
    method: 'GET',
    path: `${prefix}/issuers/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show an issuer and its chain',
    params: issuerParams,
    output: issuerView,
    versioned: true,
  }),
  requestIssuerCsr: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/csr`,
    function: 'rules',
    permission: 'administer',
    summary: 'Have a CA key sign a request, for a CA certificate from a parent outside',
    params: issuerParams,
    body: bodies.requestIssuerCsr,
    status: 202,
    output: changed,
  }),
  getIssuerCsr: route({
    method: 'GET',
    path: `${prefix}/issuers/{id}/csr`,
    function: 'read',
    permission: 'read',
    summary: 'The request to take to the parent outside, as PEM',
    params: issuerParams,
    output: null,
  }),
  importIssuer: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/certificate`,
    function: 'rules',
    permission: 'administer',
    summary: 'Import the certificate that the parent outside made, with its chain',
    params: issuerParams,
    body: bodies.importIssuer,
    status: 202,
    output: changed,
  }),
  importAuthority: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/authority`,
    function: 'rules',
    permission: 'administer',
    summary: 'Make an issuer of a certificate authority of AWS Private CA',
    params: issuerParams,
    body: bodies.importAuthority,
    status: 202,
    output: changed,
  }),
  retireIssuer: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/retire`,
    function: 'rules',
    permission: 'administer',
    summary: 'Let an issuer issue nothing more; its CRL and OCSP go on',
    params: issuerParams,
    body: bodies.retireIssuer,
    status: 202,
    output: changed,
  }),
  revokeIssuer: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/revoke`,
    function: 'rules',
    permission: 'administer',
    summary: "Put an issuer's CA certificate on its parent's list, and retire it; it takes a second person",
    params: issuerParams,
    body: bodies.revokeIssuer,
    status: 202,
    output: changed,
  }),
  listEvents: route({
    method: 'GET',
    path: `${prefix}/audit`,
    function: 'read',
    permission: 'audit',
    summary: 'List events, oldest first',
    query: queries.audit,
    output: z.array(eventView),
  }),
  exportEvents: route({
    method: 'GET',
    path: `${prefix}/audit/export`,
    function: 'read',
    permission: 'audit',
    summary: 'Every event of a time, as NDJSON in pages; follow the Link to its end',
    query: queries.auditExport,
    output: null,
    media_type: 'application/x-ndjson',
  }),
  listPrincipals: route({
    method: 'GET',
    path: `${prefix}/principals`,
    function: 'read',
    permission: 'inspect',
    summary: 'List principals by id',
    query: queries.page,
    output: z.array(principalView),
  }),
  createPrincipal: route({
    method: 'POST',
    path: `${prefix}/principals`,
    function: 'administer',
    permission: 'administer',
    summary: 'Create a person or a service, without a credential; an approver or admin takes a second person',
    body: principalBodies.create,
    status: 201,
    output: principalView,
    gated: changed,
  }),
  getPrincipal: route({
    method: 'GET',
    path: `${prefix}/principals/{id}`,
    function: 'read',
    permission: 'inspect',
    summary: 'Show a principal',
    params: principalParams,
    output: principalView,
    versioned: true,
  }),
  changePrincipal: route({
    method: 'PUT',
    path: `${prefix}/principals/{id}`,
    function: 'administer',
    permission: 'administer',
    summary:
      'Change the name, roles, teams or status of somebody else; to give more to an approver or admin takes a second person',
    params: principalParams,
    body: principalBodies.change,
    output: principalView,
    gated: changed,
    versioned: true,
  }),
  listApiKeys: route({
    method: 'GET',
    path: `${prefix}/principals/{id}/api-keys`,
    function: 'read',
    permission: 'inspect',
    summary: 'List all API keys of a principal, oldest first, without their secrets',
    params: principalParams,
    output: z.array(apiKeyView),
  }),
  createApiKey: route({
    method: 'POST',
    path: `${prefix}/principals/{id}/api-keys`,
    function: 'administer',
    permission: 'administer',
    summary:
      'Create an API key, whose token is shown once; one for an approver or admin takes a second person',
    params: principalParams,
    body: principalBodies.createKey,
    status: 201,
    output: newApiKeyView,
    gated: changed,
  }),
  rotateApiKey: route({
    method: 'POST',
    path: `${prefix}/principals/{id}/api-keys/{key}/rotate`,
    function: 'administer',
    permission: 'read',
    summary:
      'Replace an API key, one’s own or as an admin any; one of an approver or admin takes a second person',
    params: apiKeyParams,
    body: principalBodies.rotateKey,
    status: 201,
    output: newApiKeyView,
    gated: changed,
  }),
  disableApiKey: route({
    method: 'DELETE',
    path: `${prefix}/principals/{id}/api-keys/{key}`,
    function: 'administer',
    permission: 'administer',
    summary: 'Disable an API key from its next request on, for ever',
    params: apiKeyParams,
    output: apiKeyView,
  }),
  listOidcSubjects: route({
    method: 'GET',
    path: `${prefix}/principals/{id}/oidc-subjects`,
    function: 'read',
    permission: 'inspect',
    summary: 'List the OIDC subjects that are this principal',
    params: principalParams,
    query: queries.page,
    output: z.array(oidcSubjectView),
  }),
  addOidcSubject: route({
    method: 'POST',
    path: `${prefix}/principals/{id}/oidc-subjects`,
    function: 'administer',
    permission: 'administer',
    summary:
      'Map a subject of an OIDC issuer to this principal; to an approver or admin takes a second person',
    params: principalParams,
    body: principalBodies.addSubject,
    status: 201,
    output: oidcSubjectView,
    gated: changed,
  }),
  disableOidcSubject: route({
    method: 'DELETE',
    path: `${prefix}/principals/{id}/oidc-subjects/{subject}`,
    function: 'administer',
    permission: 'administer',
    summary: 'Disable an OIDC subject from its next request on',
    params: subjectParams,
    output: oidcSubjectView,
  }),
  listDelegations: route({
    method: 'GET',
    path: `${prefix}/principals/{id}/delegations`,
    function: 'read',
    permission: 'read',
    summary: 'List whom a principal has, or had, decide in its place; or whose place it has',
    params: principalParams,
    query: queries.delegations,
    output: z.array(delegationView),
  }),
  giveDelegation: route({
    method: 'POST',
    path: `${prefix}/principals/{id}/delegations`,
    function: 'administer',
    permission: 'decide',
    summary: 'Have another approver decide in your place for a while',
    params: principalParams,
    body: principalBodies.giveDelegation,
    status: 201,
    output: delegationView,
  }),
  endDelegation: route({
    method: 'DELETE',
    path: `${prefix}/principals/{id}/delegations/{delegation}`,
    function: 'administer',
    permission: 'read',
    summary: 'End a delegation at once: whoever gave it, whoever has it, or an admin',
    params: delegationParams,
    output: delegationView,
  }),
  getReceiptKeys: route({
    method: 'GET',
    path: '/.well-known/countersign/jwks.json',
    function: 'read',
    permission: null,
    summary: 'The public keys that receipts are verified with',
    output: receiptJwks,
  }),
  getOpenApi: route({
    method: 'GET',
    path: `${prefix}/openapi.json`,
    function: 'read',
    permission: null,
    summary: 'This API as OpenAPI 3.1',
    output: z.looseObject({ openapi: z.string() }),
  }),
} as const

export type OperationId = keyof typeof operations

/** The rows as a list, each with its name. */
export const routes = Object.entries(operations).map(([operation_id, operation]) => ({
  operation_id,
  ...(operation as Operation),
}))
