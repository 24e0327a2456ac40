import * as z from 'zod'
import { certificate } from '../../model/certificate.ts'
import { evidenceBundle } from '../../model/evidence.ts'
import { issuerId, profileId, teamName } from '../../model/ids.ts'
import { durationBetween } from '../../model/time.ts'
import {
  certificateChanged,
  certificateParams,
  csr,
  owner,
  page,
  paging,
  prefix,
  route,
  text,
  when,
  why,
} from '../operation.ts'
import { certificateView, versionView } from '../views.ts'

const certificatesFilter = z.strictObject({
  ...paging,
  profile_id: profileId.optional(),
  issuer_id: issuerId.optional(),
  owner: owner.optional(),
  status: certificate.shape.status.optional(),
  expires_before: when.optional(),
})
const issuanceBody = z.strictObject({
  profile_id: profileId,
  csr,
  name: text.max(128).optional(),
  owner: owner.optional(),
  /** The owner's team, one that the requester is in: who approves, where the profile routes by it. */
  team: teamName.optional(),
  lifetime: durationBetween('PT1M', 'P1826D').optional(),
  ...why,
})
const rebindingBody = z.strictObject({
  profile_id: profileId,
  /** The profile that it was seen bound to: 409 where it is bound to another by now. */
  base_profile_id: profileId.optional(),
  ...why,
})

export const certificates = {
  listCertificates: route({
    method: 'GET',
    path: `${prefix}/certificates`,
    function: 'read',
    permission: 'read',
    summary: 'List certificates, oldest first',
    query: certificatesFilter,
    output: z.array(certificateView),
  }),
  requestCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates`,
    function: 'submit',
    permission: 'request',
    summary: 'Request a certificate for a CSR',
    body: issuanceBody,
    status: 202,
    output: certificateChanged,
  }),
  getCertificate: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show a certificate',
    params: certificateParams,
    output: certificateView,
  }),
  listCertificateVersions: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/versions`,
    function: 'read',
    permission: 'read',
    summary: 'List the issued versions of a certificate, oldest first',
    params: certificateParams,
    query: page,
    output: z.array(versionView),
  }),
  getEvidence: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/versions/{number}/evidence`,
    function: 'read',
    permission: 'read',
    summary: 'Everything that proves who approved one version, to be verified offline',
    params: certificateParams.extend({ number: z.coerce.number().int().min(1) }),
    output: evidenceBundle,
  }),
  getCertificateChain: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/chain.pem`,
    function: 'read',
    permission: 'read',
    summary: 'The newest version and the CA certificates above it, without the root, as PEM',
    params: certificateParams,
    output: null,
    media_type: 'application/pem-certificate-chain',
  }),
  rebindCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/rebind`,
    function: 'submit',
    permission: 'request',
    summary: 'Bind a certificate to another profile; away from a gated one, or to one, takes a second person',
    params: certificateParams,
    body: rebindingBody,
    status: 202,
    output: certificateChanged,
  }),
} as const
