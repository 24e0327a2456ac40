import type { EvidenceBundle } from '../model/evidence.ts'
import { placeOf } from '../model/gate.ts'
import { jobOfGrant } from '../model/ids.ts'
import type { JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import type { Certificates, Issuers, Jobs, Profiles, ReceiptKeys } from '../ports.ts'
import { receiptVerifier } from './receipts.ts'
import { vouchersOf } from './vouchers.ts'

export type EvidenceDeps = {
  readonly certificates: Pick<Certificates, 'load'>
  readonly issuers: Pick<Issuers, 'get'>
  readonly jobs: Pick<Jobs, 'load'>
  readonly profiles: Pick<Profiles, 'rules'>
  readonly receiptKeys: () => Promise<ReceiptKeys>
  readonly environment: string
}

const fileOf = async (deps: EvidenceDeps, id: string): Promise<JobFile> => {
  const file = await deps.jobs.load(id)
  if (file === null || 'unreadable' in file) throw new Error(`job ${id} is missing or unreadable`)
  return file
}

const accountOf = ({ content, events }: JobFile): EvidenceBundle['issued_by'] =>
  JSON.parse(JSON.stringify({ content, events }))

/** Nobody founds anything here: whoever reads a bundle is told who was there first. */
const nobody = { get: async () => null }

/** What proves one issued version: five reads, one more under a standing grant, and one for each job that vouches for one of those who decided. Refuses (`not_found`) a version that was never issued. */
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
    fileOf(deps, version.job_id),
    deps.profiles.rules(version.profile_id, version.profile_version),
  ])
  if (issuer === null || pinned === null)
    throw new Error(`the issuer or the profile of ${certificate_id} is missing`)
  const place = placeOf(issued_by)
  const maker = await fileOf(deps, pinned.job_id)
  const granted_by = place === null ? null : await fileOf(deps, jobOfGrant(place.id))
  const shown = [issued_by, maker, ...(granted_by === null ? [] : [granted_by])]
  const verify = receiptVerifier(await deps.receiptKeys(), deps.environment)
  const { made_by } = await vouchersOf({ ...deps, founders: nobody }, shown, verify)
  const people = [...made_by.values()].filter((file) => !shown.includes(file))
  return {
    format: 'countersign-evidence/1',
    environment: deps.environment,
    chain: [version.der, ...issuer.chain],
    issued_by: accountOf(issued_by),
    rules_made_by: accountOf(maker),
    ...(granted_by === null ? {} : { granted_by: accountOf(granted_by) }),
    people_made_by: people.map(accountOf),
  }
}
