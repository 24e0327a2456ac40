/** How many are asked at once, unless somebody says otherwise. */
const usual = 16

/** Asks for all of them, so many at once, and answers in their order. */
export const inTurns = async <T, R>(
  all: readonly T[],
  ask: (one: T) => Promise<R>,
  together = usual,
): Promise<readonly R[]> => {
  const answers: R[] = []
  for (let from = 0; from < all.length; from += together)
    answers.push(...(await Promise.all(all.slice(from, from + together).map(ask))))
  return answers
}
