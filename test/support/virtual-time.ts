/** Time that passes only while everybody waits for it: hours of a system in the seconds that its work takes. */
export type VirtualTime = {
  readonly now: () => number
  /** Milliseconds of virtual time. */
  readonly sleep: (ms: number) => Promise<void>
  /** Runs until nobody waits any more. */
  readonly run: (onPassed: (ms: number) => void) => Promise<void>
}

type Sleeper = { readonly until: number; readonly order: number; readonly wake: () => void }

export function virtualTime(): VirtualTime {
  let time = 0
  let order = 0
  const sleepers: Sleeper[] = []
  const before = (a: Sleeper, b: Sleeper) => a.until < b.until || (a.until === b.until && a.order < b.order)
  return {
    now: () => time,
    sleep: (ms) =>
      new Promise((wake) => {
        order += 1
        const sleeper = { until: time + ms, order, wake }
        const place = sleepers.findIndex((other) => before(sleeper, other))
        sleepers.splice(place === -1 ? sleepers.length : place, 0, sleeper)
      }),
    run: async (onPassed) => {
      for (;;) {
        // Whoever was woken does all that needs no time.
        await new Promise((resolve) => setImmediate(resolve))
        const next = sleepers.shift()
        if (next === undefined) return
        if (next.until > time) onPassed(next.until - time)
        time = next.until
        next.wake()
      }
    },
  }
}
