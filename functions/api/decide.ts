import { decideApi } from '../../lib/api/decide.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { receiptSigner } from '../../lib/aws/receipt-keys.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { authenticate } from '../../lib/flows/authenticate.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { now, random } from '../../lib/lambda/world.ts'

const table = tableClient(environment('TABLE_NAME'))
const deps = { principals: principals(table), now }

export const handler = apiFunction(
  (authorization) => authenticate(deps, authorization),
  decideApi({
    jobs: jobs(table),
    receipts: receiptSigner(environment('RECEIPT_KEYS').decision),
    environment: environment('ENVIRONMENT'),
    now,
    random,
  }),
)
