import { listConsumers } from '../../lib/aws/list-consumers.ts'
import { listPushes } from '../../lib/aws/list-pushes.ts'
import { objects } from '../../lib/aws/objects.ts'
import { issuers } from '../../lib/aws/rules.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { pushList } from '../../lib/flows/push-list.ts'
import { awsAccess, bucket, listConsumerAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { pushFunction } from '../../lib/lambda/push-queue.ts'
import { now } from '../../lib/lambda/world.ts'

const table = tableClient(environment('TABLE_NAME'), awsAccess())
const stored = objects(bucket())

const deps = {
  targets: environment('CRL_PUSH'),
  issuers: issuers(table),
  published: stored,
  consumers: listConsumers({ ...listConsumerAccess(), objects: stored }),
  pushes: listPushes(table),
  now,
  worker: 'worker-push-crl',
}

export const handler = pushFunction((path) => pushList(deps, path))
