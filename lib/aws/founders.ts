import type { Ending } from '../model/ending.ts'
import { founder, founderCredential } from '../model/founder.ts'
import type { Founders } from '../ports/principals.ts'
import { keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

/** What was taken away, by the key of a row; whatever else is in it may have been written over. */
const endingIn = (principal_id: string, { sk }: Row): Ending => {
  const [, granted_by = '', what = '', time = ''] = String(sk).split('#')
  return { principal_id, granted_by, what, time }
}

export const founders = (table: TableClient): Founders => ({
  endings: async (principal_id) => {
    const found: Ending[] = []
    for await (const row of table.partition(keys.principal(principal_id).pk, 'ENDED#'))
      found.push(endingIn(principal_id, row))
    return found
  },
  get: async (id) => {
    const key = keys.founder(id)
    const rows: Row[] = []
    for await (const row of table.partition(key.pk)) rows.push(row)
    const head = rows.find(({ sk }) => sk === key.sk)
    if (head === undefined) return null
    const credentials = rows
      .filter((row) => row !== head)
      .map((row) => founderCredential.parse(recordOf(row)))
    return { founder: founder.parse(recordOf(head)), credentials }
  },
})
