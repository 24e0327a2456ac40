import type { EvidenceBundle } from '../model/evidence.ts'
import { batchPlaceOf, placeOf } from '../model/gate.ts'
import { jobOfGrant } from '../model/ids.ts'
import type { JobFile } from '../model/job.ts'
import { Refusal } from '../model/refusal.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { ReceiptKeys } from '../ports/keys.ts'
import type { Issuers, Profiles } from '../ports/rules.ts'
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
const nobody = { get: async () => null, endings: async () => [] }

/** The batch that a renewal was a line of, and the jobs that made the profiles which it names besides the renewal's own. */
const batchOf = async (deps: EvidenceDeps, issued_by: JobFile, maker: JobFile) => {
  const place = batchPlaceOf(issued_by)
  if (place === null) return { batched_by: null, makers: [] }
  const batched_by = await fileOf(deps, place.job_id)
  const { content } = batched_by
  if (content.type !== 'RenewalBatch') throw new Error(`job ${place.job_id} is no batch`)
  const rules = await Promise.all(content.profiles.map(({ id, version }) => deps.profiles.rules(id, version)))
  const ids = new Set(rules.flatMap(({ pinned }) => pinned?.job_id ?? []))
  ids.delete(maker.job.id)
  return { batched_by, makers: await Promise.all([...ids].map((id) => fileOf(deps, id))) }
}

/** What proves one issued version: five reads, one more under a standing grant or in a batch, and one for each job that vouches for one of those who decided. Refuses (`not_found`) a version that was never issued. */
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
  const { batched_by, makers } = await batchOf(deps, issued_by, maker)
  const stands = [granted_by, batched_by].flatMap((one) => one ?? [])
  const shown = [issued_by, maker, ...stands, ...makers]
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
    ...(batched_by === null
      ? {}
      : { batched_by: accountOf(batched_by), batch_rules_made_by: makers.map(accountOf) }),
    people_made_by: people.map(accountOf),
  }
}
