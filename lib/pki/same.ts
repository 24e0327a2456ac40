type Named = { readonly type: string; readonly value: string }

/** Whether two lists have equal members in the same order. */
export const sameList = <T extends string | number>(a: ArrayLike<T>, b: ArrayLike<T>): boolean => {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false
  return true
}

/** Whether two arrays hold the same octets. What is compared is public: it takes as long as it takes. */
export const sameOctets = (a: Uint8Array, b: Uint8Array): boolean => sameList(a, b)

/** Whether two lists have the same names, or attributes of a name, in the same order. */
export const sameNames = (a: readonly Named[], b: readonly Named[]): boolean =>
  a.length === b.length &&
  a.every(({ type, value }, index) => type === b[index]?.type && value === b[index]?.value)
