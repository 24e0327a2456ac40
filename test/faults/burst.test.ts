import { expect, it } from 'vitest'
import { jobOver } from '../../scripts/local/api.ts'
import { metOf, type Planted, throttled, withFault } from '../support/live-faults.ts'
import { eventsOf, requestAt, typesOf, versionsOf } from '../support/live-jobs.ts'
import { as } from '../support/stack.ts'

/** As many as the emulator issues in well under a minute; BURST=1000 for the whole of it. */
const many = Number(process.env.BURST ?? 100)

/** A KMS that takes a hundred signatures a second of this account. */
const limited: Planted = {
  function: 'worker-kms',
  action: 'kms:Sign',
  times: Number.MAX_SAFE_INTEGER,
  beyond_per_second: 100,
  answer: throttled,
}

it(`${many} jobs at once are all issued, once, and KMS turns hardly any call away`, async () => {
  const refused = await withFault(limited, async () => {
    const asked = await Promise.all(Array.from({ length: many }, () => requestAt(new Date(), 'p-dev-web')))
    for (const { job_id, certificate_id } of asked) {
      expect((await jobOver(as('alice'), job_id)).status).toBe('Completed')
      expect(await versionsOf(certificate_id)).toHaveLength(1)
      const issued = typesOf(await eventsOf(job_id)).filter((type) => type === 'certificate_issued')
      expect(issued).toHaveLength(1)
    }
    return metOf(limited)
  })
  expect(refused / (many + refused)).toBeLessThanOrEqual(0.02)
}, 900_000)
