import { founder, founderCredential } from '../model/founder.ts'
import type { Founders } from '../ports/principals.ts'
import { keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

export const founders = (table: TableClient): Founders => ({
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
