import * as z from 'zod'
import { issuerId } from '../../model/ids.ts'
import { keyName } from '../../model/issuer.ts'
import { distinguishedName, nameConstraints } from '../../model/names.ts'
import { objectIdentifier } from '../../model/plan.ts'
import { finalReasons } from '../../model/revocation.ts'
import { shardCount } from '../../model/shards.ts'
import { durationBetween, instant } from '../../model/time.ts'
import { changed, noted, page, prefix, route, text, why } from '../operation.ts'
import { issuerView } from '../views.ts'

const issuerParams = z.strictObject({ id: issuerId })

const newIssuerBody = z.strictObject({
  id: issuerId,
  name: text.max(128),
  type: z.literal('kms'),
  key: keyName,
  parent_id: issuerId.nullable().default(null),
  subject: distinguishedName.min(1),
  lifetime: durationBetween('P1D', 'P9132D'),
  path_length: z.int().min(0).max(8).nullable().default(null),
  name_constraints: nameConstraints.nullable().default(null),
  policies: z.array(objectIdentifier).max(16).default([]),
  crl_shards: shardCount.default(1),
  ...why,
})
const csrRequestBody = z.strictObject({
  name: text.max(128),
  key: keyName,
  subject: distinguishedName.min(1),
  crl_shards: shardCount.default(1),
  ...why,
})
const parentSignedBody = z.strictObject({
  /** The certificate of the issuer, then each above it up to a root: PEM. */
  certificate: text.max(131_072),
  ...why,
})
const authorityImportBody = z.strictObject({
  name: text.max(128),
  /** One of the certificate authorities that the deployment declares. */
  authority: keyName,
  ...why,
})
const issuerRevocationBody = z.strictObject({
  reason: z.enum(finalReasons).default('unspecified'),
  invalidity_date: instant.optional(),
  ...noted,
})

export const issuers = {
  listIssuers: route({
    method: 'GET',
    path: `${prefix}/issuers`,
    function: 'read',
    permission: 'read',
    summary: 'List issuers by id',
    query: page,
    output: z.array(issuerView),
  }),
  createIssuer: route({
    method: 'POST',
    path: `${prefix}/issuers`,
    function: 'rules',
    permission: 'administer',
    summary: 'Create an issuer: its CA certificate is issued once a second person approves',
    body: newIssuerBody,
    status: 202,
    output: changed,
  }),
  getIssuer: route({
    method: 'GET',
    path: `${prefix}/issuers/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show an issuer and its chain',
    params: issuerParams,
    output: issuerView,
    versioned: true,
  }),
  requestIssuerCsr: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/csr`,
    function: 'rules',
    permission: 'administer',
    summary: 'Have a CA key sign a request, for a CA certificate from a parent outside',
    params: issuerParams,
    body: csrRequestBody,
    status: 202,
    output: changed,
  }),
  getIssuerCsr: route({
    method: 'GET',
    path: `${prefix}/issuers/{id}/csr`,
    function: 'read',
    permission: 'read',
    summary: 'The request to take to the parent outside, as PEM',
    params: issuerParams,
    output: null,
  }),
  importIssuer: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/certificate`,
    function: 'rules',
    permission: 'administer',
    summary: 'Import the certificate that the parent outside made, with its chain',
    params: issuerParams,
    body: parentSignedBody,
    status: 202,
    output: changed,
  }),
  importAuthority: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/authority`,
    function: 'rules',
    permission: 'administer',
    summary: 'Make an issuer of a certificate authority of AWS Private CA',
    params: issuerParams,
    body: authorityImportBody,
    status: 202,
    output: changed,
  }),
  retireIssuer: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/retire`,
    function: 'rules',
    permission: 'administer',
    summary: 'Let an issuer issue nothing more; its CRL and OCSP go on',
    params: issuerParams,
    body: z.strictObject(why),
    status: 202,
    output: changed,
  }),
  revokeIssuer: route({
    method: 'POST',
    path: `${prefix}/issuers/{id}/revoke`,
    function: 'rules',
    permission: 'administer',
    summary: "Put an issuer's CA certificate on its parent's list, and retire it; it takes a second person",
    params: issuerParams,
    body: issuerRevocationBody,
    status: 202,
    output: changed,
  }),
} as const
