import type { EvidenceBundle } from '../model/evidence.ts'
import { placeOf } from '../model/gate.ts'
import { jobOfGrant } from '../model/ids.ts'
import { Refusal } from '../model/refusal.ts'
import type { Certificates, Issuers, Jobs, Profiles } from '../ports.ts'

export type EvidenceDeps = {
  readonly certificates: Pick<Certificates, 'load'>
  readonly issuers: Pick<Issuers, 'get'>
  readonly jobs: Pick<Jobs, 'load'>
  readonly profiles: Pick<Profiles, 'rules'>
  readonly environment: string
}

const accountOf = async (deps: EvidenceDeps, id: string): Promise<EvidenceBundle['issued_by']> => {
  const file = await deps.jobs.load(id)
  if (file === null || 'unreadable' in file) throw new Error(`job ${id} is missing or unreadable`)
  return JSON.parse(JSON.stringify({ content: file.content, events: file.events }))
}

/** What proves one issued version: five reads, and one more under a standing grant. Refuses (`not_found`) a version that was never issued. */
export const gatherEvidence = async (
  deps: EvidenceDeps,
  certificate_id: string,
  number: number,
): Promise<EvidenceBundle> => {
  const found = await deps.certificates.load(certificate_id)
  const version = found?.versions.find((one) => one.number === number)
  if (version === undefined)
    throw new Refusal('not_found', `no version ${number} of certificate ${certificate_id}`)
  const [issuer, issued_by, { pinned }] = await Promise.all([
    deps.issuers.get(version.issuer_id),
    accountOf(deps, version.job_id),
    deps.profiles.rules(version.profile_id, version.profile_version),
  ])
  if (issuer === null || pinned === null)
    throw new Error(`the issuer or the profile of ${certificate_id} is missing`)
  const place = placeOf(issued_by)
  return {
    format: 'countersign-evidence/1',
    environment: deps.environment,
    chain: [version.der, ...issuer.chain],
    issued_by,
    rules_made_by: await accountOf(deps, pinned.job_id),
    ...(place === null ? {} : { granted_by: await accountOf(deps, jobOfGrant(place.id)) }),
  }
}
