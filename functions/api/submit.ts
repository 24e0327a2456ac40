import { submitApi } from '../../lib/api/submit.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { grants } from '../../lib/aws/grants.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { renewalPlans } from '../../lib/aws/renewal-plans.ts'
import { renewals } from '../../lib/aws/renewals.ts'
import { replays } from '../../lib/aws/replays.ts'
import { revocationPlans } from '../../lib/aws/revocation-plans.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { serialInventory } from '../../lib/aws/serial-inventory.ts'
import { revocationLists } from '../../lib/aws/status-records.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { approvalBypass } from '../../lib/lambda/approval-bypass.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { callers, ports, table } from './entrance.ts'

export const handler = apiFunction(
  callers,
  submitApi({
    ...ports,
    jobs: jobs(table),
    grants: grants(table),
    replays: replays(table),
    bypass: approvalBypass(),
    certificates: certificates(table),
    renewals: renewals(table),
    renewalPlans: renewalPlans(table),
    issuers: issuers(table),
    profiles: profiles(table),
    inventory: serialInventory(table),
    plans: revocationPlans(table),
    lists: revocationLists(table),
    status_url: environment('STATUS_URL'),
  }),
)
