import type { Random } from '../model/ids.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import type { SerialStatus } from '../model/revocation.ts'
import { type Clock, instantOf } from '../model/time.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import type { SerialStatuses } from '../ports/revocation.ts'
import type { Issuers } from '../ports/rules.ts'
import { propose } from './propose.ts'
import type { Proposal } from './submit.ts'

type Content = Extract<JobContent, { type: 'IssuerChange'; operation: 'revoke' }>

export type IssuerRevocationRequest = {
  readonly id: string
  readonly reason: Content['reason']
  readonly invalidity_date?: string | undefined
  readonly note?: string | undefined
  readonly ticket?: string | undefined
}

type Deps = {
  readonly issuers: Pick<Issuers, 'get'>
  readonly serials: SerialStatuses
  readonly now: Clock
  readonly random: Random
}

const refused = (detail: string) => new Refusal('certificate_not_revocable', detail)

const revocable = async (deps: Deps, id: string): Promise<Issuer & { readonly parent_id: string }> => {
  const issuer = await deps.issuers.get(id)
  if (issuer === null) throw new Refusal('not_found', `no issuer ${id}`)
  const { parent_id, revoked_at, facts, chain } = issuer
  if (revoked_at !== null) throw refused(`issuer ${id} was revoked at ${revoked_at}`)
  if (parent_id === null)
    throw refused(
      chain.length > 1
        ? `issuer ${id} has its certificate from a parent outside, and is on no list of ours: its parent revokes it`
        : `issuer ${id} is a root: whoever trusts it has to stop`,
    )
  if (facts.not_after !== null && facts.not_after <= instantOf(deps.now()))
    throw refused(`issuer ${id} has expired`)
  return { ...issuer, parent_id }
}

/** What its parent keeps of an issuer's CA certificate. Without it nothing could be put on a list. */
const statusOf = async (
  { serials }: Pick<Deps, 'serials'>,
  parent_id: string,
  serial: string,
): Promise<SerialStatus> => {
  const status = await serials.get(parent_id, serial)
  if (status === null) throw new Error(`${parent_id} has no record of serial ${serial}`)
  return status
}

/**
 * Puts the CA certificate of an issuer on its parent's list, and retires it.
 * What it issued is then refused by every relying party that looks, so this
 * takes a second person, as every change of an issuer does. Refuses
 * (`certificate_not_revocable`) roots, CAs of parents outside, and what is
 * revoked or has ended.
 */
export const requestIssuerRevocation = async (
  deps: Deps,
  requester: Principal,
  request: IssuerRevocationRequest,
): Promise<Proposal> => {
  const { id: issuer_id, name, version: base_version, parent_id, chain } = await revocable(deps, request.id)
  const { serial, sha256: certificate_sha256 } = readCertificate(Buffer.from(chain[0] ?? '', 'base64'))
  await statusOf(deps, parent_id, serial)
  const { reason, invalidity_date = null, note = null } = request
  const content: Content = {
    type: 'IssuerChange',
    operation: 'revoke',
    issuer_id,
    name,
    base_version,
    parent_id,
    serial,
    certificate_sha256,
    reason,
    invalidity_date,
  }
  return propose(deps.random, deps.now(), {
    content,
    requester,
    owner: requester.id,
    reason: note,
    ticket: request.ticket,
    requirement: requirementFor(content, { pinned: null, current: null }),
  })
}
