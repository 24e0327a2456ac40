import { answerOnce } from '../flows/once.ts'
import { type PlanRenewalsDeps, planRenewals } from '../flows/plan-renewals.ts'
import { type PlanRevocationDeps, planRevocation, requestBulkRevocation } from '../flows/plan-revocation.ts'
import { type PlanDeps, requestCertificate } from '../flows/request-certificate.ts'
import { requestGrant } from '../flows/request-grant.ts'
import { requestRebinding } from '../flows/request-rebinding.ts'
import { type RenewalDeps, requestRenewal } from '../flows/request-renewal.ts'
import { requestRenewals } from '../flows/request-renewals.ts'
import { requestRelease, requestRevocation } from '../flows/request-revocation.ts'
import type { SubmitDeps } from '../flows/submit.ts'
import { uploadNextCsr } from '../flows/upload-next-csr.ts'
import type { Answers } from '../http/call.ts'
import { viewNextCsr } from '../http/views.ts'
import type { Certificates } from '../ports/certificates.ts'
import type { Jobs } from '../ports/jobs.ts'
import type { Renewals } from '../ports/renewals.ts'
import type { Profiles } from '../ports/rules.ts'
import { askedBy } from './asked.ts'
import { proposer } from './proposed.ts'

export type SubmitApiDeps = SubmitDeps &
  PlanDeps &
  RenewalDeps &
  PlanRevocationDeps &
  PlanRenewalsDeps & {
    readonly profiles: Pick<Profiles, 'current' | 'rules'>
    readonly certificates: Pick<Certificates, 'get' | 'load' | 'list'>
    readonly renewals: Pick<Renewals, 'load' | 'lastEvent'>
    readonly jobs: Pick<Jobs, 'load' | 'commit'>
  }

/** Every operation that makes a job about certificates. */
export const submitApi = (deps: SubmitApiDeps): Answers<'submit'> => {
  const answer = proposer(deps)
  return {
    requestCertificate: (call) =>
      answer('requestCertificate', call, () => requestCertificate(deps, call.principal, call.body)),
    renewCertificate: (call) =>
      answer('renewCertificate', call, () =>
        requestRenewal(deps, call.principal, { certificate_id: call.params.id, ...call.body }),
      ),
    planRenewals: (call) =>
      answerOnce(deps, askedBy('planRenewals', call), async () => ({
        status: 200,
        body: await planRenewals(deps, call.body.selection),
      })),
    renewInBulk: (call) =>
      answer('renewInBulk', call, () => requestRenewals(deps, call.principal, call.body)),
    requestGrant: (call) =>
      answer('requestGrant', call, () =>
        requestGrant(deps, call.principal, { certificate_id: call.params.id, ...call.body }),
      ),
    // Makes no job, and asked twice it does the same: there is no answer to keep.
    uploadNextCsr: async ({ principal, params, body }) => ({
      status: 200,
      body: viewNextCsr(await uploadNextCsr(deps, principal, { certificate_id: params.id, csr: body.csr })),
    }),
    rebindCertificate: (call) =>
      answer('rebindCertificate', call, () =>
        requestRebinding(deps, call.principal, { certificate_id: call.params.id, ...call.body }),
      ),
    revokeCertificate: (call) =>
      answer('revokeCertificate', call, () =>
        requestRevocation(deps, call.principal, { certificate_id: call.params.id, ...call.body }),
      ),
    releaseCertificate: (call) =>
      answer('releaseCertificate', call, () =>
        requestRelease(deps, call.principal, { certificate_id: call.params.id, ...call.body }),
      ),
    planRevocation: (call) =>
      answerOnce(deps, askedBy('planRevocation', call), async () => ({
        status: 200,
        body: await planRevocation(deps, call.body),
      })),
    revokeInBulk: (call) =>
      answer('revokeInBulk', call, () => requestBulkRevocation(deps, call.principal, call.body)),
  }
}
