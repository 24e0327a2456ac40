import { issuer, issuerRequest } from '../model/issuer.ts'
import { profileVersion } from '../model/profile.ts'
import { checkIssuer } from '../pki/check-issuer.ts'
import type { Issuers, Profiles } from '../ports/rules.ts'
import { list } from './list.ts'
import { lists, wholeRows } from './lists.ts'
import { keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

const readProfile = (row: Row | null | undefined) =>
  row === null || row === undefined ? null : profileVersion.parse(recordOf(row))

export const profiles = (table: TableClient): Profiles => ({
  current: async (id) => readProfile(await table.get(keys.profile(id))),
  rules: async (id, pinned) => {
    const wanted = [keys.profile(id), ...(pinned === null ? [] : [keys.profileVersion(id, pinned)])]
    const [current, version] = await table.getAll(wanted)
    return { current: readProfile(current), pinned: readProfile(version) }
  },
  newest: async (id) => {
    const row = await table.last(keys.profile(id).pk, 'VERSION#')
    return row === null ? null : Number(String(row.sk).replace('VERSION#', ''))
  },
  list: (paging) =>
    list(
      table,
      {
        places: [{ index: wholeRows, pk: lists.profiles }],
        parse: (row) => profileVersion.parse(recordOf(row)),
        keep: (row) => row.status === 'active',
      },
      paging,
    ),
})

export const issuers = (table: TableClient): Issuers => ({
  get: async (id) => {
    const row = await table.get(keys.issuer(id))
    return row === null ? null : checkIssuer(issuer.parse(recordOf(row)))
  },
  request: async (id) => {
    const row = await table.get(keys.issuerRequest(id))
    return row === null ? null : issuerRequest.parse(recordOf(row))
  },
  list: (paging) =>
    list(
      table,
      {
        places: [{ index: wholeRows, pk: lists.issuers }],
        parse: (row) => issuer.parse(recordOf(row)),
        keep: () => true,
      },
      paging,
    ),
})
