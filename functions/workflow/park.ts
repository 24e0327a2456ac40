import * as z from 'zod'
import { tokens } from '../../lib/aws/tokens.ts'
import { parkToken } from '../../lib/flows/wait-for-decision.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { taskFunction } from '../../lib/lambda/task.ts'
import { now } from '../../lib/lambda/world.ts'
import { approvalId, jobId } from '../../lib/model/ids.ts'

const deps = { tokens: tokens(environment('TOKENS_TABLE_NAME'), awsAccess()), now }

const input = z.strictObject({ task_token: z.string().min(1), approval_id: approvalId, job_id: jobId })

export const handler = taskFunction(input, (waiting) => parkToken(deps, waiting))
