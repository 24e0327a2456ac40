import * as z from 'zod'
import { jobs } from '../../lib/aws/jobs.ts'
import { receiptSigner } from '../../lib/aws/receipt-signer.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { tend } from '../../lib/flows/tend.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { measure } from '../../lib/lambda/metrics.ts'
import { taskFunction } from '../../lib/lambda/task.ts'
import { now, random } from '../../lib/lambda/world.ts'
import { measuresOfSweep } from '../../lib/model/measures.ts'

const deps = {
  jobs: jobs(tableClient(environment('TABLE_NAME'), awsAccess())),
  receipts: receiptSigner(environment('RECEIPT_KEYS').clock, awsAccess()),
  environment: environment('ENVIRONMENT'),
  credential: null,
  now,
  random,
}

export const handler = taskFunction(z.unknown(), async () => {
  const { expired, reminded, escalated, ...tended } = await tend(deps)
  measure(measuresOfSweep(tended))
  return {
    expired: expired.length,
    reminded: reminded.length,
    escalated: escalated.length,
    ...tended,
  }
})
