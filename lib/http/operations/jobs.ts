import * as z from 'zod'
import { certificateId, jobId } from '../../model/ids.ts'
import { jobStatuses, jobTypes } from '../../model/job.ts'
import { none, paging, prefix, route } from '../operation.ts'
import { jobView } from '../views.ts'

const jobParams = z.strictObject({ id: jobId })

const jobsFilter = z.strictObject({
  ...paging,
  certificate_id: certificateId.optional(),
  status: z.enum(jobStatuses).optional(),
  type: z.enum(jobTypes).optional(),
})

export const jobs = {
  listJobs: route({
    method: 'GET',
    path: `${prefix}/jobs`,
    function: 'read',
    permission: 'read',
    summary: 'List jobs, oldest first',
    query: jobsFilter,
    output: z.array(jobView),
  }),
  getJob: route({
    method: 'GET',
    path: `${prefix}/jobs/{id}`,
    function: 'read',
    permission: 'read',
    summary: 'Show a job',
    params: jobParams,
    output: jobView,
  }),
  cancelJob: route({
    method: 'POST',
    path: `${prefix}/jobs/{id}/cancel`,
    function: 'decide',
    permission: 'request',
    summary: 'Cancel a job that has not begun',
    params: jobParams,
    body: none,
    output: jobView,
  }),
} as const
