import { compromise, grant, grantUse } from '../model/grant.ts'
import type { Grants } from '../ports/grants.ts'
import { keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

const newest = (times: readonly string[]): string | null => times.toSorted().at(-1) ?? null

export const grants = (table: TableClient): Grants => ({
  of: async (certificate_id) => {
    const rows: Row[] = []
    for await (const row of table.partition(`GRANT#${certificate_id}`)) rows.push(row)
    const under = (begins: string) =>
      rows.filter(({ sk }) => String(sk).startsWith(begins)).map((row) => recordOf(row))
    const found = under('GRANT#').map((row) => grant.parse(row))
    return {
      grants: found.toSorted((a, b) => (`${a.granted_at}#${a.id}` < `${b.granted_at}#${b.id}` ? -1 : 1)),
      compromised_at: newest(under('COMPROMISE#').map((row) => compromise.parse(row).recorded_at)),
    }
  },
  lastUse: async (id) => {
    const row = await table.get(keys.grantUse(id))
    return row === null ? null : grantUse.parse(recordOf(row))
  },
})
