import type { EvidenceBundle } from '../model/evidence.ts'
import { accountComplaints, batchPlaceOf, placeOf } from '../model/gate.ts'
import type { JobFile } from '../model/job.ts'
import type { ProfileVersion } from '../model/profile.ts'
import type { VerifyReceipt } from '../model/receipt.ts'
import { Refusal } from '../model/refusal.ts'
import { profileMadeBy, retell } from '../model/retell.ts'
import { tbsCertificate } from '../pki/certificate.ts'
import { type CertificateFacts, readCertificate, verifyCertificate } from '../pki/certificate-reader.ts'
import { namedIn } from './vouchers.ts'

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

const readChain = (chain: readonly string[]): readonly CertificateFacts[] =>
  chain.map((text) => {
    const der = Buffer.from(text, 'base64')
    if (der.toString('base64') !== text)
      throw new Refusal('plan_mismatch', 'a certificate is not in its one encoding')
    return readCertificate(der, 'plan_mismatch')
  })

/** Each certificate signed by the next, the last by itself. */
function* chainComplaints(chain: readonly CertificateFacts[]): Generator<string> {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1] ?? certificate
    if (!same(certificate.issuer_der, issuer.subject_der) || !verifyCertificate(certificate.der, issuer.spki))
      yield `certificate ${index} of the chain is not signed by the one above it`
  }
}

/** The certificate must be, octet for octet, what the approved plan becomes at the moment on record. */
function* contentComplaints(leaf: CertificateFacts, file: JobFile): Generator<string> {
  const { content, issuance, job } = file
  if (job.status !== 'Completed') yield `the job that issued it is ${job.status}`
  if (!('plan' in content) || issuance === null) return yield 'the job issued nothing'
  if (!same(tbsCertificate(content.plan, issuance.period), leaf.tbs))
    yield 'the certificate is not what was approved'
  const issued = file.events.some(
    ({ type, details }) => type === 'certificate_issued' && details.certificate_sha256 === leaf.sha256,
  )
  if (!issued) yield 'the issuance of this certificate is not on record'
}

/** What a job rests on: what made the rules, what gave the standing grant, what made those who decided. */
type Others = {
  readonly maker: JobFile
  readonly granted_by: JobFile | null
  readonly batched_by: JobFile | null
  /** What made the other rules that the batch is under. */
  readonly batch_makers: readonly JobFile[]
  readonly people: readonly JobFile[]
  readonly verify: VerifyReceipt
}

/** Nothing may be in a bundle that proves nothing: it could be changed unseen. */
function* idleComplaints(file: JobFile, others: Others): Generator<string> {
  const { maker, granted_by, batched_by, batch_makers, people, verify } = others
  const byId = new Map(people.map((one) => [one.job.id, one]))
  const needed = new Set<string>()
  const stands = [granted_by, batched_by].flatMap((one) => one ?? [])
  let fresh: readonly JobFile[] = [file, maker, ...stands, ...batch_makers]
  while (fresh.length > 0) {
    const named = namedIn(fresh, verify).jobs.filter((id) => !needed.has(id))
    for (const id of named) needed.add(id)
    fresh = named.flatMap((id) => byId.get(id) ?? [])
  }
  if (byId.size !== people.length) yield 'a job is there twice'
  for (const id of byId.keys()) if (!needed.has(id)) yield `job ${id} vouches for nobody here`
}

/** The rules that were in force for a job, with the job that made them. */
function* rulesComplaints(file: JobFile, others: Others): Generator<string> {
  const { maker, granted_by, batched_by, batch_makers, people, verify } = others
  const { content } = file
  const profile = profileMadeBy(maker)
  if (profile === null) return yield 'the rules were made by a job that makes none'
  if (!('profile_version' in content)) return yield 'the job was not made under a profile'
  if (content.profile_id !== profile.id || content.profile_version !== profile.version)
    yield 'the rules are not those that it was issued under'
  yield* accountComplaints(file, {
    rules: { pinned: profile, current: profile },
    made_by: new Map([maker, ...batch_makers, ...people].map((one) => [one.job.id, one])),
    founders: 'as_told',
    endings: 'as_told',
    bypass: null,
    granted_by,
    batched_by,
    batch_profiles: batchProfiles(batched_by, [maker, ...batch_makers]),
    verify,
  })
}

/** The versions that a batch names, as far as there are jobs that made them. */
const batchProfiles = (batched_by: JobFile | null, makers: readonly JobFile[]): readonly ProfileVersion[] => {
  const { content } = batched_by ?? {}
  if (content?.type !== 'RenewalBatch') return []
  return makers
    .flatMap((one) => profileMadeBy(one) ?? [])
    .filter((made) => content.profiles.some(({ id, version }) => id === made.id && version === made.version))
}

/** What is told of a batch is there because the renewal is a line of it, and each of its rules once. */
function* batchComplaints(
  file: JobFile,
  { maker, batched_by, batch_makers }: Pick<Others, 'maker' | 'batched_by' | 'batch_makers'>,
): Generator<string> {
  if (batchPlaceOf(file) === null && (batched_by !== null || batch_makers.length > 0))
    yield 'it was renewed in no batch'
  const { content } = batched_by ?? {}
  if (content?.type !== 'RenewalBatch') return
  const makers = [maker, ...batch_makers]
  if (new Set(makers.map(({ job }) => job.id)).size < makers.length) yield 'a job is there twice'
  if (
    batchProfiles(batched_by, makers).length !== content.profiles.length ||
    makers.length !== content.profiles.length
  )
    yield 'the rules are not those that the batch is under'
}

/** A refusal is one more thing that is wrong. */
const gathered = (complaints: () => Iterable<string>): readonly string[] => {
  try {
    return [...complaints()]
  } catch (error) {
    if (error instanceof Refusal) return [error.message]
    throw error
  }
}

/**
 * Everything that is wrong with a bundle; nothing where it proves what it
 * claims. Needs no network and trusts nothing in the bundle: `verify` holds
 * the public keys that its reader got elsewhere.
 */
export const verifyEvidence = (bundle: EvidenceBundle, verify: VerifyReceipt): readonly string[] =>
  gathered(function* () {
    const chain = readChain(bundle.chain)
    const [leaf] = chain
    if (leaf === undefined) return yield 'there is no certificate'
    const file = retell(bundle.issued_by)
    yield* chainComplaints(chain)
    yield* contentComplaints(leaf, file)
    const maker = retell(bundle.rules_made_by)
    const granted_by = bundle.granted_by === undefined ? null : retell(bundle.granted_by)
    if (granted_by !== null && placeOf(file) === null) yield 'it was issued under no standing grant'
    const batched_by = bundle.batched_by === undefined ? null : retell(bundle.batched_by)
    const batch_makers = (bundle.batch_rules_made_by ?? []).map(retell)
    yield* batchComplaints(file, { maker, batched_by, batch_makers })
    const people = bundle.people_made_by.map(retell)
    const others = { maker, granted_by, batched_by, batch_makers, people, verify }
    yield* new Set(rulesComplaints(file, others))
    yield* idleComplaints(file, others)
  })
