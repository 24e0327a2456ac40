import { bear } from '../../test/support/burst.ts'

/** Jobs dumped at once on the system in memory, in virtual time, before a KMS that takes 300 signatures a second. */
const load = { workers: 30, signatures_per_second: 300, table_ms: 90, signature_ms: 15 }

const { completed, signatures, throttled, seconds, redelivered } = await bear({ jobs: 20_000, ...load })
const share = throttled / (signatures + throttled)
console.log(`20,000 jobs at once, ${load.workers} signers, KMS takes ${load.signatures_per_second} a second`)
console.log(`  completed ${completed}, each once; delivered again ${redelivered}`)
console.log(
  `  signatures ${signatures}, throttled ${throttled}: ${(100 * share).toFixed(2)} % of calls (goal ≤ 2 %)`,
)
console.log(`  ${seconds.toFixed(0)} s of virtual time: ${(completed / seconds).toFixed(0)} a second`)
if (completed !== 20_000 || share > 0.02) process.exitCode = 1
