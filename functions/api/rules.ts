import { rulesApi } from '../../lib/api/rules.ts'
import { authorities } from '../../lib/aws/authorities.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { publicKeys } from '../../lib/aws/public-keys.ts'
import { replays } from '../../lib/aws/replays.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { serialStatuses } from '../../lib/aws/status-records.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { approvalBypass } from '../../lib/lambda/approval-bypass.ts'
import { awsAccess, privateCa } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { callers, ports, table } from './entrance.ts'

export const handler = apiFunction(
  callers,
  rulesApi({
    ...ports,
    jobs: jobs(table),
    replays: replays(table),
    bypass: approvalBypass(),
    profiles: profiles(table),
    issuers: issuers(table),
    serials: serialStatuses(table),
    keys: publicKeys(environment('CA_KEYS'), awsAccess()),
    authorities: authorities(privateCa()),
    status_url: environment('STATUS_URL'),
  }),
)
