import { serialStatus } from '../model/revocation.ts'
import type { CommonTrait } from '../model/revocation-plan.ts'
import type { SerialInventory } from '../ports.ts'
import { keys, lists, recordOf } from './table.ts'
import type { IndexQuery, Row, TableClient } from './table-client.ts'

/** Well under a megabyte of them: an index answers with no more at once, however many it is asked for. */
const pageRows = 500

/** How many keys one call reads. */
const together = 100

const indexFor = (trait: CommonTrait): Pick<IndexQuery, 'index' | 'pk'> => {
  if ('issuer_id' in trait) return { index: 'gsi2', pk: lists.serialsOf(trait.issuer_id) }
  if ('profile_id' in trait) return { index: 'gsi3', pk: lists.serialsUnder(trait.profile_id) }
  if ('owner' in trait) return { index: 'gsi1', pk: lists.serialsOwnedBy(trait.owner) }
  return { index: 'gsi4', pk: lists.serialsWith(trait.spki_sha256) }
}

export const serialInventory = (table: TableClient): SerialInventory => ({
  unexpired: async function* (trait, now) {
    const { index, pk } = indexFor(trait)
    let after = `${now}~`
    for (;;) {
      const rows: readonly Row[] = await table.index({ index, pk, after, before: null, limit: pageRows })
      for (const row of rows) yield serialStatus.parse(recordOf(row))
      const last = rows.at(-1)
      if (last === undefined || rows.length < pageRows) return
      after = String(last[`${index}sk`])
    }
  },
  named: async (issuer_id, serials) => {
    const found: (Row | null)[] = []
    for (let at = 0; at < serials.length; at += together)
      found.push(
        ...(await table.getAll(
          serials.slice(at, at + together).map((serial) => keys.serial(issuer_id, serial)),
        )),
      )
    return found.map((row) => (row === null ? null : serialStatus.parse(recordOf(row))))
  },
})
