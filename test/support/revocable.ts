import { type Item, items } from '../../lib/aws/table.ts'
import { sha256 } from '../../lib/model/digest.ts'
import { shardOf } from '../../lib/model/shards.ts'
import type { World } from './world.ts'

type Planted = {
  readonly count: number
  readonly issuer_id: string
  readonly profile_id: string
  readonly owner?: string
  readonly crl_shards?: number
}

/** The rows of certificates as if they had been issued, without a signature each: revocations only look at records. */
export const plantedRows = (planted: Planted, now: Date) => {
  const { count, issuer_id, profile_id, owner = 'pr-alice', crl_shards = 1 } = planted
  const created_at = now.toISOString()
  const not_after = new Date(now.getTime() + 90 * 86_400_000).toISOString()
  return Array.from({ length: count }, (_, n) => {
    const id = `mc-${issuer_id}-${n}`
    const serial = sha256(id).slice(0, 38).replace(/^../, '5a')
    const crl_shard = shardOf(serial, crl_shards)
    const named = { issuer_id, profile_id, serial, not_after, short_lived: false, crl_shard } as const
    const rows: readonly Item[] = [
      items.certificate({
        id,
        version: 2,
        name: id,
        owner,
        team: null,
        profile_id,
        issuer_id,
        status: 'Active',
        current_version: 1,
        not_after,
        created_at,
      }),
      items.certificateVersion({
        ...named,
        certificate_id: id,
        number: 1,
        profile_version: 1,
        job_id: 'job-planted',
        der: 'AAAA',
        sha256: sha256(id),
        csr: 'AAAA',
        not_before: created_at,
        revoked_at: null,
        revocation_reason: null,
      }),
      items.serial({
        ...named,
        version: 1,
        certificate_id: id,
        certificate_version: 1,
        owner,
        spki_sha256: sha256(owner),
        status: 'good',
        revoked_at: null,
        reason: null,
      }),
    ]
    return { serial, rows }
  })
}

/** Plants them in a world in memory; their serials. */
export const plantCertificates = (world: Pick<World, 'table' | 'now'>, planted: Planted): readonly string[] =>
  plantedRows(planted, world.now()).map(({ serial, rows }) => {
    for (const row of rows) world.table.write(row)
    return serial
  })
