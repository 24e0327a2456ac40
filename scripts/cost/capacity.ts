import { indexes } from '../../infra/grants.ts'
import { wholeRows } from '../../lib/aws/lists.ts'
import type { Row } from '../../lib/aws/table-client.ts'

type Index = (typeof indexes)[number]

const textSize = (text: string): number => Buffer.byteLength(text, 'utf8')

/** Of one attribute, as the developer guide counts it: 38 digits in 21 octets, 3 for a list or map and 1 for each of its elements. */
function valueSize(value: unknown): number {
  if (typeof value === 'string') return textSize(value)
  if (typeof value === 'number') return Math.ceil(String(Math.abs(value)).replace('.', '').length / 2) + 1
  if (value === null || typeof value === 'boolean') return 1
  if (Array.isArray(value)) return value.reduce<number>((sum, part) => sum + 1 + valueSize(part), 3)
  if (typeof value === 'object')
    return Object.entries(value).reduce((sum, [name, part]) => sum + 1 + textSize(name) + valueSize(part), 3)
  throw new TypeError(`an item holds a ${typeof value}`)
}

/** Octets of an item: names and values. */
export const itemSize = (row: Row): number =>
  Object.entries(row).reduce((sum, [name, value]) => sum + textSize(name) + valueSize(value), 0)

const writesOf = (...octets: readonly number[]): number => Math.max(1, Math.ceil(Math.max(...octets) / 1024))

export const readsOf = (octets: number): number => Math.max(1, Math.ceil(octets / 4096))

const shownIn = (index: string, row: Row | null): Row | null => {
  if (row === null || row[`${index}pk`] === undefined) return null
  if (index === wholeRows) return row
  return Object.fromEntries(['pk', 'sk', `${index}pk`, `${index}sk`].map((name) => [name, row[name]]))
}

/** An index takes a write for what comes, one for what goes (a changed key is both), and one where what it shows changed. */
function indexUnits(index: string, before: Row | null, after: Row | null): number {
  const [gone, there] = [shownIn(index, before), shownIn(index, after)]
  if (gone === null && there === null) return 0
  if (gone === null || there === null) return writesOf(itemSize(gone ?? there ?? {}))
  const same = ['pk', 'sk'].every((key) => gone[`${index}${key}`] === there[`${index}${key}`])
  if (!same) return writesOf(itemSize(gone)) + writesOf(itemSize(there))
  return JSON.stringify(gone) === JSON.stringify(there) ? 0 : writesOf(itemSize(gone), itemSize(there))
}

/**
 * Write units of one item: a unit for each kilobyte of the larger of what was
 * there and what is, twice in a transaction; and what each index takes, which
 * is written after the transaction and counts once.
 */
export function writeUnits(before: Row | null, after: Row, transaction: boolean) {
  const larger = writesOf(itemSize(after), before === null ? 0 : itemSize(before))
  const of = (index: Index): number => indexUnits(index, before, after)
  return {
    table: larger * (transaction ? 2 : 1),
    by_index: {
      gsi1: of('gsi1'),
      gsi2: of('gsi2'),
      gsi3: of('gsi3'),
      gsi4: of('gsi4'),
      gsi5: of('gsi5'),
      gsi6: of('gsi6'),
    },
  }
}

/** Of a condition on an item that is not written: as if it were. */
export const checkUnits = (there: Row | null): number => 2 * writesOf(there === null ? 0 : itemSize(there))

/** What an item takes in the table and in all its indexes, for storage. */
export const storedSize = (row: Row): number =>
  indexes.reduce((sum, index) => {
    const shown = shownIn(index, row)
    return sum + (shown === null ? 0 : itemSize(shown))
  }, itemSize(row))
