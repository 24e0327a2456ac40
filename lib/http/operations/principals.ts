import * as z from 'zod'
import { principalId } from '../../model/ids.ts'
import { principal } from '../../model/principal.ts'
import { changed, note, page, prefix, principalParams, route } from '../operation.ts'
import { principalView } from '../views.ts'

const roleSet = principal.shape.roles.max(5)

const newPrincipalBody = z.strictObject({
  id: principalId.optional(),
  kind: principal.shape.kind,
  name: principal.shape.name,
  email: principal.shape.email.default(null),
  roles: roleSet.default([]),
  teams: principal.shape.teams,
  reason: note.optional(),
})
const principalChangeBody = z.strictObject({
  name: principal.shape.name,
  email: principal.shape.email,
  roles: roleSet,
  teams: principal.shape.teams,
  status: principal.shape.status,
  reason: note.optional(),
})

export const principals = {
  listPrincipals: route({
    method: 'GET',
    path: `${prefix}/principals`,
    function: 'read',
    permission: 'inspect',
    summary: 'List principals by id',
    query: page,
    output: z.array(principalView),
  }),
  createPrincipal: route({
    method: 'POST',
    path: `${prefix}/principals`,
    function: 'administer',
    permission: 'administer',
    summary: 'Create a person or a service, without a credential; an approver or admin takes a second person',
    body: newPrincipalBody,
    status: 201,
    output: principalView,
    gated: changed,
  }),
  getPrincipal: route({
    method: 'GET',
    path: `${prefix}/principals/{id}`,
    function: 'read',
    permission: 'inspect',
    summary: 'Show a principal',
    params: principalParams,
    output: principalView,
    versioned: true,
  }),
  changePrincipal: route({
    method: 'PUT',
    path: `${prefix}/principals/{id}`,
    function: 'administer',
    permission: 'administer',
    summary:
      'Change the name, roles, teams or status of somebody else; to give more to an approver or admin takes a second person',
    params: principalParams,
    body: principalChangeBody,
    output: principalView,
    gated: changed,
    versioned: true,
  }),
} as const
