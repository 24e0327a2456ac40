import { importIssuer, requestIssuerCsr, retireIssuer } from '../flows/change-issuer.ts'
import type { Answer } from '../flows/once.ts'
import { type PlanRevocationDeps, planRevocation, requestBulkRevocation } from '../flows/plan-revocation.ts'
import { type PlanDeps, requestCertificate } from '../flows/request-certificate.ts'
import { requestIssuer } from '../flows/request-issuer.ts'
import { requestProfileChange } from '../flows/request-profile-change.ts'
import { requestRenewal } from '../flows/request-renewal.ts'
import { requestRelease, requestRevocation } from '../flows/request-revocation.ts'
import { type Proposal, type SubmitDeps, submit } from '../flows/submit.ts'
import type { Answers } from '../http/call.ts'
import { viewApproval, viewCertificate, viewJob } from '../http/views.ts'
import type { Certificates, Issuers, Principals, Profiles, PublicKeys } from '../ports.ts'
import { askedBy } from './asked.ts'

export type SubmitApiDeps = SubmitDeps &
  PlanDeps &
  PlanRevocationDeps & {
    readonly profiles: Pick<Profiles, 'current' | 'rules'>
    readonly certificates: Pick<Certificates, 'load'>
    readonly issuers: Pick<Issuers, 'get' | 'request'>
    readonly principals: Pick<Principals, 'list'>
    readonly keys: PublicKeys
  }

const show = ({ job, certificate }: Proposal): Answer => ({
  status: 202,
  body: {
    job: viewJob(job),
    approval: viewApproval(job),
    ...(certificate === null ? {} : { certificate: viewCertificate(certificate) }),
  },
})

/** Every operation that makes a job. */
export const submitApi = (deps: SubmitApiDeps): Answers<'submit'> => {
  const answer = (
    operation: string,
    call: Parameters<typeof askedBy>[1],
    propose: () => Promise<Proposal>,
  ): Promise<Answer> => submit(deps, { ...askedBy(operation, call), show }, propose)
  return {
    requestCertificate: (call) =>
      answer('requestCertificate', call, () => requestCertificate(deps, call.principal, call.body)),
    renewCertificate: (call) =>
      answer('renewCertificate', call, () =>
        requestRenewal(deps, call.principal, { certificate_id: call.params.id, ...call.body }),
      ),
    revokeCertificate: (call) =>
      answer('revokeCertificate', call, () =>
        requestRevocation(deps, call.principal, { certificate_id: call.params.id, ...call.body }),
      ),
    releaseCertificate: (call) =>
      answer('releaseCertificate', call, () =>
        requestRelease(deps, call.principal, { certificate_id: call.params.id, ...call.body }),
      ),
    // Changes nothing but what it answers from: asked twice, it answers twice.
    planRevocation: async ({ body }) => ({ status: 200, body: await planRevocation(deps, body) }),
    revokeInBulk: (call) =>
      answer('revokeInBulk', call, () => requestBulkRevocation(deps, call.principal, call.body)),
    createProfile: (call) => {
      const { id: profile_id, reason, ...document } = call.body
      return answer('createProfile', call, () =>
        requestProfileChange(deps, call.principal, { operation: 'create', profile_id, reason, document }),
      )
    },
    changeProfile: (call) => {
      const { base_version, reason, ...document } = call.body
      const profile_id = call.params.id
      return answer('changeProfile', call, () =>
        requestProfileChange(deps, call.principal, {
          operation: 'update',
          profile_id,
          base_version,
          if_match: call.if_match,
          reason,
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
    retireIssuer: (call) =>
      answer('retireIssuer', call, () =>
        retireIssuer(deps, call.principal, { id: call.params.id, ...call.body }),
      ),
    createIssuer: (call) =>
      answer('createIssuer', call, () => requestIssuer(deps, call.principal, call.body)),
  }
}
