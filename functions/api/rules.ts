import { entrance } from '../../lib/api/entrance.ts'
import { rulesApi } from '../../lib/api/rules.ts'
import { accesses } from '../../lib/aws/accesses.ts'
import { authorities } from '../../lib/aws/authorities.ts'
import { cursorSecret } from '../../lib/aws/cursor-secret.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { publicKeys } from '../../lib/aws/public-keys.ts'
import { replays } from '../../lib/aws/replays.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { serialStatuses } from '../../lib/aws/status-records.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { approvalBypass } from '../../lib/lambda/approval-bypass.ts'
import { awsAccess, privateCa } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { limiterOf } from '../../lib/lambda/limiter.ts'
import { now, random } from '../../lib/lambda/world.ts'
import { tokenVerifier } from '../../lib/oidc/verify-token.ts'

const table = tableClient(environment('TABLE_NAME'))
const verifyToken = tokenVerifier({ issuers: environment('OIDC_ISSUERS'), now, cooldown: 10_000 })
const ports = { principals: principals(table), accesses: accesses(table), now, random }

export const handler = apiFunction(
  {
    ...entrance({ ...ports, verifyToken }),
    cursorSecret: cursorSecret(table),
    admits: limiterOf(environment('KEY_RATE')),
  },
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
