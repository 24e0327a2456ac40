import { signingAlgorithmOf } from '../model/algorithms.ts'
import { sha256 } from '../model/digest.ts'
import type { Random } from '../model/ids.ts'
import type { Issuer } from '../model/issuer.ts'
import type { JobContent } from '../model/job.ts'
import type { DistinguishedName, NameConstraints } from '../model/names.ts'
import type { CertificatePlan, IssuerFacts } from '../model/plan.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import { type Clock, instantOf, later, secondsOf } from '../model/time.ts'
import { keyIdOf } from '../pki/key-id.ts'
import { encodeName } from '../pki/name.ts'
import { checkPublicKey } from '../pki/public-key.ts'
import { newSerial } from '../pki/serial.ts'
import type { PublicKeys } from '../ports/keys.ts'
import type { Issuers } from '../ports/rules.ts'
import { propose } from './propose.ts'
import { statusUrls } from './status-urls.ts'
import type { Proposal } from './submit.ts'

export type IssuerRequest = {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly parent_id: string | null
  readonly subject: DistinguishedName
  readonly lifetime: string
  readonly path_length: number | null
  readonly name_constraints: NameConstraints | null
  readonly policies: readonly string[]
  readonly crl_shards: number
  readonly reason?: string | undefined
  readonly ticket?: string | undefined
}

type Deps = {
  readonly issuers: Pick<Issuers, 'get'>
  readonly keys: PublicKeys
  readonly status_url: string
  readonly now: Clock
  readonly random: Random
}

const invalid = (pointer: string, detail: string) =>
  new Refusal('issuer_invalid', detail, [{ pointer, detail }])

const parentOf = async (deps: Deps, request: IssuerRequest, now: Date): Promise<Issuer | null> => {
  if (request.parent_id === null) return null
  const parent = await deps.issuers.get(request.parent_id)
  if (parent === null || parent.status !== 'active') throw invalid('/parent_id', 'names no active issuer')
  if (parent.key === request.key) throw invalid('/key', 'is the key of the parent')
  const room = parent.path_length === null ? null : parent.path_length - 1
  if (room !== null && (room < 0 || request.path_length === null || request.path_length > room))
    throw invalid('/path_length', `the parent allows at most ${room}`)
  const end = instantOf(later(now, secondsOf(request.lifetime)))
  if (parent.facts.not_after !== null && end > parent.facts.not_after)
    throw invalid('/lifetime', `the parent ends at ${parent.facts.not_after}`)
  return parent
}

/** A root signs itself: what is known of its issuer is what is known of it. */
const selfFacts = (
  request: IssuerRequest,
  spki: Uint8Array,
  signing_algorithm: IssuerFacts['signing_algorithm'],
) => ({
  id: request.id,
  type: 'kms' as const,
  certificate_sha256: null,
  subject: Buffer.from(encodeName(request.subject)).toString('base64'),
  key_id: keyIdOf(spki),
  signing_algorithm,
  not_after: null,
  name_constraints: [],
  crl_shards: request.crl_shards,
})

/** A new CA over a key in KMS, as a job that always takes a second person. */
export const requestIssuer = async (
  deps: Deps,
  requester: Principal,
  request: IssuerRequest,
): Promise<Proposal> => {
  const now = deps.now()
  if ((await deps.issuers.get(request.id)) !== null)
    throw new Refusal('already_exists', `issuer ${request.id} exists`)
  const spki = await deps.keys.publicKey(request.key)
  if (spki === null) throw invalid('/key', 'this deployment has no CA key of that name')
  const { algorithm } = checkPublicKey(spki)
  const signing_algorithm = signingAlgorithmOf[algorithm]
  if (signing_algorithm === null) throw invalid('/key', `a CA key is not ${algorithm}`)
  const parent = await parentOf(deps, request, now)
  const serial = newSerial(deps.random)
  const urls = parent === null ? null : statusUrls(deps.status_url, parent.facts, serial)
  const plan: CertificatePlan = {
    serial,
    issuer: parent?.facts ?? selfFacts(request, spki, signing_algorithm),
    subject: [...request.subject],
    subject_alternative_names: [],
    public_key: {
      algorithm,
      spki: Buffer.from(spki).toString('base64'),
      spki_sha256: sha256(spki),
    },
    validity: { lifetime_seconds: secondsOf(request.lifetime), backdate_seconds: 0 },
    basic_constraints: { ca: true, path_length: request.path_length },
    key_usage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    extended_key_usage: [],
    name_constraints: request.name_constraints,
    policies: [...request.policies],
    must_staple: false,
    crl_distribution_points: urls === null ? [] : [urls.crl],
    ocsp: urls === null ? [] : [urls.ocsp],
    ca_issuers: urls === null ? [] : [urls.ca],
    no_revocation_available: false,
    ocsp_no_check: false,
  }
  const { id: issuer_id, name, key, parent_id, crl_shards } = request
  const content: JobContent = {
    type: 'IssuerChange',
    operation: 'create',
    issuer_id,
    name,
    key,
    parent_id,
    crl_shards,
    plan,
  }
  const requires = parent === null ? [] : [{ write: 'require_issuer', id: parent.id } as const]
  return propose(deps.random, now, {
    content,
    requester,
    owner: requester.id,
    reason: request.reason ?? null,
    ticket: request.ticket,
    requirement: requirementFor(content, { pinned: null, current: null }),
    writes: requires,
  })
}
