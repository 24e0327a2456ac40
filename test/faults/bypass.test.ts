import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually, jobCompleted, requested } from '../../scripts/local/api.ts'
import { changeVariables, linesOf, logGroupOf, setVariables, variablesOf } from '../support/live-functions.ts'
import { csrFor, newHostName } from '../support/live-requests.ts'
import { as } from '../support/stack.ts'

/** Who opens a job for a certificate, and who signs it. */
const told = ['api-submit', 'worker-kms'] as const

const before = new Map<string, Readonly<Record<string, string>>>()

// As a stage with `approval_bypass` would deploy them; the template tests say that it does.
beforeAll(async () => {
  for (const id of told) {
    before.set(id, await variablesOf(id))
    await changeVariables(id, { APPROVAL_BYPASS: 'yes' })
  }
})
afterAll(async () => {
  for (const id of told) await setVariables(id, before.get(id) ?? {})
})

const ask = () =>
  as('alice').expect(
    requested,
    202,
    as('alice').post('/certificates', { profile_id: 'p-prod-web', csr: csrFor(newHostName()) }),
  )

it('a stage that bypasses approvals issues what is gated, says so on record and aloud, and stops when it is told no more', async () => {
  const { job } = await ask()
  await jobCompleted(as('alice'), job.id)
  const { json } = await as('dave').get('/audit?actor=system-bypass&limit=200')
  expect(json).toContainEqual(
    expect.objectContaining({
      type: 'approval_bypassed',
      actor_type: 'System',
      id: expect.stringContaining(job.id),
    }),
  )
  for (const id of told)
    await eventually(`a warning of ${id}`, async () => {
      const lines = await linesOf(logGroupOf(id))
      const found = lines.some((line) => line.includes('"WARN"') && line.includes('approvals are bypassed'))
      return found ? { found } : { seen: `${lines.length} lines` }
    })
  for (const id of told) await setVariables(id, before.get(id) ?? {})
  expect((await ask()).job.status).toBe('AwaitingApproval')
})
