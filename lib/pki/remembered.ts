/** How many encodings are kept before all are forgotten. */
const most = 64

/**
 * A maker of encodings that are the same for all certificates of an issuer or
 * a profile, made once for each of them. What is kept is never more than the
 * same call would give again: `same` compares all that it depends on.
 */
export const remembered = <T>(make: (given: T) => Uint8Array, same: (a: T, b: T) => boolean) => {
  const kept: { readonly given: T; readonly made: Uint8Array }[] = []
  return (given: T): Uint8Array => {
    for (const one of kept) if (same(one.given, given)) return one.made
    const made = make(given)
    if (kept.length >= most) kept.length = 0
    kept.push({ given, made })
    return made
  }
}
