import * as z from 'zod'
import type { SignedAnswer, SignedAnswers } from '../ports/ocsp.ts'
import { keys } from './table.ts'
import type { TableClient } from './table-client.ts'
import type { Condition } from './table-writes.ts'

const record = z.object({
  body: z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64'))),
  this_update: z.iso.datetime(),
  next_update: z.iso.datetime(),
  fresh_until: z.iso.datetime(),
  versions: z.array(z.int().min(0)),
})

const after = (before: SignedAnswer | null): Condition =>
  before === null ? 'absent' : { attribute: 'this_update', equals: before.this_update }

export const signedAnswers = (table: TableClient): SignedAnswers => ({
  get: async (issuer_id, key) => {
    const row = await table.get(keys.ocspAnswer(issuer_id, key))
    return row === null ? null : record.parse(row)
  },
  keep: async ({ issuer_id, serial, key, answer, before }) => {
    const put = {
      ...keys.ocspAnswer(issuer_id, key),
      ...answer,
      body: Buffer.from(answer.body).toString('base64'),
      ttl: Math.floor(Date.parse(answer.next_update) / 1000),
    }
    const stored = await table.transact([
      {
        of: 'serial',
        check: keys.serial(issuer_id, serial),
        condition: { attribute: 'version', equals: answer.versions[0] ?? 0 },
      },
      { of: 'answer', put, condition: after(before) },
    ])
    if (stored === 'committed') return 'kept'
    return stored.conflict === 'serial' ? 'stale' : 'other_there'
  },
})
