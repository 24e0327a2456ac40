import { apiKey } from '../model/api-key.ts'
import { delegation } from '../model/delegation.ts'
import { event } from '../model/event.ts'
import { oidcSubject, oidcSubjectIdOf } from '../model/oidc-subject.ts'
import { principal } from '../model/principal.ts'
import type { Principals } from '../ports/principals.ts'
import { lastUseOf } from './accesses.ts'
import { list } from './list.ts'
import { lists, wholeRows } from './lists.ts'
import { keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'
import { principalWrites } from './table-writes.ts'

const readPrincipal = (row: Row) => principal.parse(recordOf(row))
const readKey = (row: Row) => apiKey.parse(recordOf(row))
const readSubject = (row: Row) => oidcSubject.parse(recordOf(row))

const readDelegation = (row: Row) => delegation.parse(recordOf(row))

const read = <T>(row: Row | null | undefined, parse: (row: Row) => T): T | null =>
  row === null || row === undefined ? null : parse(row)

export const principals = (table: TableClient): Principals => ({
  findByKey: async ({ id, principal_id }) => {
    const wanted = [keys.principal(principal_id), keys.apiKey(principal_id, id), keys.used(id)]
    const [holder, key, used] = await table.getAll(wanted)
    const [found, credential] = [read(holder, readPrincipal), read(key, readKey)]
    if (found === null || credential === null) return null
    return { principal: found, credential, last_used_at: lastUseOf(used) }
  },
  findBySubject: async (issuer, subject) => {
    const id = oidcSubjectIdOf(issuer, subject)
    const [row, used] = await table.getAll([keys.oidcSubject(id), keys.used(id)])
    const credential = read(row, readSubject)
    if (credential === null) return null
    const found = read(await table.get(keys.principal(credential.principal_id)), readPrincipal)
    return found === null ? null : { principal: found, credential, last_used_at: lastUseOf(used) }
  },
  get: async (id) => {
    const key = keys.principal(id)
    const [holder, last] = await Promise.all([table.get(key), table.last(key.pk, 'EVENT#')])
    const found = read(holder, readPrincipal)
    if (found === null) return null
    if (last === null) throw new Error(`principal ${id} has no event`)
    return { principal: found, last: event.parse(recordOf(last)) }
  },
  apiKey: async (principal_id, id) => read(await table.get(keys.apiKey(principal_id, id)), readKey),
  apiKeys: async (principal_id) => {
    const found = []
    for await (const row of table.partition(keys.principal(principal_id).pk, 'KEY#')) found.push(readKey(row))
    return found.sort((a, b) => (`${a.created_at}${a.id}` < `${b.created_at}${b.id}` ? -1 : 1))
  },
  oidcSubject: async (id) => read(await table.get(keys.oidcSubject(id)), readSubject),
  oidcSubjects: (principal_id, paging) =>
    list(
      table,
      {
        places: [{ index: 'gsi2', pk: lists.oidcSubjectsOf(principal_id) }],
        parse: readSubject,
        keep: () => true,
      },
      paging,
    ),
  giver: async (id) => {
    const key = keys.principal(id)
    const given = async () => {
      const found = []
      for await (const row of table.partition(key.pk, 'DELEGATION#')) found.push(readDelegation(row))
      return found.sort((a, b) => (`${a.from}${a.id}` < `${b.from}${b.id}` ? -1 : 1))
    }
    const [holder, delegations] = await Promise.all([table.get(key), given()])
    const principal = read(holder, readPrincipal)
    return principal === null ? null : { principal, delegations }
  },
  delegationsTo: (delegate_id, paging) =>
    list(
      table,
      {
        places: [{ index: 'gsi2', pk: lists.delegationsTo(delegate_id) }],
        parse: readDelegation,
        keep: () => true,
      },
      paging,
    ),
  list: (paging) =>
    list(
      table,
      { places: [{ index: wholeRows, pk: lists.principals }], parse: readPrincipal, keep: () => true },
      paging,
    ),
  commit: (change) => table.transact(principalWrites(change)),
})
