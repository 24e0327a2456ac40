import { entrance } from '../../lib/api/entrance.ts'
import { submitApi } from '../../lib/api/submit.ts'
import { accesses } from '../../lib/aws/accesses.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { cursorSecret } from '../../lib/aws/cursor-secret.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { renewals } from '../../lib/aws/renewals.ts'
import { replays } from '../../lib/aws/replays.ts'
import { revocationPlans } from '../../lib/aws/revocation-plans.ts'
import { profiles } from '../../lib/aws/rules.ts'
import { serialInventory } from '../../lib/aws/serial-inventory.ts'
import { revocationLists } from '../../lib/aws/status-records.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { approvalBypass } from '../../lib/lambda/approval-bypass.ts'
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
  submitApi({
    ...ports,
    jobs: jobs(table),
    grants: grants(table),
    replays: replays(table),
    bypass: approvalBypass(),
    certificates: certificates(table),
    renewals: renewals(table),
    profiles: profiles(table),
    inventory: serialInventory(table),
    plans: revocationPlans(table),
    lists: revocationLists(table),
    status_url: environment('STATUS_URL'),
  }),
)
