import * as z from 'zod'
import { apiKey } from '../../model/api-key.ts'
import { oidcSubject, oidcSubjectId } from '../../model/oidc-subject.ts'
import { durationBetween } from '../../model/time.ts'
import { changed, note, page, prefix, principalParams, route, when } from '../operation.ts'
import { apiKeyView, newApiKeyView, oidcSubjectView } from '../views.ts'

const apiKeyParams = principalParams.extend({ key: apiKey.shape.id })
const subjectParams = principalParams.extend({ subject: oidcSubjectId })

const expiry = when.nullable().default(null)
/** Of the secret of a key for an approver or an admin, which its holder made. */
const secret_sha256 = apiKey.shape.secret_sha256.optional()

const rotationBody = z.strictObject({
  overlap: durationBetween('PT0S', 'P30D').default('P1D'),
  expires_at: expiry,
  secret_sha256,
  reason: note.optional(),
})
const newSubjectBody = z.strictObject({
  issuer: oidcSubject.shape.issuer,
  subject: oidcSubject.shape.subject,
  reason: note.optional(),
})

export const credentials = {
  listApiKeys: route({
    method: 'GET',
    path: `${prefix}/principals/{id}/api-keys`,
    function: 'read',
    permission: 'inspect',
    summary: 'List all API keys of a principal, oldest first, without their secrets',
    params: principalParams,
    output: z.array(apiKeyView),
  }),
  createApiKey: route({
    method: 'POST',
    path: `${prefix}/principals/{id}/api-keys`,
    function: 'administer',
    permission: 'administer',
    summary:
      'Create an API key, whose token is shown once; one for an approver or admin takes a second person',
    params: principalParams,
    body: z.strictObject({ expires_at: expiry, secret_sha256, reason: note.optional() }),
    status: 201,
    output: newApiKeyView,
    gated: changed,
  }),
  rotateApiKey: route({
    method: 'POST',
    path: `${prefix}/principals/{id}/api-keys/{key}/rotate`,
    function: 'administer',
    permission: 'read',
    summary:
      'Replace an API key, one’s own or as an admin any; one of an approver or admin takes a second person',
    params: apiKeyParams,
    body: rotationBody,
    status: 201,
    output: newApiKeyView,
    gated: changed,
  }),
  disableApiKey: route({
    method: 'DELETE',
    path: `${prefix}/principals/{id}/api-keys/{key}`,
    function: 'administer',
    permission: 'administer',
    summary: 'Disable an API key from its next request on, for ever',
    params: apiKeyParams,
    output: apiKeyView,
  }),
  listOidcSubjects: route({
    method: 'GET',
    path: `${prefix}/principals/{id}/oidc-subjects`,
    function: 'read',
    permission: 'inspect',
    summary: 'List the OIDC subjects that are this principal',
    params: principalParams,
    query: page,
    output: z.array(oidcSubjectView),
  }),
  addOidcSubject: route({
    method: 'POST',
    path: `${prefix}/principals/{id}/oidc-subjects`,
    function: 'administer',
    permission: 'administer',
    summary:
      'Map a subject of an OIDC issuer to this principal; to an approver or admin takes a second person',
    params: principalParams,
    body: newSubjectBody,
    status: 201,
    output: oidcSubjectView,
    gated: changed,
  }),
  disableOidcSubject: route({
    method: 'DELETE',
    path: `${prefix}/principals/{id}/oidc-subjects/{subject}`,
    function: 'administer',
    permission: 'administer',
    summary: 'Disable an OIDC subject from its next request on',
    params: subjectParams,
    output: oidcSubjectView,
  }),
} as const
