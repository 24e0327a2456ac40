import type { Draft, Write } from '../model/change.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import { instantOf } from '../model/time.ts'
import { checkIssuer } from '../pki/check-issuer.ts'
import type { SerialStatuses } from '../ports/revocation.ts'
import type { Issuers } from '../ports/rules.ts'

type Change = Extract<JobContent, { type: 'IssuerChange' }>
type Revocation = Extract<Change, { operation: 'revoke' }>
type Deps = {
  readonly issuers: Pick<Issuers, 'get'>
  readonly serials: SerialStatuses
  readonly worker: string
}
type Applied = { readonly writes: readonly Write[]; readonly drafts: readonly [Draft, ...Draft[]] }

const imported = (
  content: Extract<Change, { operation: 'import' }>,
  job_id: string,
  created_at: string,
): Issuer => {
  const { issuer_id: id, name, key, chain, spki, facts, path_length } = content
  const status = 'active'
  const issuer = {
    id,
    version: 1,
    type: facts.type,
    name,
    status,
    key,
    parent_id: null,
    chain,
    spki,
    revoked_at: null,
    revocation_reason: null,
  } as const
  return checkIssuer({ ...issuer, facts, path_length, created_at, job_id })
}

const retired = async (deps: Deps, content: Extract<Change, { operation: 'retire' }>): Promise<Issuer> => {
  const issuer = await deps.issuers.get(content.issuer_id)
  if (issuer === null) throw new Error(`no issuer ${content.issuer_id}`)
  // Another change since this was asked makes the write miss, and the job fail.
  return { ...issuer, version: content.base_version + 1, status: 'retired' }
}

/** The serial, its entry on the parent's list, and the issuer that the certificate was of: together or not at all. */
const revoked = async (deps: Deps, { job }: JobFile, content: Revocation, now: Date): Promise<Applied> => {
  const { issuer_id, parent_id, base_version, serial, reason, invalidity_date, operation } = content
  const [issuer, status] = await Promise.all([
    deps.issuers.get(issuer_id),
    deps.serials.get(parent_id, serial),
  ])
  if (issuer === null || status === null)
    throw new Error(`no issuer ${issuer_id}, or no record of its serial`)
  const revoked_at = instantOf(now)
  const { not_after, crl_shard: shard } = status
  const named = { issuer_id: parent_id, shard, serial } as const
  const actor = { id: deps.worker, type: 'System' } as const
  const details = { issuer_id, operation, requested_by: job.requested_by }
  const lists = [{ issuer_id: parent_id, shards: [shard] }]
  return {
    writes: [
      {
        write: 'issuer',
        issuer: {
          ...issuer,
          version: base_version + 1,
          status: 'retired',
          revoked_at,
          revocation_reason: reason,
        },
      },
      {
        write: 'next_serial',
        serial: { ...status, version: status.version + 1, status: 'revoked', revoked_at, reason },
      },
      {
        write: 'revocation_entry',
        entry: { ...named, recorded_at: revoked_at, revoked_at, reason, invalidity_date, not_after },
      },
    ],
    drafts: [
      { type: 'certificate_revoked', actor, details: { ...details, reason, serials: [serial], lists } },
      { type: 'issuer_changed', actor, details },
    ],
  }
}

/** What is stored for a change of an issuer that takes no key: an import, a retirement, a revocation. */
export const applyIssuer = async (
  deps: Deps,
  file: JobFile,
  content: Change,
  now: Date,
): Promise<Applied> => {
  if (content.operation === 'revoke') return revoked(deps, file, content, now)
  if (content.operation !== 'import' && content.operation !== 'retire')
    throw new Refusal('mandate_refused', `${deps.worker} holds no key to ${content.operation} an issuer`)
  const issuer =
    content.operation === 'import'
      ? imported(content, file.job.id, instantOf(now))
      : await retired(deps, content)
  const { issuer_id, operation } = content
  const details = { issuer_id, operation, requested_by: file.job.requested_by }
  const actor = { id: deps.worker, type: 'System' } as const
  return { writes: [{ write: 'issuer', issuer }], drafts: [{ type: 'issuer_changed', actor, details }] }
}
