import { instantOf, later } from '../model/time.ts'
import type { DueRenewal, Renewals } from '../ports/renewals.ts'
import { inTurns } from './in-turns.ts'

/** What is due, and how the oldest hour that is looked at moves on once it is dealt with. */
export type Scope = {
  /** Soonest to expire first. */
  readonly due: readonly DueRenewal[]
  readonly moveOn: (left: readonly DueRenewal[]) => Promise<void>
}

/** How far back the first sweep ever looks, and how many hours any sweep looks at, oldest first. */
const firstHours = 168
const mostHours = 336

/** How many keys one sweep reads; beyond that, each partition gives its share. */
const mostKeys = 20_000

/** What is written into an hour is seen in the index within this time: only then is the hour done with. */
const settleSeconds = 600

const hourMilliseconds = 3_600_000

/** Hours are counted here, and written only where they are asked for. */
const numberOf = (hour: string): number => Date.parse(`${hour}:00:00.000Z`) / hourMilliseconds
const hourAt = (date: Date): number => Math.floor(date.getTime() / hourMilliseconds)
const nameOf = (number: number): string => instantOf(new Date(number * hourMilliseconds)).slice(0, 13)

/**
 * Everything that is due, and nothing that is not: one query a shard for this
 * hour, and for each hour since the oldest that may have something left.
 */
export const dueRenewals = async (renewals: Renewals, now: Date, least: number): Promise<Scope> => {
  const pointer = await renewals.pointer()
  const settled = hourAt(later(now, -settleSeconds))
  const from = pointer === null ? hourAt(now) - firstHours : numberOf(pointer)
  const to = Math.min(hourAt(now), from + mostHours - 1)
  const hours: number[] = []
  for (let hour = from; hour <= to; hour += 1) hours.push(hour)
  // After a long time the newest hours are looked at beside the oldest: what is short-lived cannot wait.
  for (let hour = Math.max(settled, to + 1); hour <= hourAt(now); hour += 1) hours.push(hour)
  const shards = Array.from({ length: renewals.shards }, (_, shard) => shard)
  const buckets = hours.map(nameOf).flatMap((hour) => shards.map((shard) => ({ hour, shard })))
  const before = instantOf(now)
  const limit = Math.max(least, Math.ceil(mostKeys / buckets.length))
  const read = await inTurns(buckets, (bucket) => renewals.due(bucket, before, limit))
  const due = read.flat().sort((a, b) => (a.not_after < b.not_after ? -1 : 1))
  const cut = buckets.filter((_, index) => (read[index]?.length ?? 0) >= limit).map(({ hour }) => hour)
  return {
    due,
    moveOn: async (left) => {
      const unfinished = new Set([...left.map(({ next_at }) => next_at.slice(0, 13)), ...cut])
      const reached = Math.min(to + 1, settled, ...[...unfinished].map(numberOf))
      if (reached > from || pointer === null) await renewals.movePointer(pointer, nameOf(reached))
    },
  }
}
