import * as z from 'zod'
import type { Replays } from '../ports/requests.ts'
import { items, keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'

const replay = z.strictObject({
  principal_id: z.string(),
  key: z.string(),
  request_sha256: z.string(),
  status: z.int(),
  body: z.json(),
  expires_at: z.string(),
})

export const replays = (table: TableClient): Replays => ({
  find: async (principal_id, key) => {
    const row = await table.get(keys.replay(principal_id, key))
    return row === null ? null : replay.parse(recordOf(row))
  },
  keep: async (kept) =>
    (await table.transact([{ of: 'replay', put: items.replay(kept), condition: 'absent' }])) === 'committed',
})
