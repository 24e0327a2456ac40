import { rowOctets, rowOffsets } from './crl-rows.ts'
import { enumerated, octetString, sequence } from './der.ts'
import { oid } from './der-oid.ts'
import { generalizedTime, time } from './der-time.ts'
import { extensionIds } from './extensions.ts'
import { reasonCodes, reasonNames } from './revocation-reasons.ts'

/** Whole rows in pieces of any size; to be read as often as it is called. */
export type Rows = () => Iterable<Uint8Array>

const nothing: Uint8Array = new Uint8Array()

/** Extension with a reasonCode; `unspecified` is said by saying nothing (RFC 5280 §5.3.1). */
const reasonExtensions: readonly Uint8Array[] = reasonNames.map((reason) =>
  reason === 'unspecified'
    ? nothing
    : sequence(oid(extensionIds.reason_code), octetString(enumerated(reasonCodes[reason]))),
)

/** crlEntryExtensions of entries that say no more than a reason. */
const extensionsByReason: readonly Uint8Array[] = reasonExtensions.map((extension) =>
  extension.length === 0 ? nothing : sequence(extension),
)

const invalidityExtension = (seconds: number): Uint8Array =>
  sequence(oid(extensionIds.invalidity_date), octetString(generalizedTime(new Date(seconds * 1000))))

const extensionsOf = (reason: number, invalidity: number): Uint8Array =>
  invalidity === 0
    ? (extensionsByReason[reason] ?? nothing)
    : sequence(reasonExtensions[reason] ?? nothing, invalidityExtension(invalidity))

const uint32 = (rows: Uint8Array, at: number): number =>
  (rows[at] ?? 0) * 0x100_0000 +
  (((rows[at + 1] ?? 0) << 16) | ((rows[at + 2] ?? 0) << 8) | (rows[at + 3] ?? 0))

const zero = 48

/** Times as DER. The day is encoded once for all the times in it; the last time, once for all its entries. */
const timeEncoder = (): ((seconds: number) => Uint8Array) => {
  let encoded = nothing
  let last = -1
  let day = -1
  return (seconds) => {
    if (seconds === last) return encoded
    last = seconds
    const today = Math.floor(seconds / 86_400)
    if (today !== day) encoded = time(new Date(seconds * 1000))
    day = today
    const clock = seconds - today * 86_400
    const hour = (clock / 3600) | 0
    const minute = ((clock / 60) | 0) - hour * 60
    const second = clock % 60
    const at = encoded.length - 7
    encoded[at] = zero + ((hour / 10) | 0)
    encoded[at + 1] = zero + (hour % 10)
    encoded[at + 2] = zero + ((minute / 10) | 0)
    encoded[at + 3] = zero + (minute % 10)
    encoded[at + 4] = zero + ((second / 10) | 0)
    encoded[at + 5] = zero + (second % 10)
    return encoded
  }
}

/** 1950–2049 is UTCTime, anything later takes two octets more (RFC 5280 §5.1.2.6). */
const generalizedFrom = Date.UTC(2050, 0, 1) / 1000

/** An entry is less than 128 octets, whatever it says: one length octet does for all of it. */
const contentOctets = (rows: Uint8Array, at: number): number => {
  const serial = (rows[at] ?? 0) + ((rows[at + 1] ?? 0) >= 0x80 ? 1 : 0)
  const date = uint32(rows, at + rowOffsets.revoked) < generalizedFrom ? 15 : 17
  const reason = rows[at + rowOffsets.reason] ?? 0
  const invalidity = uint32(rows, at + rowOffsets.invalidity)
  const extensions =
    invalidity === 0
      ? (extensionsByReason[reason] ?? nothing).length
      : extensionsOf(reason, invalidity).length
  return 2 + serial + date + extensions
}

/** How many octets the entries of these rows have in a list. */
export const entriesOctets = (rows: Rows): number => {
  let octets = 0
  for (const piece of rows())
    for (let at = 0; at < piece.length; at += rowOctets) octets += 2 + contentOctets(piece, at)
  return octets
}

/** How many octets the entry of one row has. */
export const entryOctetsOf = (row: Uint8Array): number => entriesOctets(() => [row])

const chunkOctets = 65_536
const entryOctets = 130

/**
 * The entries of a list (RFC 5280 §5.1.2.6), in the order of their rows. A
 * chunk holds until the next one is asked for: all of them are written into
 * the same 64 KB, so that a list of a million takes no more memory than one of
 * ten.
 */
export function* entryChunks(rows: Rows): Generator<Uint8Array> {
  const chunk = new Uint8Array(chunkOctets)
  const encodeTime = timeEncoder()
  let offset = 0
  for (const piece of rows()) {
    for (let at = 0; at < piece.length; at += rowOctets) {
      if (offset > chunkOctets - entryOctets) {
        yield chunk.subarray(0, offset)
        offset = 0
      }
      offset = writeEntry(chunk, offset, piece, at, encodeTime)
    }
  }
  if (offset > 0) yield chunk.subarray(0, offset)
}

/** Writes the entry of one row and gives the offset after it. Nothing is allocated but for a rare invalidityDate. */
function writeEntry(
  chunk: Uint8Array,
  start: number,
  rows: Uint8Array,
  at: number,
  encodeTime: (seconds: number) => Uint8Array,
): number {
  const octets = rows[at] ?? 0
  const sign = (rows[at + 1] ?? 0) >> 7
  const date = encodeTime(uint32(rows, at + rowOffsets.revoked))
  const extensions = extensionsOf(rows[at + rowOffsets.reason] ?? 0, uint32(rows, at + rowOffsets.invalidity))
  chunk[start] = 0x30
  chunk[start + 1] = 2 + octets + sign + date.length + extensions.length
  chunk[start + 2] = 0x02
  chunk[start + 3] = octets + sign
  // Overwritten by the first octet of a serial that needs no sign.
  chunk[start + 4] = 0
  let offset = start + 4 + sign
  for (let octet = 1; octet <= octets; octet++) chunk[offset + octet - 1] = rows[at + octet] ?? 0
  offset += octets
  for (let octet = 0; octet < date.length; octet++) chunk[offset + octet] = date[octet] ?? 0
  offset += date.length
  for (let octet = 0; octet < extensions.length; octet++) chunk[offset + octet] = extensions[octet] ?? 0
  return offset + extensions.length
}
