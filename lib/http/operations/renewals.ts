import * as z from 'zod'
import { teamName } from '../../model/ids.ts'
import { certificateChanged, certificateParams, csr, prefix, route, why } from '../operation.ts'
import { nextCsrView, renewalInfoView, renewalView } from '../views.ts'

const renewalBody = z.strictObject({
  csr: csr.optional(),
  /** Where the certificate belongs to no team yet. */
  team: teamName.optional(),
  ...why,
})

export const renewals = {
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
