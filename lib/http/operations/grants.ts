import * as z from 'zod'
import { keyAlgorithms } from '../../model/algorithms.ts'
import { grantIssuances, grantPeriod } from '../../model/grant.ts'
import { grantId } from '../../model/ids.ts'
import { generalName } from '../../model/names.ts'
import { certificateChanged, certificateParams, note, page, prefix, route, when, why } from '../operation.ts'
import { grantView, jobView } from '../views.ts'

const grantParams = z.strictObject({ id: grantId })

const grantAsked = certificateChanged.extend({ grant_id: grantId })
const grantBody = z.strictObject({
  /** Some of the certificate's names; all of them otherwise. */
  subject_alternative_names: z.array(generalName).min(1).max(1000).optional(),
  /** The kind of its present key, otherwise. */
  key_algorithms: z.array(z.enum(keyAlgorithms)).min(1).max(keyAlgorithms.length).optional(),
  /** Only the key that it has now. */
  same_key: z.boolean().default(false),
  issuances: grantIssuances,
  /** One renewal at most in each, counted from now. */
  period: grantPeriod,
  until: when,
  ...why,
})

export const grants = {
  listGrants: route({
    method: 'GET',
    path: `${prefix}/certificates/{id}/grants`,
    function: 'read',
    permission: 'read',
    summary: 'List the standing grants of a certificate, oldest first',
    params: certificateParams,
    query: page,
    output: z.array(grantView),
  }),
  requestGrant: route({
    method: 'POST',
    path: `${prefix}/certificates/{id}/grants`,
    function: 'submit',
    permission: 'request',
    summary:
      'Ask for a standing grant: renewals without an approval each, within bounds; it takes a second person',
    params: certificateParams,
    body: grantBody,
    status: 202,
    output: grantAsked,
  }),
  getGrant: route({
    method: 'GET',
    path: `${prefix}/grants/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show a standing grant, how it stands and what it has left',
    params: grantParams,
    output: grantView,
  }),
  withdrawGrant: route({
    method: 'POST',
    path: `${prefix}/grants/{id}/withdraw`,
    function: 'decide',
    permission: 'read',
    summary: 'End a standing grant at once: approvers, admins, its requester, its owner',
    params: grantParams,
    body: z.strictObject({ note: note.optional() }),
    output: jobView,
  }),
} as const
