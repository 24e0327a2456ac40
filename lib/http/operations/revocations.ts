import * as z from 'zod'
import { issuerId } from '../../model/ids.ts'
import { revocationReasons } from '../../model/revocation.ts'
import { commonTrait, target } from '../../model/revocation-plan.ts'
import { instant } from '../../model/time.ts'
import {
  certificateChanged,
  certificateParams,
  changed,
  noted,
  page,
  planDigest,
  prefix,
  route,
  text,
} from '../operation.ts'
import { revocationPlanView } from '../views.ts'

const planParams = z.strictObject({ id: planDigest })

const revocationBody = z.strictObject({
  /** One version, by its serial number however it is written; every version that is still valid otherwise. */
  serial: text.max(128).optional(),
  reason: z.enum(revocationReasons).default('unspecified'),
  invalidity_date: instant.optional(),
  ...noted,
})
const selectionBody = z.strictObject({
  selection: z.union([
    ...commonTrait.options,
    z.strictObject({ issuer_id: issuerId, serials: z.array(text.max(128)).min(1).max(1000) }),
  ]),
  reason: z.enum(revocationReasons).default('unspecified'),
  invalidity_date: instant.optional(),
})

export const revocations = {
  revokeCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/revoke`,
    function: 'submit',
    permission: 'request',
    summary: 'Revoke every unexpired version of a certificate',
    params: certificateParams,
    body: revocationBody,
    status: 202,
    output: certificateChanged,
  }),
  releaseCertificate: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/release`,
    function: 'submit',
    permission: 'request',
    summary: 'End the hold on a certificate; under a gated profile it takes a second person',
    params: certificateParams,
    body: z.strictObject(noted),
    status: 202,
    output: certificateChanged,
  }),
  planRevocation: route({
    method: 'POST',
    path: `${prefix}/revocations/plan`,
    function: 'submit',
    permission: 'administer',
    summary: 'Say what a revocation in bulk would do, without doing it',
    body: selectionBody,
    output: revocationPlanView,
  }),
  listPlannedRevocations: route({
    method: 'GET',
    path: `${prefix}/revocations/plan/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'List every certificate of a plan',
    params: planParams,
    query: page,
    output: z.array(target),
  }),
  revokeInBulk: route({
    method: 'POST',
    path: `${prefix}/revocations`,
    function: 'submit',
    permission: 'administer',
    summary: 'Carry out a plan, by its digest; where a profile is gated it takes a second person',
    body: z.strictObject({ plan: planDigest, ...noted }),
    status: 202,
    output: changed,
  }),
} as const
