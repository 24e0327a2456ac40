/** How many are kept before all are forgotten. */
const most = 64

/**
 * A maker of what is the same for all certificates of an issuer or a profile
 * (an encoding, a key that was read), made once for each of them. What is kept is never more than the
 * same call would give again: `same` compares all that it depends on.
 */
export const remembered = <T, Made>(make: (given: T) => Made, same: (a: T, b: T) => boolean) => {
  const kept: { readonly given: T; readonly made: Made }[] = []
  return (given: T): Made => {
    for (const one of kept) if (same(one.given, given)) return one.made
    const made = make(given)
    if (kept.length >= most) kept.length = 0
    kept.push({ given, made })
    return made
  }
}
