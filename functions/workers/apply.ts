import { certificates } from '../../lib/aws/certificates.ts'
import { founders } from '../../lib/aws/founders.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { receiptKeys } from '../../lib/aws/receipt-keys.ts'
import { renewals } from '../../lib/aws/renewals.ts'
import { revocables } from '../../lib/aws/revocables.ts'
import { revocationPlans } from '../../lib/aws/revocation-plans.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { serialStatuses } from '../../lib/aws/status-records.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { applyChange } from '../../lib/flows/apply-change.ts'
import { approvalBypass } from '../../lib/lambda/approval-bypass.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { jobMessage, queueFunction } from '../../lib/lambda/queue.ts'
import { now } from '../../lib/lambda/world.ts'

const table = tableClient(environment('TABLE_NAME'), awsAccess())

const deps = {
  jobs: jobs(table),
  certificates: certificates(table),
  grants: grants(table),
  founders: founders(table),
  bypass: approvalBypass(),
  profiles: profiles(table),
  revocables: revocables(table),
  plans: revocationPlans(table),
  issuers: issuers(table),
  principals: principals(table),
  renewals: renewals(table),
  status_url: environment('STATUS_URL'),
  serials: serialStatuses(table),
  receiptKeys: receiptKeys(environment('RECEIPT_KEYS'), awsAccess()),
  environment: environment('ENVIRONMENT'),
  now,
  worker: 'worker-apply',
}

export const handler = queueFunction(jobMessage, ({ job_id }) => applyChange(deps, job_id))
