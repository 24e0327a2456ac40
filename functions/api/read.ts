import { entrance } from '../../lib/api/entrance.ts'
import { readApi } from '../../lib/api/read.ts'
import { accesses } from '../../lib/aws/accesses.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { cursorSecret } from '../../lib/aws/cursor-secret.ts'
import { events } from '../../lib/aws/events.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { receiptKeys } from '../../lib/aws/receipt-keys.ts'
import { renewals } from '../../lib/aws/renewals.ts'
import { revocationPlans } from '../../lib/aws/revocation-plans.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
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
  readApi({
    ...ports,
    jobs: jobs(table),
    grants: grants(table),
    certificates: certificates(table),
    renewals: renewals(table),
    profiles: profiles(table),
    issuers: issuers(table),
    events: events(table),
    receiptKeys: receiptKeys(environment('RECEIPT_KEYS'), awsAccess()),
    plans: revocationPlans(table),
    environment: environment('ENVIRONMENT'),
  }),
)
