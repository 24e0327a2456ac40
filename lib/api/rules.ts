import { importAuthority, importIssuer, requestIssuerCsr, retireIssuer } from '../flows/change-issuer.ts'
import { requestIssuer } from '../flows/request-issuer.ts'
import { requestProfileChange } from '../flows/request-profile-change.ts'
import { requestIssuerRevocation } from '../flows/revoke-issuer.ts'
import type { SubmitDeps } from '../flows/submit.ts'
import type { Answers } from '../http/call.ts'
import type { AuthorityChains } from '../ports/authority.ts'
import type { PublicKeys } from '../ports/keys.ts'
import type { Principals } from '../ports/principals.ts'
import type { SerialStatuses } from '../ports/revocation.ts'
import type { Issuers, Profiles } from '../ports/rules.ts'
import { proposer } from './proposed.ts'

export type RulesApiDeps = SubmitDeps & {
  readonly profiles: Pick<Profiles, 'current'>
  readonly issuers: Pick<Issuers, 'get' | 'request'>
  readonly principals: Pick<Principals, 'list'>
  readonly serials: SerialStatuses
  readonly keys: PublicKeys
  readonly authorities: AuthorityChains
  readonly status_url: string
}

/** Every operation that makes a job about the rules: profiles and issuers. */
export const rulesApi = (deps: RulesApiDeps): Answers<'rules'> => {
  const answer = proposer(deps)
  return {
    createProfile: (call) => {
      const { id: profile_id, reason, ticket, ...document } = call.body
      return answer('createProfile', call, () =>
        requestProfileChange(deps, call.principal, {
          operation: 'create',
          profile_id,
          reason,
          ticket,
          document,
        }),
      )
    },
    changeProfile: (call) => {
      const { base_version, reason, ticket, ...document } = call.body
      const profile_id = call.params.id
      return answer('changeProfile', call, () =>
        requestProfileChange(deps, call.principal, {
          operation: 'update',
          profile_id,
          base_version,
          if_match: call.if_match,
          reason,
          ticket,
          document,
        }),
      )
    },
    deleteProfile: (call) =>
      answer('deleteProfile', call, () =>
        requestProfileChange(deps, call.principal, {
          operation: 'delete',
          profile_id: call.params.id,
          if_match: call.if_match,
          ...call.query,
        }),
      ),
    requestIssuerCsr: (call) =>
      answer('requestIssuerCsr', call, () =>
        requestIssuerCsr(deps, call.principal, { id: call.params.id, ...call.body }),
      ),
    importIssuer: (call) =>
      answer('importIssuer', call, () =>
        importIssuer(deps, call.principal, { id: call.params.id, ...call.body }),
      ),
    importAuthority: (call) =>
      answer('importAuthority', call, () =>
        importAuthority(deps, call.principal, { id: call.params.id, ...call.body }),
      ),
    retireIssuer: (call) =>
      answer('retireIssuer', call, () =>
        retireIssuer(deps, call.principal, { id: call.params.id, ...call.body }),
      ),
    revokeIssuer: (call) =>
      answer('revokeIssuer', call, () =>
        requestIssuerRevocation(deps, call.principal, { id: call.params.id, ...call.body }),
      ),
    createIssuer: (call) =>
      answer('createIssuer', call, () => requestIssuer(deps, call.principal, call.body)),
  }
}
