import { enumerated, octetString, sequence } from './der.ts'
import { oid } from './der-oid.ts'
import { time } from './der-time.ts'
import { extensionIds } from './extensions.ts'
import { type ReasonName, reasonCodes, reasonNames } from './revocation-reasons.ts'

/** One revoked certificate. */
export type CrlEntry = {
  /** Canonical, as the model's `serialNumber`. */
  readonly serial: string
  /** ISO 8601. */
  readonly revoked_at: string
  readonly reason?: ReasonName | null | undefined
}

const nothing: Uint8Array = new Uint8Array()

/** crlEntryExtensions with a reasonCode; `unspecified` is said by saying nothing (RFC 5280 §5.3.1). */
const reasonExtensions = (reason: ReasonName): Uint8Array =>
  reason === 'unspecified'
    ? nothing
    : sequence(sequence(oid(extensionIds.reason_code), octetString(enumerated(reasonCodes[reason]))))

const extensionsByReason: ReadonlyMap<string, Uint8Array> = new Map(
  reasonNames.map((reason) => [reason, reasonExtensions(reason)]),
)

const canonical = /^(?!00)(?:[0-9a-f]{2}){1,20}$/

const chunkOctets = 65_536

/** An entry is at most 2 + (2 + 21) + (2 + 15) + 14 octets: one length octet does for all of it. */
const entryOctets = 64

/** A time as DER; entries of one batch mostly share it, so the last one is kept. */
const timeEncoder = (): ((iso: string) => Uint8Array) => {
  let last = ''
  let encoded = nothing
  return (iso) => {
    if (iso === last) return encoded
    encoded = time(new Date(iso))
    last = iso
    return encoded
  }
}

/** Writes one entry at `offset` and gives the offset after it; `write` knows hex, so a serial is never copied. */
const writeEntry = (
  chunk: Buffer,
  offset: number,
  serial: string,
  rest: readonly [Uint8Array, Uint8Array],
): number => {
  const isHigh = serial >= '8'
  const octets = serial.length / 2 + (isHigh ? 1 : 0)
  const [date, extensions] = rest
  chunk[offset] = 0x30
  chunk[offset + 1] = 2 + octets + date.length + extensions.length
  chunk[offset + 2] = 0x02
  chunk[offset + 3] = octets
  if (isHigh) chunk[offset + 4] = 0
  chunk.write(serial, offset + 4 + (isHigh ? 1 : 0), 'hex')
  chunk.set(date, offset + 4 + octets)
  chunk.set(extensions, offset + 4 + octets + date.length)
  return offset + 4 + octets + date.length + extensions.length
}

/**
 * The entries of a CRL (RFC 5280 §5.1.2.6) as chunks of about 64 KB, in the
 * order they come, in linear time; memory is the octets themselves. A serial
 * that is not canonical or a time that is none is a fault of the caller.
 */
export function crlEntryChunks(entries: Iterable<CrlEntry>): readonly Uint8Array[] {
  const chunks: Uint8Array[] = []
  const encodeTime = timeEncoder()
  let chunk = Buffer.alloc(chunkOctets)
  let offset = 0
  for (const { serial, revoked_at, reason } of entries) {
    const extensions = extensionsByReason.get(reason ?? 'unspecified')
    if (!canonical.test(serial)) throw new Error(`serial ${JSON.stringify(serial)} is not canonical`)
    if (extensions === undefined) throw new Error(`${JSON.stringify(reason)} is not a revocation reason`)
    if (offset > chunkOctets - entryOctets) {
      chunks.push(chunk.subarray(0, offset))
      chunk = Buffer.alloc(chunkOctets)
      offset = 0
    }
    offset = writeEntry(chunk, offset, serial, [encodeTime(revoked_at), extensions])
  }
  if (offset > 0) chunks.push(chunk.subarray(0, offset))
  return chunks
}
