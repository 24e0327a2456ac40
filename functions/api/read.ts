import { readApi } from '../../lib/api/read.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { events } from '../../lib/aws/events.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { authenticate } from '../../lib/flows/authenticate.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { now } from '../../lib/lambda/world.ts'

const table = tableClient(environment('TABLE_NAME'))
const deps = { principals: principals(table), now }

export const handler = apiFunction(
  (authorization) => authenticate(deps, authorization),
  readApi({
    jobs: jobs(table),
    certificates: certificates(table),
    profiles: profiles(table),
    issuers: issuers(table),
    events: events(table),
    environment: environment('ENVIRONMENT'),
  }),
)
