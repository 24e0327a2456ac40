import * as z from 'zod'
import { jobId, teamName } from '../../model/ids.ts'
import { batchLine, renewalSelection } from '../../model/renewal-batch.ts'
import {
  certificateChanged,
  certificateParams,
  changed,
  csr,
  page,
  planDigest,
  prefix,
  route,
  when,
  why,
} from '../operation.ts'
import { batchedRenewalView, nextCsrView, renewalInfoView, renewalPlanView, renewalView } from '../views.ts'

const renewalBody = z.strictObject({
  csr: csr.optional(),
  /** Where the certificate belongs to no team yet. */
  team: teamName.optional(),
  ...why,
})

/** Those with all that is named; something must be. */
const selection = renewalSelection
  .extend({ expires_before: when.optional() })
  .refine((named) => Object.values(named).some((one) => one !== undefined), 'says nothing of which')

export const renewals = {
  planRenewals: route({
    method: 'POST',
    path: `${prefix}/certificates/renew/plan`,
    function: 'submit',
    permission: 'request',
    summary: 'Say which certificates a renewal in bulk would renew, and which not and why, without doing it',
    body: z.strictObject({ selection }),
    output: renewalPlanView,
  }),
  listPlannedRenewals: route({
    method: 'GET',
    path: `${prefix}/certificates/renew/plan/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'List every renewal of a plan',
    params: z.strictObject({ id: planDigest }),
    query: page,
    output: z.array(batchLine),
  }),
  renewInBulk: route({
    method: 'POST',
    path: `${prefix}/certificates/renew`,
    function: 'submit',
    permission: 'request',
    summary: 'Renew what was planned, by its digest; where a profile is gated, all of it takes one approval',
    body: z.strictObject({ plan: planDigest, ...why }),
    status: 202,
    output: changed,
  }),
  listBatchRenewals: route({
    method: 'GET',
    path: `${prefix}/jobs/{id}/renewals`,
    function: 'read',
    permission: 'read',
    summary: 'List what became of each renewal of a batch',
    params: z.strictObject({ id: jobId }),
    query: page,
    output: z.array(batchedRenewalView),
  }),
  renewCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/renew`,
    function: 'submit',
    permission: 'request',
    summary: 'Renew a certificate, with a new CSR or with the key it has',
    params: certificateParams,
    body: renewalBody,
    status: 202,
    output: certificateChanged,
  }),
  getRenewal: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/renewal`,
    function: 'read',
    permission: 'read',
    summary: 'Where the renewal of a certificate stands: when it opens, what it waits for',
    params: certificateParams,
    output: renewalView,
  }),
  getRenewalInfo: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/renewal-info`,
    function: 'read',
    permission: 'read',
    summary: 'When the holder of a certificate should renew it (RFC 9773)',
    params: certificateParams,
    output: renewalInfoView,
  }),
  uploadNextCsr: route({
    method: 'PUT',
    path: `${prefix}/certificates/{id}/next-csr`,
    function: 'submit',
    permission: 'request',
    summary: 'Bring the CSR of the next renewal ahead; it is used once',
    params: certificateParams,
    body: z.strictObject({ csr }),
    output: nextCsrView,
  }),
} as const
