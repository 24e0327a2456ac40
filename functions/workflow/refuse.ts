import * as z from 'zod'
import { jobs } from '../../lib/aws/jobs.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { refuseWake } from '../../lib/flows/wait-for-decision.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { taskFunction } from '../../lib/lambda/task.ts'
import { now } from '../../lib/lambda/world.ts'
import { approvalId, jobId } from '../../lib/model/ids.ts'

const deps = { jobs: jobs(tableClient(environment('TABLE_NAME'), awsAccess())), now }

const input = z.strictObject({ approval_id: approvalId, job_id: jobId })

export const handler = taskFunction(input, ({ job_id }) => refuseWake(deps, job_id))
