import { sha256 } from '../model/digest.ts'
import type { RevocationLists, ShardRows } from '../ports/revocation.ts'
import type { Issuers } from '../ports/rules.ts'
import { everyIssuer } from './publish-status.ts'
import { rebuiltRows } from './shard-rows.ts'
import { listPath, statusPaths } from './status-urls.ts'

export type Rebuilt = {
  readonly issuer_id: string
  readonly shard: number
  readonly number: number
  readonly entries: number
  /**
   * `not_served`: the list or the CA certificate is not on the status site.
   * `behind`: something was revoked since the last list, or the list was never
   * finished. `rows_differ`: what is kept beside the table is not what its
   * last list was made of; the next publisher will not believe it.
   */
  readonly outcome: 'equal' | 'not_served' | 'behind' | 'rows_differ' | 'no_list'
}

type Deps = {
  readonly issuers: Pick<Issuers, 'list'>
  readonly lists: Pick<RevocationLists, 'head' | 'entries'>
  readonly rows: Pick<ShardRows, 'get'>
  /** Whether the status site has an object under this path. */
  readonly served: (path: string) => Promise<boolean>
}

/**
 * Every shard, its rows made anew from the table alone and held against those
 * that its list was made of. Of an issuer whose lists AWS Private CA keeps, a
 * CA certificate that is not served.
 */
export async function* rebuiltShards(deps: Deps): AsyncGenerator<Rebuilt> {
  for await (const { id: issuer_id, type, facts } of everyIssuer(deps.issuers)) {
    const ca_served = await deps.served(statusPaths(issuer_id).ca)
    if (type === 'acm-pca') {
      if (!ca_served) yield { issuer_id, shard: 0, number: 0, entries: 0, outcome: 'not_served' }
      continue
    }
    for (let shard = 0; shard < facts.crl_shards; shard += 1) {
      const head = await deps.lists.head(issuer_id, shard)
      if (head === null) {
        yield { issuer_id, shard, number: 0, entries: 0, outcome: 'no_list' }
        continue
      }
      const { number, entries, cutoff, rows_sha256 } = head
      if (!ca_served || !(await deps.served(listPath(facts, shard)))) {
        yield { issuer_id, shard, number, entries, outcome: 'not_served' }
        continue
      }
      const kept = await deps.rows.get(issuer_id, shard)
      const rebuilt = await rebuiltRows(deps, { issuer_id, shard }, cutoff)
      const as_listed = kept !== null && sha256(kept) === rows_sha256
      const outcome = !as_listed ? 'rows_differ' : sha256(rebuilt) === rows_sha256 ? 'equal' : 'behind'
      yield { issuer_id, shard, number, entries, outcome }
    }
  }
}
