import { decideApi } from '../../lib/api/decide.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { receiptSigner } from '../../lib/aws/receipt-signer.ts'
import { replays } from '../../lib/aws/replays.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { callers, ports, table } from './entrance.ts'

export const handler = apiFunction(
  callers,
  decideApi({
    ...ports,
    jobs: jobs(table),
    grants: grants(table),
    replays: replays(table),
    receipts: receiptSigner(environment('RECEIPT_KEYS').decision, awsAccess()),
    environment: environment('ENVIRONMENT'),
  }),
)
