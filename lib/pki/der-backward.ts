/**
 * DER written from its end towards its beginning: whatever is written stands
 * before what was written earlier. So every length is known when its header
 * is written, and no octet is copied from one element into the next.
 */
export type Backward = {
  octets: Buffer
  /** Where what is written begins. */
  at: number
}

/** Nothing written yet, and room for as many octets as a certificate mostly has; more is had when it is needed. */
export const backward = (room = 1024): Backward => ({ octets: Buffer.allocUnsafe(room), at: room })

/** How much is written: a place that stays the same when more room is had. */
export const lengthOf = ({ octets, at }: Backward): number => octets.length - at

/** All that is written. */
export const writtenOf = ({ octets: { buffer, byteOffset, length }, at }: Backward): Uint8Array =>
  new Uint8Array(buffer, byteOffset + at, length - at)

/** Takes room for so many octets before all that is written. */
const take = (to: Backward, count: number): void => {
  if (count > to.at) {
    const more = Buffer.allocUnsafe(2 * (to.octets.length + count))
    const at = more.length - lengthOf(to)
    to.octets.copy(more, at, to.at)
    to.octets = more
    to.at = at
  }
  to.at -= count
}

/** Octets as they are. */
export const putOctets = (to: Backward, octets: Uint8Array): void => {
  take(to, octets.length)
  to.octets.set(octets, to.at)
}

/** One octet. */
export const putOctet = (to: Backward, octet: number): void => {
  take(to, 1)
  to.octets[to.at] = octet
}

/** The caller has checked that every character is one octet. */
export const putLatin1 = (to: Backward, text: string): void => {
  take(to, text.length)
  to.octets.write(text, to.at, 'latin1')
}

/** A text in UTF-8. */
export const putUtf8 = (to: Backward, text: string): void => {
  take(to, Buffer.byteLength(text))
  to.octets.write(text, to.at, 'utf8')
}

/** Whole octets of hex; the caller has checked its form. */
export const putHex = (to: Backward, text: string): void => {
  take(to, text.length / 2)
  to.octets.write(text, to.at, 'hex')
}

/** Identifier and length octets (X.690 §10.1) of what was written since `lengthOf` was `since`. */
export const putHeader = (to: Backward, tag: number, since: number): void => {
  const length = lengthOf(to) - since
  for (let rest = length; length >= 0x80 && rest > 0; rest >>>= 8) putOctet(to, rest & 0xff)
  const count = lengthOf(to) - since - length
  putOctet(to, count === 0 ? length : 0x80 | count)
  putOctet(to, tag)
}
