import { describe, expect, it } from 'vitest'
import type { Event } from '../../../lib/model/event.ts'
import { measuresOf, measuresOfSweep } from '../../../lib/model/measures.ts'
import { makeFurnishedWorld } from '../../support/world.ts'

describe('metrics', () => {
  it('count each decision by its outcome and profile, with how long it took', async () => {
    const world = await makeFurnishedWorld()
    const approved = await world.ask()
    const rejected = await world.ask()
    const withdrawn = await world.ask()
    const expired = await world.ask()
    world.pass(90)
    await world.call('bob', 'approve', { id: approved.approval_id })
    await world.call('bob', 'reject', { id: rejected.approval_id, body: { note: 'no' } })
    await world.call('alice', 'withdraw', { id: withdrawn.approval_id })
    world.pass(8 * 86_400)
    await world.tend()
    const told = await Promise.all(
      [approved, rejected, withdrawn, expired].map(async ({ job_id }) =>
        (await world.jobOf(job_id)).events.flatMap(measuresOf),
      ),
    )
    const profile_id = 'p-prod-web'
    const decision = (outcome: string, age: number) => [
      { name: 'approval_decisions_total', unit: 'Count', value: 1, dimensions: { outcome, profile_id } },
      { name: 'approval_pending_age_seconds', unit: 'Seconds', value: age, dimensions: { profile_id } },
    ]
    expect(told).toEqual([
      decision('approved', 90),
      decision('rejected', 90),
      decision('withdrawn', 90),
      decision('expired', 90 + 8 * 86_400),
    ])
  })

  it('tell how long the oldest approval has waited, and how many jobs were taken back from dead workers', async () => {
    const world = await makeFurnishedWorld()
    const first = await world.ask()
    world.pass(3600)
    await world.ask()
    world.pass(60)
    const waiting = await world.tend()
    expect(measuresOfSweep(waiting)).toEqual([
      { name: 'approval_waiting_seconds', unit: 'Seconds', value: 3660, dimensions: {} },
    ])
    await world.call('bob', 'approve', { id: first.approval_id })
    expect(await world.tend()).toMatchObject({ longest_wait_seconds: 60 })
  })

  it('count each quarantined certificate for its issuer, and for all together as the alarm looks at it', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.made()
    const [first] = (await world.jobOf(job_id)).events
    if (first === undefined) throw new Error('no event')
    const details = { issuer_id: 'iss-private' }
    const measured = measuresOf({ ...first, type: 'certificate_quarantined', details })
    expect(measured).toEqual(
      ['iss-private', 'all'].map((issuer_id) => ({
        name: 'certificates_quarantined',
        unit: 'Count',
        value: 1,
        dimensions: { issuer_id },
      })),
    )
  })

  it('count a certificate that may be at AWS and that nobody has as one that is quarantined', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.made()
    const [first] = (await world.jobOf(job_id)).events
    if (first === undefined) throw new Error('no event')
    const names = (details: Event['details']) =>
      measuresOf({ ...first, type: 'issuance_failed', details }).map(({ name }) => name)
    expect(names({ reason: 'no' })).toEqual(['issuance_total'])
    expect(names({ reason: 'no', idempotency_token: 'abc' })).toEqual([
      'issuance_total',
      'certificates_quarantined',
    ])
  })

  it('count each issuance by its issuer and outcome, with how long the signature took', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.made()
    expect((await world.jobOf(job_id)).events.flatMap(measuresOf)).toEqual([
      {
        name: 'issuance_total',
        unit: 'Count',
        value: 1,
        dimensions: { issuer_type: 'kms', outcome: 'issued' },
      },
      { name: 'issuance_seconds', unit: 'Seconds', value: 0, dimensions: { issuer_type: 'kms' } },
    ])
  })
})
