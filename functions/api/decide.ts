import { decideApi } from '../../lib/api/decide.ts'
import { entrance } from '../../lib/api/entrance.ts'
import { accesses } from '../../lib/aws/accesses.ts'
import { cursorSecret } from '../../lib/aws/cursor-secret.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { receiptSigner } from '../../lib/aws/receipt-signer.ts'
import { replays } from '../../lib/aws/replays.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
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
  decideApi({
    principals: ports.principals,
    jobs: jobs(table),
    grants: grants(table),
    replays: replays(table),
    receipts: receiptSigner(environment('RECEIPT_KEYS').decision),
    environment: environment('ENVIRONMENT'),
    now,
    random,
  }),
)
