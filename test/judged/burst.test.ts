import { expect, it } from 'vitest'
import { bear } from '../support/burst.ts'

/** As deployed: infra/service-stack.ts bounds the signers, so that a burst waits in its queue and not at KMS. */
const deployed = { workers: 30, signatures_per_second: 300, table_ms: 90, signature_ms: 15 }

it('a thousand jobs at once are all issued, once, and KMS turns hardly any call away', async () => {
  const borne = await bear({ jobs: 1000, ...deployed })
  expect(borne.completed).toBe(1000)
  expect(borne.throttled / (borne.signatures + borne.throttled)).toBeLessThanOrEqual(0.02)
  expect(borne.redelivered).toBe(0)
}, 300_000)

it('without that bound KMS turns most of them away, and most wait for the sweep; none is doubled or given up', async () => {
  const borne = await bear({ jobs: 300, ...deployed, workers: 300, signatures_per_second: 50 })
  expect(borne.throttled).toBeGreaterThan(borne.signatures)
  expect(borne.redelivered).toBeGreaterThan(0)
  expect(borne.completed).toBeLessThan(150)
  expect([borne.failed, borne.waiting]).toEqual([0, 300 - borne.completed])
}, 300_000)

it('after an outage of KMS what waited is signed as soon as each asks again, not 200 a minute', async () => {
  const outage_seconds = 70
  const borne = await bear({ jobs: 600, ...deployed, outage_seconds })
  expect(borne.completed).toBe(600)
  // A minute until they ask again, and a sweep.
  expect(borne.seconds - outage_seconds).toBeLessThan(130)
}, 300_000)
