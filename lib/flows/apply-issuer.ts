import type { Draft, Write } from '../model/change.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent, JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import { instantOf } from '../model/time.ts'
import { checkIssuer } from '../pki/check-issuer.ts'
import type { Issuers } from '../ports.ts'

type Change = Extract<JobContent, { type: 'IssuerChange' }>
type Deps = { readonly issuers: Pick<Issuers, 'get'>; readonly worker: string }
type Applied = { readonly writes: readonly Write[]; readonly draft: Draft }

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
  } as const
  return checkIssuer({ ...issuer, facts, path_length, created_at, job_id })
}

const retired = async (deps: Deps, content: Extract<Change, { operation: 'retire' }>): Promise<Issuer> => {
  const issuer = await deps.issuers.get(content.issuer_id)
  if (issuer === null) throw new Error(`no issuer ${content.issuer_id}`)
  // Another change since this was asked makes the write miss, and the job fail.
  return { ...issuer, version: content.base_version + 1, status: 'retired' }
}

/** What is stored for a change of an issuer that takes no key: an import, or a retirement. */
export const applyIssuer = async (
  deps: Deps,
  file: JobFile,
  content: Change,
  now: Date,
): Promise<Applied> => {
  if (content.operation !== 'import' && content.operation !== 'retire')
    throw new Refusal('mandate_refused', `${deps.worker} holds no key to ${content.operation} an issuer`)
  const issuer =
    content.operation === 'import'
      ? imported(content, file.job.id, instantOf(now))
      : await retired(deps, content)
  const { issuer_id, operation } = content
  const details = { issuer_id, operation, requested_by: file.job.requested_by }
  const actor = { id: deps.worker, type: 'System' } as const
  return { writes: [{ write: 'issuer', issuer }], draft: { type: 'issuer_changed', actor, details } }
}
