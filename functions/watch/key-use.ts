import { keyUses } from '../../lib/aws/key-uses.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { reconcileKeyUse } from '../../lib/flows/reconcile-key-use.ts'
import { awsAccess } from '../../lib/lambda/aws-access.ts'
import { environment } from '../../lib/lambda/environment.ts'
import { trailFunction } from '../../lib/lambda/trail.ts'
import { now } from '../../lib/lambda/world.ts'

const deps = {
  uses: keyUses(tableClient(environment('TABLE_NAME'), awsAccess())),
  ca_keys: environment('CA_KEYS'),
  signers: environment('SIGNERS'),
  now,
}

export const handler = trailFunction((use) => reconcileKeyUse(deps, use))
