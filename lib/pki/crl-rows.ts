import { type ReasonName, reasonNames } from './revocation-reasons.ts'

/**
 * A revocation as a row of fixed length: 34 octets for what JSON needs 200
 * for. A shard of a hundred thousand is 3.4 MB, sorts by comparing octets, and
 * is written into a list without an object being made of it.
 *
 * | octets | what |
 * |---|---|
 * | 1 | length of the serial number |
 * | 20 | serial number, then zeros |
 * | 4 | revoked at, seconds since 1970 |
 * | 4 | invalid since, the same; 0 where nothing is known of it |
 * | 4 | end of the certificate, the same |
 * | 1 | position of the reason among `reasonNames` |
 */
export const rowOctets = 34

export const rowOffsets = { revoked: 21, invalidity: 25, not_after: 29, reason: 33 } as const

/** One revoked certificate. Times are ISO 8601. */
export type CrlEntry = {
  /** Canonical, as the model's `serialNumber`. */
  readonly serial: string
  readonly revoked_at: string
  readonly reason?: ReasonName | null | undefined
  /** Since when the key is known or feared to be lost (RFC 5280 §5.3.2). */
  readonly invalidity_date?: string | null | undefined
  /** End of the certificate. No list says it; who keeps rows needs it to know when one may go. */
  readonly not_after?: string | undefined
}

const canonical = /^(?!00)(?:[0-9a-f]{2}){1,20}$/

const secondsOf = (iso: string): number => {
  const seconds = Math.floor(Date.parse(iso) / 1000)
  if (!(seconds >= 0 && seconds <= 0xffff_ffff)) throw new Error(`${JSON.stringify(iso)} is no time of ours`)
  return seconds
}

/** Writes an entry as the row at `offset`. A serial that is not canonical or a time that is none is a fault of the caller. */
const packAt = (rows: Buffer, offset: number, entry: CrlEntry): void => {
  const { serial, revoked_at, reason, invalidity_date, not_after } = entry
  const code = reasonNames.indexOf(reason ?? 'unspecified')
  if (!canonical.test(serial)) throw new Error(`serial ${JSON.stringify(serial)} is not canonical`)
  if (code === -1) throw new Error(`${JSON.stringify(reason)} is not a revocation reason`)
  rows[offset] = serial.length / 2
  rows.write(serial, offset + 1, 'hex')
  rows.writeUInt32BE(secondsOf(revoked_at), offset + rowOffsets.revoked)
  rows.writeUInt32BE(invalidity_date ? secondsOf(invalidity_date) : 0, offset + rowOffsets.invalidity)
  rows.writeUInt32BE(not_after === undefined ? 0 : secondsOf(not_after), offset + rowOffsets.not_after)
  rows[offset + rowOffsets.reason] = code
}

export const packRow = (entry: CrlEntry): Buffer => {
  const row = Buffer.alloc(rowOctets)
  packAt(row, 0, entry)
  return row
}

/** Entries as rows, in the order they come. */
export const packRows = (entries: Iterable<CrlEntry>): Buffer => {
  let rows = Buffer.alloc(rowOctets * 64)
  let offset = 0
  for (const entry of entries) {
    if (offset === rows.length) rows = Buffer.concat([rows], rows.length * 2)
    packAt(rows, offset, entry)
    offset += rowOctets
  }
  return rows.subarray(0, offset)
}

/** The order of rows is that of their serial numbers. */
export const compareRows = (a: Uint8Array, b: Uint8Array): number =>
  Buffer.compare(a.subarray(0, rowOffsets.revoked), b.subarray(0, rowOffsets.revoked))
