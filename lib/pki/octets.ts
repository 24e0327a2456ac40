/** A view of the same octets, with a Buffer's ways to print them; nothing is copied. */
const viewOf = (octets: Uint8Array): Buffer =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)

/** Each octet as the character of its number: ISO 8859-1, which has every octet. */
export const latin1Of = (octets: Uint8Array): string => viewOf(octets).toString('latin1')

/** Lower case hex. */
export const hexOf = (octets: Uint8Array): string => viewOf(octets).toString('hex')

/** Standard base64, with padding. */
export const base64Of = (octets: Uint8Array): string => viewOf(octets).toString('base64')
