import { signingAlgorithmOf } from '../model/algorithms.ts'
import type { Random } from '../model/ids.ts'
import type { JobContent } from '../model/job.ts'
import type { DistinguishedName } from '../model/names.ts'
import type { Principal } from '../model/principal.ts'
import { Refusal } from '../model/refusal.ts'
import { requirementFor } from '../model/requirement.ts'
import type { Clock } from '../model/time.ts'
import { readCertificate } from '../pki/certificate-reader.ts'
import { readIssuerChain } from '../pki/issuer-chain.ts'
import { encodeName } from '../pki/name.ts'
import { checkPublicKey } from '../pki/public-key.ts'
import type { AuthorityChains } from '../ports/authority.ts'
import type { PublicKeys } from '../ports/keys.ts'
import type { Issuers } from '../ports/rules.ts'
import { propose } from './propose.ts'
import type { Proposal } from './submit.ts'

type Deps = {
  readonly issuers: Pick<Issuers, 'get' | 'request'>
  readonly keys: PublicKeys
  readonly now: Clock
  readonly random: Random
}

type Why = { readonly reason?: string | undefined; readonly ticket?: string | undefined }

type IssuerChange = Extract<JobContent, { type: 'IssuerChange' }>

const invalid = (pointer: string, detail: string) =>
  new Refusal('issuer_invalid', detail, [{ pointer, detail }])

const proposeChange = (
  deps: Deps,
  requester: Principal,
  content: IssuerChange,
  { reason, ticket }: Why,
): Proposal => {
  return propose(deps.random, deps.now(), {
    content,
    requester,
    owner: requester.id,
    reason: reason ?? null,
    ticket,
    requirement: requirementFor(content, { pinned: null, current: null }),
  })
}

const mustBeNew = async (deps: Deps, id: string): Promise<void> => {
  if ((await deps.issuers.get(id)) !== null) throw new Refusal('already_exists', `issuer ${id} exists`)
}

export type CsrRequest = Why & {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly subject: DistinguishedName
  readonly crl_shards: number
}

/** A request, signed by a CA key, with which a parent outside this deployment is asked for a certificate. */
export const requestIssuerCsr = async (
  deps: Deps,
  requester: Principal,
  request: CsrRequest,
): Promise<Proposal> => {
  await mustBeNew(deps, request.id)
  if ((await deps.issuers.request(request.id)) !== null)
    throw new Refusal('already_exists', `there is a request for issuer ${request.id}`)
  const spki = await deps.keys.publicKey(request.key)
  if (spki === null) throw invalid('/key', 'this deployment has no CA key of that name')
  const signing_algorithm = signingAlgorithmOf[checkPublicKey(spki).algorithm]
  if (signing_algorithm === null) throw invalid('/key', 'a CA key is not of this kind')
  encodeName(request.subject)
  const { id: issuer_id, name, key, subject, crl_shards } = request
  const content: IssuerChange = {
    type: 'IssuerChange',
    operation: 'request',
    issuer_id,
    name,
    key,
    spki: Buffer.from(spki).toString('base64'),
    signing_algorithm,
    subject: [...subject],
    crl_shards,
  }
  return proposeChange(deps, requester, content, request)
}

export type ImportRequest = Why & {
  readonly id: string
  /** PEM: the certificate that the parent made, then those above it up to a root. */
  readonly certificate: string
}

/** An issuer from the certificate that a parent outside made for our request. Who approves it trusts its root. */
export const importIssuer = async (
  deps: Deps,
  requester: Principal,
  request: ImportRequest,
): Promise<Proposal> => {
  await mustBeNew(deps, request.id)
  const asked = await deps.issuers.request(request.id)
  if (asked === null) throw new Refusal('not_found', `there is no request for issuer ${request.id}`)
  const spki = await deps.keys.publicKey(asked.key)
  if (spki === null || Buffer.from(spki).toString('base64') !== asked.spki)
    throw invalid('/certificate', 'the CA key is not the one that the request was made for')
  const { chain, facts, path_length } = readIssuerChain(request.certificate, spki, deps.now())
  const { name, key, crl_shards } = asked
  const type = 'kms'
  const content: IssuerChange = {
    type: 'IssuerChange',
    operation: 'import',
    issuer_id: request.id,
    name,
    key,
    spki: asked.spki,
    chain: [...chain],
    facts: { ...facts, id: request.id, type, crl_shards },
    path_length,
  }
  return proposeChange(deps, requester, content, request)
}

export type AuthorityRequest = Why & {
  readonly id: string
  readonly name: string
  readonly authority: string
}

/** An issuer of a certificate authority of AWS Private CA, with the certificate and the chain that AWS has of it. */
export const importAuthority = async (
  deps: Deps & { readonly authorities: AuthorityChains },
  requester: Principal,
  request: AuthorityRequest,
): Promise<Proposal> => {
  await mustBeNew(deps, request.id)
  const pem = await deps.authorities.chain(request.authority)
  if (pem === null) throw invalid('/authority', 'this deployment declares no authority of that name')
  const { chain, facts, path_length } = readIssuerChain(pem, null, deps.now())
  const own = readCertificate(chain[0] ?? '')
  const content: IssuerChange = {
    type: 'IssuerChange',
    operation: 'import',
    issuer_id: request.id,
    name: request.name,
    key: request.authority,
    spki: Buffer.from(own.spki).toString('base64'),
    chain: [...chain],
    facts: { ...facts, id: request.id, type: 'acm-pca', crl_shards: 1 },
    path_length,
  }
  return proposeChange(deps, requester, content, request)
}

/** An issuer that signs nothing more but lists and responders: CRL and OCSP go on until its last certificate ends. */
export const retireIssuer = async (
  deps: Deps,
  requester: Principal,
  request: Why & { readonly id: string },
): Promise<Proposal> => {
  const issuer = await deps.issuers.get(request.id)
  if (issuer === null) throw new Refusal('not_found', `no issuer ${request.id}`)
  if (issuer.status === 'retired') throw new Refusal('issuer_inactive', `issuer ${request.id} is retired`)
  const { id: issuer_id, name, version: base_version } = issuer
  const content: IssuerChange = { type: 'IssuerChange', operation: 'retire', issuer_id, name, base_version }
  return proposeChange(deps, requester, content, request)
}
