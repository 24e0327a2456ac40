import { signer } from '../../lib/aws/ca-keys.ts'
import { objects } from '../../lib/aws/objects.ts'
import { issuers } from '../../lib/aws/rules.ts'
import { sealUnder } from '../../lib/aws/seal.ts'
import { shardRows } from '../../lib/aws/shard-rows.ts'
import { responders, revocationLists } from '../../lib/aws/status-records.ts'
import { statusSite } from '../../lib/aws/status-site.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { listStates, publishStatus, refreshStatus } from '../../lib/flows/publish-status.ts'
import { awsAccess, bucket } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { statusFunction } from '../../lib/lambda/status-queue.ts'
import { now, random } from '../../lib/lambda/world.ts'

const table = tableClient(environment('TABLE_NAME'), awsAccess())
const stored = objects(bucket())

const deps = {
  issuers: issuers(table),
  lists: revocationLists(table),
  responders: responders(table),
  signer: signer(environment('CA_KEYS'), awsAccess()),
  seal: sealUnder(environment('RESPONDER_KEY_ARN'), awsAccess()),
  site: statusSite(stored),
  rows: shardRows(stored),
  status_url: environment('STATUS_URL'),
  now,
  random,
}

export const handler = statusFunction({
  publish: (issuer_id, shards) => publishStatus(deps, issuer_id, shards),
  refresh: () => refreshStatus(deps),
  states: () => listStates(deps),
})
