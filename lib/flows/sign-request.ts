import { type Draft, step } from '../model/change.ts'
import type { Mandate } from '../model/gate.ts'
import { contentDigest, type JobContent } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import { instantOf } from '../model/time.ts'
import { readCsr } from '../pki/csr.ts'
import { assembleRequest, caRequestInfo } from '../pki/csr-writer.ts'
import { digestFor } from '../pki/signing.ts'
import type { Signer } from '../ports/keys.ts'
import type { CarryOutDeps, Result } from './carry-out.ts'

export type RequestSigning = Extract<JobContent, { operation: 'request' }>

type Deps = CarryOutDeps & { readonly signer: Signer }

/** The signed request, DER, once its proof of possession holds. */
const signed = async (deps: Deps, content: RequestSigning, event_id: string): Promise<Uint8Array> => {
  const { key, subject, spki, signing_algorithm } = content
  const info = caRequestInfo(subject, Buffer.from(spki, 'base64'))
  const digest = digestFor(info, signing_algorithm)
  const signature = await deps.signer.sign(key, signing_algorithm, { digest, event_id })
  return readCsr(assembleRequest(info, signing_algorithm, signature)).der
}

/**
 * Signs the request for a CA certificate with which a parent outside is asked,
 * and keeps it. A second delivery may sign twice; one request is kept, and
 * neither certifies anything.
 */
export const signRequest = async (
  deps: Deps,
  { file }: Mandate,
  content: RequestSigning,
): Promise<Result> => {
  if (contentDigest(content) !== file.job.digest)
    throw new Refusal('mandate_refused', 'the mandate is for another request')
  const csr = Buffer.from(await signed(deps, content, file.events[0]?.id ?? '')).toString('base64')
  const now = deps.now()
  const { issuer_id, name, key, spki, crl_shards, operation } = content
  const kept = {
    issuer_id,
    name,
    key,
    spki,
    crl_shards,
    csr,
    created_at: instantOf(now),
    job_id: file.job.id,
  }
  const actor = { id: deps.worker, type: 'System' } as const
  const draft: Draft = { type: 'issuer_changed', actor, details: { issuer_id, operation } }
  const moved = { status: 'Completed', attempts: file.job.attempts + 1 } as const
  const change = step(file, moved, [draft], now, [{ write: 'issuer_request', request: kept }])
  const stored = await deps.jobs.commit(change)
  if (stored === 'committed') return 'done'
  if (stored.conflict !== 'issuer_request') return 'in_other_hands'
  throw new Refusal('issuer_invalid', `there is a request for issuer ${issuer_id} already`)
}
