import { certificate, certificateVersion } from '../model/certificate.ts'
import type { CertificateFilter, Certificates } from '../ports/certificates.ts'
import { list } from './list.ts'
import { lists, type Place } from './lists.ts'
import { keys, recordOf } from './table.ts'
import type { TableClient } from './table-client.ts'

/** The narrowest list for a filter; what it does not cover is filtered after. */
const placeFor = (filter: CertificateFilter): Place => {
  if (filter.owner !== undefined) return { index: 'gsi4', pk: lists.certificatesOwnedBy(filter.owner) }
  if (filter.profile_id !== undefined)
    return { index: 'gsi2', pk: lists.certificatesUnder(filter.profile_id) }
  if (filter.status === 'Revoked') return { index: 'gsi3', pk: lists.certificatesRevoked }
  return { index: 'gsi1', pk: lists.certificates }
}

export const certificates = (table: TableClient): Certificates => ({
  get: async (id) => {
    const row = await table.get(keys.certificate(id))
    return row === null ? null : certificate.parse(recordOf(row))
  },
  load: async (id) => {
    const rows = []
    for await (const row of table.partition(`CERTIFICATE#${id}`)) rows.push(row)
    const head = rows.find(({ sk }) => sk === 'CERTIFICATE')
    if (head === undefined) return null
    const versions = rows
      .filter(({ sk }) => String(sk).startsWith('VERSION#'))
      .map((row) => certificateVersion.parse(recordOf(row)))
    return { certificate: certificate.parse(recordOf(head)), versions }
  },
  list: (filter, paging) =>
    list(
      table,
      {
        places: [placeFor(filter)],
        parse: (row) => certificate.parse(recordOf(row)),
        keep: (row) =>
          (filter.profile_id === undefined || row.profile_id === filter.profile_id) &&
          (filter.issuer_id === undefined || row.issuer_id === filter.issuer_id) &&
          (filter.status === undefined || row.status === filter.status) &&
          (filter.expires_before === undefined ||
            (row.not_after !== null && row.not_after < filter.expires_before)),
      },
      paging,
    ),
})
