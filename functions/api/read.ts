import { readApi } from '../../lib/api/read.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { events } from '../../lib/aws/events.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { receiptKeys } from '../../lib/aws/receipt-keys.ts'
import { renewalPlans } from '../../lib/aws/renewal-plans.ts'
import { renewals } from '../../lib/aws/renewals.ts'
import { revocationPlans } from '../../lib/aws/revocation-plans.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { callers, ports, table } from './entrance.ts'

export const handler = apiFunction(
  callers,
  readApi({
    ...ports,
    jobs: jobs(table),
    grants: grants(table),
    certificates: certificates(table),
    renewals: renewals(table),
    renewalPlans: renewalPlans(table),
    profiles: profiles(table),
    issuers: issuers(table),
    events: events(table),
    receiptKeys: receiptKeys(environment('RECEIPT_KEYS'), awsAccess()),
    plans: revocationPlans(table),
    environment: environment('ENVIRONMENT'),
  }),
)
