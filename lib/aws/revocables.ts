import { certificate, certificateVersion } from '../model/certificate.ts'
import { serialStatus } from '../model/revocation.ts'
import type { Target } from '../model/revocation-plan.ts'
import type { Revocables } from '../ports/revocation.ts'
import { type Key, keys, recordOf } from './table.ts'
import type { Row, TableClient } from './table-client.ts'

const nameOf = ({ pk, sk }: Key): string => `${pk} ${sk}`

const keysOf = ({ issuer_id, serial, certificate_id, number }: Target) => ({
  certificate: keys.certificate(certificate_id),
  version: keys.certificateVersion(certificate_id, number),
  serial: keys.serial(issuer_id, serial),
})

export const revocables = (table: TableClient): Revocables => ({
  load: async (targets) => {
    // One call reads no key twice: several versions may be of one certificate.
    const wanted = new Map(
      targets.flatMap((target) => Object.values(keysOf(target)).map((key) => [nameOf(key), key] as const)),
    )
    if (wanted.size === 0) return []
    const rows = await table.getAll([...wanted.values()])
    const found = new Map([...wanted.keys()].map((name, index) => [name, rows[index] ?? null]))
    const rowOf = (key: Key): Record<string, unknown> => {
      const row: Row | null | undefined = found.get(nameOf(key))
      if (row === null || row === undefined) throw new Error(`${key.pk} has no ${key.sk}`)
      return recordOf(row)
    }
    return targets.map((target) => {
      const at = keysOf(target)
      return {
        target,
        certificate: certificate.parse(rowOf(at.certificate)),
        version: certificateVersion.parse(rowOf(at.version)),
        serial: serialStatus.parse(rowOf(at.serial)),
      }
    })
  },
})
