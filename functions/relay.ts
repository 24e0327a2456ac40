import { jobs } from '../lib/aws/jobs.ts'
import { queues } from '../lib/aws/queues.ts'
import { itemOf } from '../lib/aws/stream-image.ts'
import { tableClient } from '../lib/aws/table-client.ts'
import { parkedTokens } from '../lib/aws/tokens.ts'
import { workflows } from '../lib/aws/workflows.ts'
import { follow, followParkedToken } from '../lib/flows/follow-event.ts'
import { awsAccess } from '../lib/lambda/aws-access.ts'
import { environment } from '../lib/lambda/environment.ts'
import { streamFunction } from '../lib/lambda/stream.ts'

const deps = {
  jobs: jobs(tableClient(environment('TABLE_NAME'), awsAccess())),
  tokens: parkedTokens(environment('TOKENS_TABLE_NAME'), awsAccess()),
  workflows: workflows(environment('STATE_MACHINE_ARN'), awsAccess()),
  queues: queues(environment('QUEUE_URLS'), awsAccess()),
}

export const handler = streamFunction({
  itemOf,
  effect: (effect) => follow(deps, effect),
  parkedToken: (approval_id) => followParkedToken(deps, approval_id),
})
