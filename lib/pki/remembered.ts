/** How many encodings are kept before all are forgotten. */
const most = 1024

/**
 * A maker of encodings that are the same for all certificates of an issuer or
 * a profile, made once for each key. What is kept is never more than the same
 * call would give again.
 */
export const remembered = <T>(make: (given: T) => Uint8Array, keyOf: (given: T) => string) => {
  const made = new Map<string, Uint8Array>()
  return (given: T): Uint8Array => {
    const key = keyOf(given)
    const found = made.get(key)
    if (found !== undefined) return found
    const octets = make(given)
    if (made.size >= most) made.clear()
    made.set(key, octets)
    return octets
  }
}
