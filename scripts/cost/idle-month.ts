import type { deployed } from './deployed.ts'
import type { Metered, Units } from './meter.ts'
import { sumOf, times, type Usage } from './prices.ts'
import { unitsOf } from './provisioned.ts'
import type { meterIdle } from './runs.ts'

const minutes = 30 * 24 * 60
/** `schedules` of every stage: two each minute, one each quarter of an hour. */
const sweeps = minutes
const refreshes = minutes / 15
const halfDays = 60

/** Lambda asks an idle queue with five connections, each of which waits for 20 seconds. */
const emptyReceives = 5 * (minutes * 3)

/** Logs of a production stage are kept for a year: once it is over, twelve months of them. */
const months_kept = 12

const seriesOf = (...metered: readonly Metered[]): number =>
  new Set(metered.flatMap(({ series }) => series)).size

/** What a month without a single certificate uses: one root, one issuing CA, a list of each, a responder of each. */
export function idleMonth(
  idle: Awaited<ReturnType<typeof meterIdle>>,
  { fixed, polled_queues }: ReturnType<typeof deployed>,
): { readonly usage: Usage; readonly units: Units } {
  const { tend, renew, refresh, lists, lists_and_responders } = idle
  const acts: readonly (readonly [Metered, number])[] = [
    [tend, sweeps],
    [renew, sweeps],
    [refresh, refreshes - halfDays],
    [lists, halfDays / 2],
    [lists_and_responders, halfDays / 2],
  ]
  const acted = sumOf(...acts.map(([metered, often]) => times(metered.usage, often)))
  const kept = (lists.kept.with_indexes + lists_and_responders.kept.with_indexes) * (halfDays / 2)
  const usage = sumOf(fixed, acted, {
    sqs_requests: emptyReceives * polled_queues,
    schedule_invocations: 2 * sweeps + refreshes,
    metric_months: seriesOf(tend, renew, refresh),
    log_gb_months: (acted.log_gigabytes ?? 0) * months_kept,
    table_gb_months: kept / 1e9,
  })
  return { usage, units: unitsOf(acts) }
}
