import * as z from 'zod'
import { delegationId, principalId } from '../../model/ids.ts'
import { note, paging, prefix, principalParams, route, when } from '../operation.ts'
import { delegationView } from '../views.ts'

const delegationParams = principalParams.extend({ delegation: delegationId })

const newDelegationBody = z.strictObject({
  delegate_id: principalId,
  from: when.optional(),
  until: when,
  note: note.optional(),
})

export const delegations = {
  listDelegations: route({
    method: 'GET',
    path: `${prefix}/principals/{id}/delegations`,
    function: 'read',
    permission: 'read',
    summary: 'List whom a principal has, or had, decide in its place; or whose place it has',
    params: principalParams,
    query: z.strictObject({ ...paging, side: z.enum(['given', 'received']).default('given') }),
    output: z.array(delegationView),
  }),
  giveDelegation: route({
    method: 'POST',
    path: `${prefix}/principals/{id}/delegations`,
    function: 'administer',
    permission: 'decide',
    summary: 'Have another approver decide in your place for a while',
    params: principalParams,
    body: newDelegationBody,
    status: 201,
    output: delegationView,
  }),
  endDelegation: route({
    method: 'DELETE',
    path: `${prefix}/principals/{id}/delegations/{delegation}`,
    function: 'administer',
    permission: 'read',
    summary: 'End a delegation at once: whoever gave it, whoever has it, or an admin',
    params: delegationParams,
    output: delegationView,
  }),
} as const
