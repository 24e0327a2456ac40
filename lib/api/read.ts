import { type EvidenceDeps, gatherEvidence } from '../flows/gather-evidence.ts'
import { plannedTargets } from '../flows/plan-revocation.ts'
import { jwksOf } from '../flows/receipt-jwks.ts'
import { differenceFrom } from '../flows/show-approval.ts'
import { plannedLines, renewalsOf } from '../flows/show-batch.ts'
import { grantOf, grantsOf } from '../flows/show-grant.ts'
import { renewalInfo, showRenewal } from '../flows/show-renewal.ts'
import type { Answers, Reply } from '../http/call.ts'
import { openApi } from '../http/openapi.ts'
import {
  chainPem,
  pem,
  viewApiKey,
  viewApproval,
  viewApprovalInFull,
  viewCertificate,
  viewDelegation,
  viewGrant,
  viewIssuer,
  viewJob,
  viewOidcSubject,
  viewPrincipal,
  viewProfile,
} from '../http/views.ts'
import { jobIdOf } from '../model/ids.ts'
import { Refusal } from '../model/refusal.ts'
import type { Clock } from '../model/time.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Events } from '../ports/events.ts'
import type { Grants } from '../ports/grants.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { ReceiptKeys } from '../ports/keys.ts'
import type { Page } from '../ports/page.ts'
import type { Principals } from '../ports/principals.ts'
import type { RenewalPlans, Renewals } from '../ports/renewals.ts'
import type { Accesses } from '../ports/requests.ts'
import type { RevocationPlans } from '../ports/revocation.ts'
import type { Issuers, Profiles } from '../ports/rules.ts'

export type ReadDeps = EvidenceDeps & {
  readonly receiptKeys: () => Promise<ReceiptKeys>
  readonly jobs: Pick<Jobs, 'load' | 'heads' | 'list' | 'openBulkRevocations'>
  readonly renewals: Pick<Renewals, 'load'>
  readonly certificates: Certificates
  readonly profiles: Profiles
  readonly issuers: Issuers
  readonly events: Events
  readonly principals: Pick<
    Principals,
    'get' | 'list' | 'apiKeys' | 'oidcSubjects' | 'giver' | 'delegationsTo'
  >
  readonly accesses: Pick<Accesses, 'lastUses'>
  readonly plans: Pick<RevocationPlans, 'lines'>
  readonly renewalPlans: Pick<RenewalPlans, 'get'>
  readonly grants: Grants
  readonly now: Clock
}

const found = <T>(thing: T | null | undefined, what: string): T => {
  if (thing === null || thing === undefined) throw new Refusal('not_found', `no ${what}`)
  return thing
}

const shown = (body: unknown): Reply => ({ status: 200, body })

const versioned = (body: unknown, version: number): Reply => ({ status: 200, body, version })

const page = <T>({ rows, next, unreadable = [] }: Page<T>, view: (row: T) => unknown): Reply => ({
  status: 200,
  body: rows.map(view),
  next,
  unreadable,
})

const pagingOf = ({ limit, cursor }: { limit: number; cursor?: string | undefined }) => ({
  limit,
  after: cursor ?? null,
})

const fileOf = async (jobs: ReadDeps['jobs'], id: string, what: string) => {
  const file = found(await jobs.load(id), what)
  if ('unreadable' in file) throw new Error(`job ${id} cannot be read: ${file.unreadable}`)
  return file
}

const withoutCsr = <T extends { csr: unknown }>({ csr: _, ...rest }: T) => rest

/** Every operation that only reads. */
export const readApi = (deps: ReadDeps): Answers<'read'> => ({
  listCertificates: async ({ query }) => {
    const { limit: _, cursor: __, ...filter } = query
    return page(await deps.certificates.list(filter, pagingOf(query)), viewCertificate)
  },
  getCertificate: async ({ params: { id } }) =>
    shown(viewCertificate(found(await deps.certificates.get(id), `certificate ${id}`))),
  listCertificateVersions: async ({ params: { id }, query }) => {
    const { versions } = found(await deps.certificates.load(id), `certificate ${id}`)
    const from = query.cursor === undefined ? 0 : Number(query.cursor)
    const rows = versions.filter(({ number }) => number > from)
    const last = rows[query.limit - 1]
    const next = last !== undefined && rows.length > query.limit ? String(last.number) : null
    return page({ rows: rows.slice(0, query.limit), next }, withoutCsr)
  },
  getRenewal: async ({ params: { id } }) => shown(await showRenewal(deps, id)),
  getRenewalInfo: async ({ params: { id } }) => shown(await renewalInfo(deps, id)),
  getReceiptKeys: async () => shown(jwksOf(await deps.receiptKeys())),
  getEvidence: async ({ params: { id, number } }) => shown(await gatherEvidence(deps, id, number)),
  getCertificateChain: async ({ params: { id } }) => {
    const { versions } = found(await deps.certificates.load(id), `certificate ${id}`)
    const newest = found(versions.at(-1), `issued version of certificate ${id}`)
    const { chain } = found(await deps.issuers.get(newest.issuer_id), `issuer ${newest.issuer_id}`)
    // The root is what a relying party has already: it proves nothing when it is sent along.
    const sent = [newest.der, ...(chain.length > 1 ? chain.slice(0, -1) : chain)]
    return { status: 200, body: chainPem(sent), content_type: 'application/pem-certificate-chain' }
  },
  listGrants: async ({ params: { id }, query }) => page(await grantsOf(deps, id, pagingOf(query)), viewGrant),
  getGrant: async ({ params: { id } }) => shown(viewGrant(await grantOf(deps, id))),
  listPlannedRevocations: async ({ params: { id }, query }) => {
    const from = query.cursor === undefined ? 0 : Number(query.cursor)
    const { rows, next } = await plannedTargets(deps, id, { from, limit: query.limit })
    return page({ rows, next: next === null ? null : String(next) }, (row) => row)
  },
  listPlannedRenewals: async ({ params: { id }, query }) => {
    const { rows, next } = await plannedLines(deps, id, pagingOf(query))
    return page({ rows, next }, (row) => row)
  },
  listBatchRenewals: async ({ params: { id }, query }) => {
    const file = await fileOf(deps.jobs, id, `job ${id}`)
    return page(await renewalsOf(deps, file, pagingOf(query)), (row) => row)
  },
  listJobs: async ({ query }) => {
    const { limit: _, cursor: __, ...filter } = query
    return page(await deps.jobs.list(filter, pagingOf(query)), viewJob)
  },
  getJob: async ({ params: { id } }) => shown(viewJob((await fileOf(deps.jobs, id, `job ${id}`)).job)),
  listApprovals: async ({ query }) => {
    const filter = { approval_state: query.state, gated: true }
    return page(await deps.jobs.list(filter, pagingOf(query)), viewApproval)
  },
  getApproval: async ({ params: { id } }) => {
    const file = await fileOf(deps.jobs, jobIdOf(id), `approval ${id}`)
    return shown(found(viewApprovalInFull(file, await differenceFrom(deps, file)), `approval ${id}`))
  },
  listProfiles: async ({ query }) => page(await deps.profiles.list(pagingOf(query)), viewProfile),
  getProfile: async ({ params: { id } }) => {
    const profile = found(await deps.profiles.current(id), `profile ${id}`)
    const active = found(profile.status === 'active' ? profile : null, `profile ${id}`)
    return versioned(viewProfile(active), active.version)
  },
  listIssuers: async ({ query }) => page(await deps.issuers.list(pagingOf(query)), viewIssuer),
  getIssuerCsr: async ({ params: { id } }) => {
    const { csr } = found(await deps.issuers.request(id), `request of issuer ${id}`)
    return { status: 200, body: pem('CERTIFICATE REQUEST', csr), content_type: 'application/x-pem-file' }
  },
  getIssuer: async ({ params: { id } }) => {
    const issuer = found(await deps.issuers.get(id), `issuer ${id}`)
    return versioned(viewIssuer(issuer), issuer.version)
  },
  listEvents: async ({ query }) => {
    const { limit: _, cursor: __, ...filter } = query
    return page(await deps.events.list(filter, pagingOf(query)), (event) => event)
  },
  exportEvents: async ({ query }) => {
    const { limit: _, cursor: __, ...filter } = query
    const found = await deps.events.list(filter, pagingOf(query))
    const body = found.rows.map((event) => `${JSON.stringify(event)}\n`).join('')
    return { ...page(found, (event) => event), body, content_type: 'application/x-ndjson' }
  },
  listPrincipals: async ({ query }) => page(await deps.principals.list(pagingOf(query)), viewPrincipal),
  getPrincipal: async ({ params: { id } }) => {
    const { principal } = found(await deps.principals.get(id), `principal ${id}`)
    return versioned(viewPrincipal(principal), principal.version)
  },
  listApiKeys: async ({ params: { id } }) => {
    found(await deps.principals.get(id), `principal ${id}`)
    const keys = await deps.principals.apiKeys(id)
    const uses = await deps.accesses.lastUses(keys.map((key) => key.id))
    return shown(keys.map((key, n) => viewApiKey(key, uses[n] ?? null)))
  },
  listDelegations: async ({ params: { id }, query }) => {
    const { delegations } = found(await deps.principals.giver(id), `principal ${id}`)
    if (query.side === 'received')
      return page(await deps.principals.delegationsTo(id, pagingOf(query)), viewDelegation)
    const from = query.cursor === undefined ? 0 : Number(query.cursor)
    const rows = delegations.slice(from, from + query.limit)
    const end = from + rows.length
    return page({ rows, next: end < delegations.length ? String(end) : null }, viewDelegation)
  },
  listOidcSubjects: async ({ params: { id }, query }) => {
    found(await deps.principals.get(id), `principal ${id}`)
    const { rows, next } = await deps.principals.oidcSubjects(id, pagingOf(query))
    const uses = await deps.accesses.lastUses(rows.map((subject) => subject.id))
    return { ...shown(rows.map((subject, n) => viewOidcSubject(subject, uses[n] ?? null))), next }
  },
  getOpenApi: async () => shown(openApi()),
})
