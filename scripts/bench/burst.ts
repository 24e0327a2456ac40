import { bear } from '../../test/support/burst.ts'

const jobs = 20_000

/** Jobs dumped at once on the system in memory, in virtual time, before a KMS that takes 300 signatures a second. */
const load = { jobs, workers: 30, signatures_per_second: 300, table_ms: 90, signature_ms: 15 }

const { completed, signatures, throttled, seconds, redelivered } = await bear(load)
const share = throttled / (signatures + throttled)
console.log(`20,000 jobs at once, ${load.workers} signers, KMS takes ${load.signatures_per_second} a second`)
console.log(`  completed ${completed}, each once; delivered again ${redelivered}`)
console.log(
  `  signatures ${signatures}, throttled ${throttled}: ${(100 * share).toFixed(2)} % of calls (goal ≤ 2 %)`,
)
console.log(`  ${seconds.toFixed(0)} s of virtual time: ${(completed / seconds).toFixed(0)} a second`)

/** The same while KMS is away: then the sweep has them all. */
const outage_seconds = 600
const after = await bear({ ...load, outage_seconds })
const drained = after.seconds - outage_seconds
console.log('the same, and KMS is away for the first ten minutes')
console.log(`  completed ${after.completed}, each once, ${drained.toFixed(0)} s after it was back`)
console.log(
  `  ${(after.completed / drained).toFixed(0)} a second, against ${(completed / seconds).toFixed(0)} without an outage`,
)
if (completed !== jobs || after.completed !== jobs || share > 0.02) process.exitCode = 1
