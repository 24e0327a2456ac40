import * as z from 'zod'
import { batchContent } from '../model/renewal-batch.ts'
import type { RenewalPlans } from '../ports.ts'
import { keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'

const row = z.strictObject({ batch: batchContent })

export const renewalPlans = (table: TableClient): RenewalPlans => ({
  get: async (digest) => {
    const found = await table.get(keys.renewalPlan(digest))
    return found === null ? null : row.parse(recordOf(found)).batch
  },
  put: async (digest, batch, keep_until) => {
    const ttl = Math.floor(Date.parse(keep_until) / 1000)
    // Whatever is there already says the same.
    const put = { ...keys.renewalPlan(digest), batch, ttl }
    await table.transact([{ of: 'plan', put, condition: 'absent' }])
  },
})
