import type { Json } from './digest.ts'

/** One place where two values differ; null stands for what is not there. */
export type Difference = { readonly pointer: string; readonly before: Json; readonly after: Json }

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

const jsonOf = (value: unknown): Json => (value === undefined ? null : JSON.parse(JSON.stringify(value)))

/** Field by field, what of one value is another in the other; lists differ as a whole. Pointers are RFC 6901. */
export const differences = (before: unknown, after: unknown, pointer = ''): readonly Difference[] => {
  if (isRecord(before) && isRecord(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return names.flatMap((name) => differences(before[name], after[name], `${pointer}/${escaped(name)}`))
  }
  const [was, is] = [jsonOf(before), jsonOf(after)]
  return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ pointer, before: was, after: is }]
}
