import { entrance } from '../../lib/api/entrance.ts'
import { accesses } from '../../lib/aws/accesses.ts'
import { cursorSecret } from '../../lib/aws/cursor-secret.ts'
import { principals } from '../../lib/aws/principals.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { limiterOf } from '../../lib/lambda/limiter.ts'
import { now, random } from '../../lib/lambda/world.ts'
import { tokenVerifier } from '../../lib/oidc/verify-token.ts'

/** What every function of the API begins with: who asks, what is kept of that, and how often they may. */

export const table = tableClient(environment('TABLE_NAME'), awsAccess())

export const ports = { principals: principals(table), accesses: accesses(table), now, random }

const verifyToken = tokenVerifier({ issuers: environment('OIDC_ISSUERS'), now, cooldown: 10_000 })

export const callers = {
  ...entrance({ ...ports, verifyToken }),
  cursorSecret: cursorSecret(table),
  admits: limiterOf(environment('KEY_RATE')),
}
