import { authorities } from '../../lib/aws/authorities.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { founders } from '../../lib/aws/founders.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { outcomeOf } from '../../lib/aws/passing.ts'
import { againOn } from '../../lib/aws/postpone.ts'
import { receiptKeys } from '../../lib/aws/receipt-keys.ts'
import { revocables } from '../../lib/aws/revocables.ts'
import { revocationPlans } from '../../lib/aws/revocation-plans.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { serialStatuses } from '../../lib/aws/status-records.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { issueByAuthority } from '../../lib/flows/issue-by-authority.ts'
import { approvalBypass } from '../../lib/lambda/approval-bypass.ts'
import { awsAccess, privateCa } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { jobMessage, queueFunction } from '../../lib/lambda/queue.ts'
import { now } from '../../lib/lambda/world.ts'

const table = tableClient(environment('TABLE_NAME'), awsAccess())

const deps = {
  jobs: jobs(table),
  grants: grants(table),
  founders: founders(table),
  bypass: approvalBypass(),
  profiles: profiles(table),
  issuers: issuers(table),
  certificates: certificates(table),
  serials: serialStatuses(table),
  authority: authorities(privateCa()),
  outcomeOf,
  revocables: revocables(table),
  plans: revocationPlans(table),
  again: againOn(environment('QUEUE_URLS')['acm-pca'], awsAccess()),
  status_url: environment('STATUS_URL'),
  receiptKeys: receiptKeys(environment('RECEIPT_KEYS'), awsAccess()),
  environment: environment('ENVIRONMENT'),
  now,
  worker: 'worker-acm-pca',
}

export const handler = queueFunction(jobMessage, ({ job_id }) => issueByAuthority(deps, job_id))
