import { administerApi } from '../../lib/api/administer.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { replays } from '../../lib/aws/replays.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { approvalBypass } from '../../lib/lambda/approval-bypass.ts'
import { callers, ports, table } from './entrance.ts'

export const handler = apiFunction(
  callers,
  administerApi({ ...ports, jobs: jobs(table), replays: replays(table), bypass: approvalBypass() }),
)
