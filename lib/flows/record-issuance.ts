import { signingAlgorithmOf } from '../model/algorithms.ts'
import type { CertificateVersion } from '../model/certificate.ts'
import type { Draft, Write } from '../model/change.ts'
import { sha256 } from '../model/digest.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import type { ProfileDocument } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import { scheduleOf } from '../model/renewal.ts'
import type { SerialStatus } from '../model/revocation.ts'
import { shardOf } from '../model/shards.ts'
import { instantOf } from '../model/time.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import type { Certificates } from '../ports/certificates.ts'

/** The kinds of content that end in a certificate. */
export type Issuing = Extract<JobContent, { plan: unknown }>

type Deps = { readonly certificates: Pick<Certificates, 'get'>; readonly worker: string }

export type Signed = {
  readonly der: Uint8Array
  readonly parent: Issuer | null
  /** The profile in force, which says when it renews; null for the certificate of a CA. */
  readonly document: ProfileDocument | null
}

type Recorded = { readonly writes: readonly Write[]; readonly drafts: readonly [Draft, ...Draft[]] }

type Leaf = Exclude<Issuing, { type: 'IssuerChange' }>
type Ca = Extract<Issuing, { type: 'IssuerChange' }>

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** What relying parties are told of a serial from the moment its certificate exists. */
const statusOf = (
  { job, content }: { readonly job: JobFile['job']; readonly content: Issuing },
  subject: { id: string; version: number; serial: string },
  not_after: string,
): SerialStatus => ({
  issuer_id: content.plan.issuer.id,
  serial: subject.serial,
  version: 1,
  certificate_id: subject.id,
  certificate_version: subject.version,
  profile_id: 'profile_id' in content ? content.profile_id : null,
  owner: job.owner,
  spki_sha256: content.plan.public_key.spki_sha256,
  status: 'good',
  revoked_at: null,
  reason: null,
  not_after,
  short_lived: content.plan.no_revocation_available,
  crl_shard: shardOf(subject.serial, content.plan.issuer.crl_shards),
})

/** When the new version renews: in the index from the moment it exists. */
const scheduled = (
  { job }: JobFile,
  content: Leaf,
  version: CertificateVersion,
  { document, now }: { readonly document: ProfileDocument | null; readonly now: Date },
): readonly Write[] => {
  if (document === null) throw new TypeError('a certificate without a profile in force')
  const { certificate_id, number: certificate_version, profile_id, serial, not_after } = version
  const brought_by = content.type === 'Renewal' ? content.on_behalf_of : undefined
  const renewal = scheduleOf(
    {
      certificate_id,
      certificate_version,
      profile_id,
      serial,
      issued_at: instantOf(now),
      not_after,
      csr_by: brought_by ?? job.requested_by,
    },
    document,
  )
  return [{ write: 'new_renewal', renewal }]
}

const leaf = async (
  deps: Deps,
  file: JobFile,
  content: Leaf,
  { der, document, now }: Signed & { readonly now: Date },
): Promise<Recorded> => {
  const certificate = await deps.certificates.get(content.certificate_id)
  if (certificate === null || certificate.status === 'Revoked')
    throw new Refusal(
      'certificate_not_renewable',
      `certificate ${content.certificate_id} is missing or revoked`,
    )
  // An authority outside chooses serials of its own: what counts is what is in the certificate.
  const { not_before, not_after, serial } = readCertificate(der, 'plan_mismatch')
  const version: CertificateVersion = {
    certificate_id: certificate.id,
    number: certificate.current_version + 1,
    serial,
    issuer_id: content.plan.issuer.id,
    profile_id: content.profile_id,
    profile_version: content.profile_version,
    job_id: file.job.id,
    der: base64(der),
    sha256: sha256(der),
    csr: content.csr,
    not_before,
    not_after,
    short_lived: content.plan.no_revocation_available,
    crl_shard: shardOf(serial, content.plan.issuer.crl_shards),
    revoked_at: null,
    revocation_reason: null,
  }
  const next = {
    ...certificate,
    version: certificate.version + 1,
    status: 'Active',
    team: content.team,
    current_version: version.number,
    not_after,
  } as const
  const { job } = file
  const subject = { id: certificate.id, version: version.number, serial }
  const status = statusOf({ job, content }, subject, not_after)
  return {
    writes: [
      { write: 'next_certificate', certificate: next },
      { write: 'new_certificate_version', version },
      { write: 'new_serial', serial: status },
      ...scheduled(file, content, version, { document, now }),
    ],
    drafts: [
      issued(deps, { ...file, plan: content.plan, der, serial }, { certificate_version: version.number }),
    ],
  }
}

type Made = {
  readonly issuance: JobFile['issuance']
  readonly plan: Issuing['plan']
  readonly der: Uint8Array
  readonly serial: string
}

const issued = (
  { worker }: Deps,
  { issuance, plan, der, serial }: Made,
  more: Readonly<Record<string, number | string>>,
): Draft => ({
  type: 'certificate_issued',
  actor: { id: worker, type: 'System' },
  details: {
    serial,
    issuer_id: plan.issuer.id,
    certificate_sha256: sha256(der),
    planned_at: issuance?.planned_at ?? null,
    ...more,
  },
})

const ca = (deps: Deps, file: JobFile, content: Ca, { der, parent }: Signed, now: Date): Recorded => {
  const { subject_der, key_id, not_after, path_length, name_constraints } = readCertificate(
    der,
    'plan_mismatch',
  )
  const signing_algorithm = signingAlgorithmOf[content.plan.public_key.algorithm]
  if (key_id === null || signing_algorithm === null)
    throw new Refusal('plan_mismatch', 'the CA certificate has no key identifier, or a key that cannot sign')
  const issuer: Issuer = {
    id: content.issuer_id,
    version: 1,
    type: 'kms',
    name: content.name,
    status: 'active',
    key: content.key,
    parent_id: content.parent_id,
    chain: [base64(der), ...(parent?.chain ?? [])],
    spki: content.plan.public_key.spki,
    facts: {
      id: content.issuer_id,
      type: 'kms',
      certificate_sha256: sha256(der),
      subject: base64(subject_der),
      key_id,
      signing_algorithm,
      not_after,
      crl_shards: content.crl_shards,
      // The parent's facts list its own constraints, and those of each CA above it.
      name_constraints: [
        ...(name_constraints === null ? [] : [name_constraints]),
        ...(parent?.facts.name_constraints ?? []),
      ],
    },
    path_length,
    revoked_at: null,
    revocation_reason: null,
    created_at: instantOf(now),
    job_id: file.job.id,
  }
  const { job } = file
  const { serial } = content.plan
  const status = statusOf({ job, content }, { id: content.issuer_id, version: 1, serial }, not_after)
  const changed: Draft = {
    type: 'issuer_changed',
    actor: { id: deps.worker, type: 'System' },
    details: { issuer_id: content.issuer_id, operation: content.operation },
  }
  return {
    writes: [
      { write: 'issuer', issuer },
      { write: 'new_serial', serial: status },
    ],
    drafts: [issued(deps, { ...file, plan: content.plan, der, serial }, {}), changed],
  }
}

/** What is stored when a certificate was signed, and what happened. */
export const issuedWrites = async (
  deps: Deps,
  file: JobFile,
  signed: Signed,
  now: Date,
): Promise<Recorded> => {
  const { content } = file
  switch (content.type) {
    case 'Issuance':
    case 'Renewal':
      return leaf(deps, file, content, { ...signed, now })
    case 'IssuerChange':
      if (content.operation !== 'create')
        throw new Refusal('mandate_refused', `no certificate comes of ${content.operation}`)
      return ca(deps, file, content, signed, now)
    default:
      throw new Refusal('mandate_refused', `no key signs for a ${content.type}`)
  }
}
