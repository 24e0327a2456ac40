import { sha256 } from '../model/digest.ts'
import type { CrlHead, RevocationEntry } from '../model/revocation.ts'
import { instantOf, later } from '../model/time.ts'
import { compareRows, packRow, rowOctets, rowOffsets } from '../pki/crl-rows.ts'
import type { RevocationLists, ShardRows } from '../ports/revocation.ts'

/**
 * The rows of a shard are its table entries once more, compact, so that a
 * list can be made without reading all of them again. They are believed only
 * if their hash is the one in the table; otherwise they are made anew.
 */
type Deps = { readonly lists: Pick<RevocationLists, 'entries'>; readonly rows: ShardRows }

/**
 * How far back entries are read again, in seconds. An entry carries the time
 * at which its step began; no function of ours runs longer than this, so none
 * can be stored later than that.
 */
const overlapSeconds = 1800

const nothing: Uint8Array = new Uint8Array()

/** The last word on each serial, as rows in order; null for a hold that was released. */
const lastWords = async (entries: AsyncIterable<RevocationEntry>) => {
  const words = new Map<string, Uint8Array | null>()
  for await (const entry of entries)
    words.set(entry.serial, entry.reason === 'removeFromCRL' ? null : packRow(entry))
  const key = (serial: string): Uint8Array =>
    packRow({ serial, revoked_at: '1970-01-01T00:00:00.000Z', reason: 'unspecified' })
  return [...words]
    .map(([serial, row]) => ({ key: row ?? key(serial), row }))
    .toSorted((a, b) => compareRows(a.key, b.key))
}

const secondsAt = (row: Uint8Array, offset: number): number => Buffer.from(row).readUInt32BE(offset)

/**
 * What expired before the list before was made has been on one list since and
 * goes, unless it was only revoked after that (RFC 5280 §3.3).
 */
const isOver = (row: Uint8Array, cutoff: string | null): boolean => {
  if (cutoff === null) return false
  const seconds = Date.parse(cutoff) / 1000
  return secondsAt(row, rowOffsets.not_after) < seconds && secondsAt(row, rowOffsets.revoked) < seconds
}

/** Rows with changes worked in, both in order, without those that are over. */
const merge = (
  rows: Uint8Array,
  changes: Awaited<ReturnType<typeof lastWords>>,
  cutoff: string | null,
): Uint8Array => {
  const merged = Buffer.alloc(rows.length + changes.length * rowOctets)
  let length = 0
  const keep = (row: Uint8Array | null): void => {
    if (row === null || isOver(row, cutoff)) return
    merged.set(row, length)
    length += rowOctets
  }
  let at = 0
  for (const { key, row } of changes) {
    for (; at < rows.length; at += rowOctets) {
      const old = rows.subarray(at, at + rowOctets)
      const order = compareRows(old, key)
      if (order > 0) break
      if (order < 0) keep(old)
    }
    keep(row)
  }
  for (; at < rows.length; at += rowOctets) keep(rows.subarray(at, at + rowOctets))
  return merged.subarray(0, length)
}

export type Shard = { readonly issuer_id: string; readonly shard: number }

/** All rows of a shard, from the table alone. */
export const rebuiltRows = async (
  { lists }: Pick<Deps, 'lists'>,
  { issuer_id, shard }: Shard,
  cutoff: string | null,
): Promise<Uint8Array> => merge(nothing, await lastWords(lists.entries(issuer_id, shard, null)), cutoff)

/** The rows kept beside the table, if they are the ones that the table knows of. */
const keptRows = async ({ rows }: Deps, head: CrlHead): Promise<Uint8Array | null> => {
  const kept = await rows.get(head.issuer_id, head.shard)
  return kept !== null && sha256(kept) === head.rows_sha256 ? kept : null
}

export type FreshRows = {
  readonly rows: Uint8Array
  /** Whether the list that is out says something else, or may not be out at all. */
  readonly changed: boolean
}

/**
 * The rows of a shard as they are now. Only what was stored since the last
 * list is read from the table, where the kept rows can be trusted.
 */
export const freshRows = async (deps: Deps, of: Shard, head: CrlHead | null): Promise<FreshRows> => {
  const cutoff = head?.this_update ?? null
  const kept = head === null ? null : await keptRows(deps, head)
  if (head === null || kept === null) return { rows: await rebuiltRows(deps, of, cutoff), changed: true }
  const since = instantOf(later(new Date(head.this_update), -overlapSeconds))
  const changes = await lastWords(deps.lists.entries(of.issuer_id, of.shard, since))
  const changed = sha256(merge(kept, changes, head.cutoff)) !== head.rows_sha256
  return { rows: merge(kept, changes, cutoff), changed }
}
