/** Lower case hex, 20 octets. */
export function keyIdOf(_spki: Uint8Array): string {
  throw new Error('not built yet')
}
