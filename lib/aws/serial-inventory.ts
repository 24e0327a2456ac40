import { serialStatus } from '../model/revocation.ts'
import type { CommonTrait } from '../model/revocation-plan.ts'
import type { SerialInventory } from '../ports/revocation.ts'
import { keyOf, rowsUnder } from './list.ts'
import { lists, type Place } from './lists.ts'
import { keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

/** Well under a megabyte of them: an index answers with no more at once, however many it is asked for. */
const pageRows = 500

const placeFor = (trait: CommonTrait): Place => {
  if ('issuer_id' in trait) return { index: 'gsi2', pk: lists.serialsOf(trait.issuer_id) }
  if ('profile_id' in trait) return { index: 'gsi3', pk: lists.serialsUnder(trait.profile_id) }
  if ('owner' in trait) return { index: 'gsi1', pk: lists.serialsOwnedBy(trait.owner) }
  return { index: 'gsi4', pk: lists.serialsWith(trait.spki_sha256) }
}

export const serialInventory = (table: TableClient): SerialInventory => ({
  unexpired: async function* (trait, now) {
    const { index, pk } = placeFor(trait)
    let after = `${now}~`
    for (;;) {
      const rows: readonly Row[] = await table.index({ index, pk, after, before: null, limit: pageRows })
      const read = await rowsUnder(table, rows.map(keyOf))
      for (const row of read) if (row !== null) yield serialStatus.parse(recordOf(row))
      const last = rows.at(-1)
      if (last === undefined || rows.length < pageRows) return
      after = String(last[`${index}sk`])
    }
  },
  named: async (issuer_id, serials) => {
    const found = await rowsUnder(
      table,
      serials.map((serial) => keys.serial(issuer_id, serial)),
    )
    return found.map((row) => (row === null ? null : serialStatus.parse(recordOf(row))))
  },
})
