import * as z from 'zod'
import { revocationPlan } from '../model/revocation-plan.ts'
import type { RevocationPlans } from '../ports/revocation.ts'
import { keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'

/** Some 200 KB of them: half of what an item may have. */
const linesTogether = 2000

/** Longer than any job may wait for its approval, in seconds. */
const keptSeconds = 120 * 86_400

const chunk = z.object({ lines: z.array(z.string()) })

export const revocationPlans = (table: TableClient): RevocationPlans => ({
  get: async (digest) => {
    const row = await table.get(keys.revocationPlan(digest))
    return row === null ? null : revocationPlan.parse(recordOf(row))
  },
  put: async (plan, lines) => {
    const ttl = Math.floor(Date.parse(plan.created_at) / 1000) + keptSeconds
    // The plan itself comes last: where it is, all of it is. Whatever is there already says the same.
    for (let n = 0; n * linesTogether < lines.length; n += 1) {
      const some = lines.slice(n * linesTogether, (n + 1) * linesTogether)
      const put = { ...keys.revocationTargets(plan.digest, n), lines: some, ttl }
      await table.transact([{ of: 'plan', put, condition: 'absent' }])
    }
    const put = { ...keys.revocationPlan(plan.digest), ...plan, ttl }
    await table.transact([{ of: 'plan', put, condition: 'absent' }])
  },
  lines: async function* (digest) {
    const { pk } = keys.revocationPlan(digest)
    for await (const row of table.partition(pk, 'TARGETS#')) yield* chunk.parse(row).lines
  },
})
