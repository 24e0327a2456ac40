import type { ShardRows } from '../ports/revocation.ts'
import type { Objects } from './objects.ts'

const pathOf = (issuer_id: string, shard: number): string => `shards/${issuer_id}/${shard}`

/** Beside the lists, under a path that no behaviour of the edge is about. They say nothing that the lists do not, but the ends of certificates. */
export const shardRows = (objects: Objects): ShardRows => ({
  get: (issuer_id, shard) => objects.get(pathOf(issuer_id, shard)),
  put: async (issuer_id, shard, rows, order) => {
    await objects.put(
      pathOf(issuer_id, shard),
      { length: rows.length, chunks: () => [rows] },
      { order, headers: { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' } },
    )
  },
})
