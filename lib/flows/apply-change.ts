import type { Certificate, CertificateVersion } from '../model/certificate.ts'
import { type Draft, step, type Write } from '../model/change.ts'
import type { Mandate } from '../model/gate.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import type { ProfileVersion } from '../model/profile.ts'
import { Refusal } from '../model/refusal.ts'
import type { SerialStatus } from '../model/revocation.ts'
import { instantOf } from '../model/time.ts'
import type { Certificates, SerialStatuses } from '../ports.ts'
import { type CarryOutDeps, carryOut, type Result } from './carry-out.ts'

export type ApplyDeps = CarryOutDeps & {
  readonly certificates: Pick<Certificates, 'load'>
  readonly serials: SerialStatuses
}

type Revocation = Extract<JobContent, { type: 'Revocation' }>
type ProfileChange = Extract<JobContent, { type: 'ProfileChange' }>
type Applied = {
  readonly writes: readonly Write[]
  readonly draft: Draft
  /** What is left for further steps of the same job. */
  readonly left: number
}

/** A transaction has at most 100 items, and a revoked version takes three of them. */
const mostRevoked = 30

const revokedVersion = (
  version: CertificateVersion,
  status: SerialStatus,
  reason: Revocation['reason'],
  revoked_at: string,
): readonly Write[] => [
  { write: 'revoked_certificate_version', version: { ...version, revoked_at, revocation_reason: reason } },
  {
    write: 'next_serial',
    serial: { ...status, version: status.version + 1, status: 'revoked', revoked_at, reason },
  },
  // Relying parties of a short-lived certificate were told at issuance never to ask (RFC 9608).
  ...(version.short_lived
    ? []
    : [
        {
          write: 'revocation_entry',
          entry: {
            issuer_id: version.issuer_id,
            shard: version.crl_shard,
            serial: version.serial,
            recorded_at: revoked_at,
            revoked_at,
            reason,
            invalidity_date: null,
            not_after: version.not_after,
          },
        } as const,
      ]),
]

/** The certificate itself is revoked when none of its versions is left. */
const headAfter = (
  certificate: Certificate,
  versions: readonly CertificateVersion[],
  revoked: readonly CertificateVersion[],
): Write => {
  const left = versions.filter((version) => version.revoked_at === null && !revoked.includes(version))
  const status = left.some(({ number }) => number === certificate.current_version)
    ? certificate.status
    : 'Revoked'
  return {
    write: 'next_certificate',
    certificate: { ...certificate, version: certificate.version + 1, status },
  }
}

const revoke = async (deps: ApplyDeps, file: JobFile, content: Revocation, now: Date): Promise<Applied> => {
  const found = await deps.certificates.load(content.certificate_id)
  if (found === null) throw new Refusal('not_found', `no certificate ${content.certificate_id}`)
  const named = new Set(content.versions.map(({ serial }) => serial))
  const due = found.versions.filter(({ serial, revoked_at }) => named.has(serial) && revoked_at === null)
  const revoked = due.slice(0, mostRevoked)
  const writes: Write[] = []
  for (const version of revoked) {
    const status = await deps.serials.get(version.issuer_id, version.serial)
    if (status === null) throw new Error(`serial ${version.serial} has no status record`)
    writes.push(...revokedVersion(version, status, content.reason, instantOf(now)))
  }
  const head = revoked.length === 0 ? [] : [headAfter(found.certificate, found.versions, revoked)]
  const details = {
    issuer_id: content.issuer_id,
    reason: content.reason,
    serials: revoked.map(({ serial }) => serial),
    requested_by: file.job.requested_by,
  }
  const actor = { id: deps.worker, type: 'System' } as const
  const draft: Draft = { type: 'certificate_revoked', actor, details }
  return { writes: [...head, ...writes], draft, left: due.length - revoked.length }
}

const changeProfile = (deps: ApplyDeps, file: JobFile, content: ProfileChange, now: Date): Applied => {
  const profile: ProfileVersion = {
    id: content.profile_id,
    version: content.base_version + 1,
    status: content.operation === 'delete' ? 'deleted' : 'active',
    document: content.document,
    issuer: content.issuer,
    created_by: file.job.requested_by,
    created_at: instantOf(now),
    job_id: file.job.id,
  }
  const { profile_id, operation } = content
  const details = { profile_id, operation, version: profile.version, requested_by: file.job.requested_by }
  const actor = { id: deps.worker, type: 'System' } as const
  return {
    writes: [
      { write: 'profile', profile },
      { write: 'require_issuer', id: content.issuer.id },
    ],
    draft: { type: 'profile_changed', actor, details },
    left: 0,
  }
}

const apply = async (deps: ApplyDeps, { file }: Mandate): Promise<Result> => {
  const { content } = file
  const now = deps.now()
  if (content.type !== 'Revocation' && content.type !== 'ProfileChange')
    throw new Refusal('mandate_refused', `${deps.worker} does not carry out a ${content.type}`)
  const { writes, draft, left } =
    content.type === 'Revocation'
      ? await revoke(deps, file, content, now)
      : changeProfile(deps, file, content, now)
  const moved = left === 0 ? ({ status: 'Completed', attempts: 1 } as const) : {}
  const stored = await deps.jobs.commit(step(file, moved, [draft], now, writes))
  if (stored === 'committed') return left === 0 ? 'done' : applyChange(deps, file.job.id)
  if (stored.conflict === 'profile')
    return fail(deps, file, 'the profile was changed since this edit was made', now)
  if (stored.conflict === 'require_issuer')
    return fail(deps, file, 'the issuer of the profile is not active', now)
  if (stored.conflict === 'job' || stored.conflict === 'event') return 'in_other_hands'
  throw new Error(`${file.job.id} met another change of the same records; it is tried again`)
}

const fail = async (deps: ApplyDeps, file: JobFile, reason: string, now: Date): Promise<Result> => {
  const draft: Draft = { type: 'job_failed', actor: { id: deps.worker, type: 'System' }, details: { reason } }
  const change = step(file, { status: 'Failed', error_message: reason }, [draft], now)
  return (await deps.jobs.commit(change)) === 'committed' ? 'done' : 'in_other_hands'
}

/** Carries out what takes no key: revocations and changes of profiles, each in as few transactions as it fits in. */
export const applyChange = (deps: ApplyDeps, job_id: string): Promise<Result> =>
  carryOut(deps, job_id, (mandate) => apply(deps, mandate))
