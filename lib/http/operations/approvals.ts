import * as z from 'zod'
import { approvalStates } from '../../model/approval.ts'
import { approvalStage } from '../../model/approval-policy.ts'
import { approvalId, principalId } from '../../model/ids.ts'
import { note, paging, prefix, route } from '../operation.ts'
import { approvalRow, approvalView } from '../views.ts'

const approvalParams = z.strictObject({ id: approvalId })

const approvalBody = z.strictObject({
  note: note.optional(),
  /** Which stage it shall count for, where more than one names you. */
  stage: approvalStage.shape.name.optional(),
  /** In whose place: somebody who gave you a delegation. */
  for: principalId.optional(),
})

export const approvals = {
  listApprovals: route({
    method: 'GET',
    path: `${prefix}/approvals`,
    function: 'read',
    permission: 'read',
    summary: 'List approvals, oldest first',
    query: z.strictObject({ ...paging, state: z.enum(approvalStates).optional() }),
    output: z.array(approvalRow),
  }),
  getApproval: route({
    method: 'GET',
    path: `${prefix}/approvals/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show everything that an approver decides on',
    params: approvalParams,
    output: approvalView,
  }),
  approve: route({
    method: 'POST',
    path: `${prefix}/approvals/{id}/approve`,
    function: 'decide',
    permission: 'read',
    summary: 'Approve what somebody else requested',
    params: approvalParams,
    body: approvalBody,
    output: approvalRow,
  }),
  reject: route({
    method: 'POST',
    path: `${prefix}/approvals/{id}/reject`,
    function: 'decide',
    permission: 'read',
    summary: 'Reject what somebody else requested',
    params: approvalParams,
    body: z.strictObject({ note }),
    output: approvalRow,
  }),
  withdraw: route({
    method: 'POST',
    path: `${prefix}/approvals/{id}/withdraw`,
    function: 'decide',
    permission: 'read',
    summary: 'Take back a request of your own',
    params: approvalParams,
    body: z.strictObject({ note: note.optional() }),
    output: approvalRow,
  }),
} as const
