import { submitApi } from '../../lib/api/submit.ts'
import { publicKeys } from '../../lib/aws/ca-keys.ts'
import { certificates } from '../../lib/aws/certificates.ts'
import { jobs } from '../../lib/aws/jobs.ts'
import { principals } from '../../lib/aws/principals.ts'
import { replays } from '../../lib/aws/replays.ts'
import { issuers, profiles } from '../../lib/aws/rules.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { authenticate } from '../../lib/flows/authenticate.ts'
import { apiFunction } from '../../lib/lambda/api.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { now, random } from '../../lib/lambda/world.ts'

const table = tableClient(environment('TABLE_NAME'))
const deps = { principals: principals(table), now }

export const handler = apiFunction(
  (authorization) => authenticate(deps, authorization),
  submitApi({
    jobs: jobs(table),
    replays: replays(table),
    certificates: certificates(table),
    profiles: profiles(table),
    issuers: issuers(table),
    keys: publicKeys(environment('CA_KEYS')),
    status_url: environment('STATUS_URL'),
    now,
    random,
  }),
)
