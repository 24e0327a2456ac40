/** How many there are of each word, most first; of as many, in the order of the words. */
export const countsOf = (words: readonly string[]): readonly (readonly [word: string, count: number])[] => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
}
