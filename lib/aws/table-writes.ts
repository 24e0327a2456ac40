import type { Change, Write } from '../model/change.ts'
import type { PrincipalStep, PrincipalWrite } from '../model/principal-change.ts'
import type { Stored } from '../ports/page.ts'
import { type Item, items, type Key, keys, partitionOf } from './table.ts'

/** What must hold of the item under a key for a write to happen. */
export type Condition = 'absent' | { readonly attribute: string; readonly equals: string | number | null }

/** `any`: another write of the same transaction guards this one. */
export type TableWrite = { readonly of: Stored } & (
  | { readonly put: Item; readonly condition: Condition | 'any' }
  | { readonly check: Key; readonly condition: Condition }
)

/** A record with a `version` replaces the one before it, or is the first. */
const after = (version: number): Condition =>
  version === 1 ? 'absent' : { attribute: 'version', equals: version - 1 }

const tableWritesOf = (write: Write): readonly TableWrite[] => {
  const of = write.write
  switch (write.write) {
    case 'content':
      return [{ of, put: { ...keys.content(write.job_id), ...write.content }, condition: 'absent' }]
    case 'new_certificate':
    case 'next_certificate':
      return [{ of, put: items.certificate(write.certificate), condition: after(write.certificate.version) }]
    case 'new_certificate_version':
      return [{ of, put: items.certificateVersion(write.version), condition: 'absent' }]
    case 'revoked_certificate_version':
      return [
        {
          of,
          put: items.certificateVersion(write.version),
          condition: { attribute: 'revoked_at', equals: write.before },
        },
      ]
    case 'new_renewal':
      return [{ of, put: items.renewal(write.renewal), condition: 'any' }]
    case 'next_renewal': {
      const { renewal } = write
      const condition = { attribute: 'version', equals: renewal.version - 1 }
      return [{ of, put: items.renewal(renewal), condition }]
    }
    case 'next_csr':
      return [{ of, put: items.nextCsr(write.csr), condition: after(write.csr.version) }]
    case 'new_serial':
    case 'next_serial': {
      const { serial } = write
      return [{ of, put: items.serial(serial), condition: after(serial.version) }]
    }
    case 'revocation_entry': {
      const { entry } = write
      const put = { ...keys.crlEntry(entry), ...entry }
      return [{ of, put, condition: 'absent' }]
    }
    case 'profile': {
      const { profile } = write
      const version = { ...keys.profileVersion(profile.id, profile.version), ...profile }
      return [
        { of, put: items.profile(profile), condition: after(profile.version) },
        { of, put: version, condition: 'absent' },
      ]
    }
    case 'issuer': {
      const { issuer } = write
      const put: TableWrite = { of, put: items.issuer(issuer), condition: after(issuer.version) }
      const end: TableWrite = {
        of,
        put: { ...keys.issuerEnd(issuer.id), issuer_id: issuer.id },
        condition: 'any',
      }
      return issuer.status === 'active' ? [put] : [put, end]
    }
    case 'issuer_request': {
      const { request } = write
      return [{ of, put: { ...keys.issuerRequest(request.issuer_id), ...request }, condition: 'absent' }]
    }
    case 'grant': {
      const { grant } = write
      const put = { ...keys.grant(grant.certificate_id, grant.id), ...grant }
      return [{ of, put, condition: after(grant.version) }]
    }
    case 'grant_use': {
      const { use } = write
      return [{ of, put: { ...keys.grantUse(use.id), ...use }, condition: after(use.version) }]
    }
    case 'spent_place': {
      const { place } = write
      return [
        { of, put: { ...keys.spentNumber(place), ...place }, condition: 'absent' },
        { of, put: { ...keys.spentWindow(place), ...place }, condition: 'absent' },
      ]
    }
    case 'require_spent_place': {
      const { place } = write
      const condition = { attribute: 'digest', equals: place.digest }
      return [
        { of, check: keys.spentNumber(place), condition },
        { of, check: keys.spentWindow(place), condition },
      ]
    }
    case 'spent_line':
      return [{ of, put: { ...keys.spentLine(write.line), ...write.line }, condition: 'absent' }]
    case 'require_spent_line': {
      const condition = { attribute: 'digest', equals: write.line.digest }
      return [{ of, check: keys.spentLine(write.line), condition }]
    }
    case 'compromise': {
      const put = { ...keys.compromise(write.compromise), ...write.compromise }
      return [{ of, put, condition: 'absent' }]
    }
    case 'replay':
      return [{ of, put: items.replay(write.replay), condition: 'absent' }]
    case 'require_grant': {
      const condition = { attribute: 'withdrawn_at', equals: null }
      return [{ of, check: keys.grant(write.certificate_id, write.id), condition }]
    }
    case 'require_profile':
      // Versions have no gaps and none is ever removed: this is the one in force for as long as there is no next one.
      return [{ of, check: keys.profileVersion(write.id, write.version + 1), condition: 'absent' }]
    case 'principal_step':
      return principalWrites(write.step)
    case 'require_principal':
      return [principalWriteOf(write)]
    case 'require_delegation': {
      const { principal_id, id, version } = write.delegation
      const condition = { attribute: 'version', equals: version }
      return [{ of, check: keys.delegation(principal_id, id), condition }]
    }
    case 'require_no_end':
      return [{ of, check: keys.issuerEnd(write.id), condition: 'absent' }]
    case 'require_issuer':
      return [{ of, check: keys.issuer(write.id), condition: { attribute: 'status', equals: 'active' } }]
  }
}

/** A step as the writes of one transaction. */
export const tableWrites = (change: Change): readonly TableWrite[] => {
  const { job } = change
  return [
    ...(job === null ? [] : [{ of: 'job', put: items.job(job), condition: after(job.version) } as const]),
    ...change.events.map((event): TableWrite => {
      const put = items.event(partitionOf(event.chain), event)
      return { of: 'event', put, condition: 'absent' }
    }),
    ...change.writes.flatMap(tableWritesOf),
  ]
}

const principalWriteOf = (write: PrincipalWrite): TableWrite => {
  const of = write.write
  switch (write.write) {
    case 'principal':
      return { of, put: items.principal(write.principal), condition: after(write.principal.version) }
    case 'new_api_key':
      return { of, put: items.apiKey(write.key), condition: 'absent' }
    case 'next_api_key':
      return { of, put: items.apiKey(write.key), condition: { attribute: 'disabled_at', equals: null } }
    case 'oidc_subject':
      return { of, put: items.oidcSubject(write.subject), condition: after(write.subject.version) }
    case 'require_principal': {
      const condition = { attribute: 'version', equals: write.version }
      return { of, check: keys.principal(write.id), condition }
    }
    case 'ending':
      return { of, put: keys.ending(write.ending), condition: 'any' }
    case 'delegation':
      return { of, put: items.delegation(write.delegation), condition: after(write.delegation.version) }
    case 'founder':
      return { of, put: { ...keys.founder(write.founder.id), ...write.founder }, condition: 'absent' }
    case 'founder_credential': {
      const { principal_id, credential } = write
      const put = { ...keys.founderCredential(principal_id, credential.id), ...credential }
      return { of, put, condition: 'absent' }
    }
    case 'first_admin':
      return { of, put: { ...keys.firstAdmin, principal_id: write.principal_id }, condition: 'absent' }
    case 'replay':
      return { of, put: items.replay(write.replay), condition: 'absent' }
  }
}

/** A step of a principal as the writes of one transaction. */
export const principalWrites = ({ events, writes }: PrincipalStep): readonly TableWrite[] => [
  ...writes.map(principalWriteOf),
  ...events.map((event): TableWrite => {
    const put = items.event(keys.principal(event.chain).pk, event)
    return { of: 'event', put, condition: 'absent' }
  }),
]
