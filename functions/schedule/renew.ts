import * as z from 'zod'
import { certificates } from '../../lib/aws/certificates.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { renewals } from '../../lib/aws/renewals.ts'
import { profiles } from '../../lib/aws/rules.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { renewDue } from '../../lib/flows/renew-due.ts'
import { requestRenewal } from '../../lib/flows/request-renewal.ts'
import { passed } from '../../lib/flows/submit.ts'
import { approvalBypass } from '../../lib/lambda/approval-bypass.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { faultLogger } from '../../lib/lambda/logger.ts'
import { measure } from '../../lib/lambda/metrics.ts'
import { taskFunction } from '../../lib/lambda/task.ts'
import { now, random } from '../../lib/lambda/world.ts'
import { measuresOfRenewals } from '../../lib/model/measures.ts'
import { renewalPrincipal } from '../../lib/model/renewal-principal.ts'

const table = tableClient(environment('TABLE_NAME'), awsAccess())

const deps = {
  jobs: jobs(table),
  renewals: renewals(table),
  certificates: certificates(table),
  grants: grants(table),
  profiles: profiles(table),
  principals: principals(table),
  status_url: environment('STATUS_URL'),
  bypass: approvalBypass(),
  now,
  random,
}

export const handler = taskFunction(z.unknown(), async () => {
  const swept = await renewDue({
    ...deps,
    propose: async (certificate_id, scheduled) =>
      passed(deps, await requestRenewal(deps, renewalPrincipal, { certificate_id, scheduled })),
    per_sweep: environment('RENEWALS_PER_SWEEP'),
    fault: faultLogger,
  })
  measure(measuresOfRenewals(swept))
  return swept
})
