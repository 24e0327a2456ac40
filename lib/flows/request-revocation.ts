import type { CertificateVersion } from '../model/certificate.ts'
import type { Random } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import type { RevocationReason } from '../model/revocation.ts'
import { type Clock, instantOf } from '../model/time.ts'
import { canonicalSerial } from '../pki/serial.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Profiles } from '../ports/rules.ts'
import { affectedBy } from './carry-out.ts'
import { propose } from './propose.ts'
import type { Proposal } from './submit.ts'

export type RevocationRequest = {
  readonly certificate_id: string
  /** One version by its serial, however it is written; all that are still valid otherwise. */
  readonly serial?: string | undefined
  readonly reason: RevocationReason
  readonly invalidity_date?: string | undefined
  readonly note?: string | undefined
  readonly ticket?: string | undefined
}

type Deps = {
  readonly certificates: Pick<Certificates, 'load'>
  readonly now: Clock
  readonly random: Random
}

type Content = Extract<JobContent, { type: 'Revocation'; certificate_id: string }>

/** The versions that are meant. What was revoked already is meant too: asking twice is asking once. */
const meant = (
  versions: readonly CertificateVersion[],
  serial: string | undefined,
  now: string,
): readonly CertificateVersion[] => {
  const valid = versions.filter(({ not_after }) => not_after > now)
  if (valid.length === 0)
    throw new Refusal('certificate_not_revocable', 'no version of this certificate is still valid')
  if (serial === undefined) return valid
  const named = valid.filter((version) => version.serial === canonicalSerial(serial))
  if (named.length === 0)
    throw new Refusal('certificate_not_revocable', 'no version that is still valid has this serial number', [
      { pointer: '/serial', detail: 'is of no version that is still valid' },
    ])
  return named
}

const load = async (deps: Deps, id: string) => {
  const found = await deps.certificates.load(id)
  if (found === null) throw new Refusal('not_found', `no certificate ${id}`)
  return found
}

const targetOf = ({ number, issuer_id, serial, crl_shard }: CertificateVersion) => ({
  number,
  issuer_id,
  serial,
  shard: crl_shard,
})

/** Ends every version of a certificate that is still valid, or a named one. Refuses (`certificate_not_revocable`) where none is. */
export const requestRevocation = async (
  deps: Deps,
  requester: Principal,
  request: RevocationRequest,
): Promise<Proposal> => {
  const now = deps.now()
  const { certificate, versions } = await load(deps, request.certificate_id)
  const content: Content = {
    type: 'Revocation',
    operation: 'revoke',
    certificate_id: certificate.id,
    team: certificate.team,
    profile_id: certificate.profile_id,
    issuer_id: certificate.issuer_id,
    versions: meant(versions, request.serial, instantOf(now)).map(targetOf),
    reason: request.reason,
    invalidity_date: request.invalidity_date ?? null,
    profiles: [],
  }
  return propose(deps.random, now, {
    content,
    requester,
    owner: certificate.owner,
    reason: request.note ?? null,
    ticket: request.ticket,
    requirement: requirementFor(content, { pinned: null, current: null }),
    certificate,
  })
}

/**
 * Ends the hold on a certificate. What is good again is trusted again: under a
 * gated profile that takes a second person, where the hold did not.
 */
export const requestRelease = async (
  deps: Deps & { readonly profiles: Pick<Profiles, 'rules'> },
  requester: Principal,
  request: {
    readonly certificate_id: string
    readonly note?: string | undefined
    readonly ticket?: string | undefined
  },
): Promise<Proposal> => {
  const now = deps.now()
  const { certificate, versions } = await load(deps, request.certificate_id)
  const held = versions.filter(
    ({ not_after, revocation_reason }) =>
      not_after > instantOf(now) && revocation_reason === 'certificateHold',
  )
  if (held.length === 0)
    throw new Refusal('certificate_not_revocable', 'no version of this certificate is on hold')
  const issued = [...new Set(held.map(({ profile_id }) => profile_id))].map((id) => ({ id }))
  const rules = await affectedBy(deps.profiles, issued)
  const content: Content = {
    type: 'Revocation',
    operation: 'release',
    certificate_id: certificate.id,
    team: certificate.team,
    profile_id: certificate.profile_id,
    issuer_id: certificate.issuer_id,
    versions: held.map(targetOf),
    reason: 'certificateHold',
    invalidity_date: null,
    profiles: issued.map(({ id }) => ({
      id,
      version: rules.affected?.find((profile) => profile.id === id)?.version ?? 1,
    })),
  }
  return propose(deps.random, now, {
    content,
    requester,
    owner: certificate.owner,
    reason: request.note ?? null,
    ticket: request.ticket,
    requirement: requirementFor(content, rules),
    certificate,
  })
}
