import { plannedBatch } from '../model/renewal-batch.ts'
import type { RenewalPlans } from '../ports/renewals.ts'
import { keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'

export const renewalPlans = (table: TableClient): RenewalPlans => ({
  get: async (digest) => {
    const row = await table.get(keys.renewalPlan(digest))
    return row === null ? null : plannedBatch.parse(recordOf(row))
  },
  put: async (digest, planned) => {
    // Cleared away some time after it is of no more use: its own word says when that is.
    const ttl = Math.floor(Date.parse(planned.valid_until) / 1000)
    // Whatever is there already says the same.
    const put = { ...keys.renewalPlan(digest), ...planned, ttl }
    await table.transact([{ of: 'plan', put, condition: 'absent' }])
  },
})
