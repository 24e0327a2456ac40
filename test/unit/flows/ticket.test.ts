import { describe, expect, it } from 'vitest'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { operations } from '../../../lib/http/routes.ts'
import { asked } from '../../support/grants.ts'
import { environment, makeFurnishedWorld, profileBody, receiptKeys, type World } from '../../support/world.ts'

const verify = receiptVerifier(receiptKeys, environment)

const withTickets = () => makeFurnishedWorld({ approval_policy: { ticket_required: true } })

const edit = { ...profileBody, requires_approval: true, approval_policy: { ticket_required: false } }

const issued = async (world: World): Promise<string> => {
  const { approval_id, certificate_id } = await world.ask({ ticket: 'SECOPS-1' })
  await world.call('bob', 'approve', { id: approval_id })
  await world.drain()
  return certificate_id
}

describe('a ticket', () => {
  it.each(['SECOPS-12345', 'CHG0030052', 'A_TEAM-1'])('may be %s', (ticket) => {
    expect(operations.renewCertificate.body.safeParse({ ticket }).success).toBe(true)
  })

  it.each([
    '',
    'secops-1',
    'SECOPS',
    '12345',
    'SECOPS-1 ',
    'SECOPS-1\n',
    'https://jira/SECOPS-1',
    `A-${'1'.repeat(13)}`,
  ])('is not %j', (ticket) => {
    expect(operations.renewCertificate.body.safeParse({ ticket }).success).toBe(false)
  })
})

describe('under a policy that requires a ticket', () => {
  it('what names one is requested, and shows it on job, approval, events and receipt', async () => {
    const world = await withTickets()
    const { job_id, approval_id } = await world.ask({ ticket: 'SECOPS-12345' })
    expect((await world.call('bob', 'getApproval', { id: approval_id })).body.ticket).toBe('SECOPS-12345')
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    const { job, events } = await world.jobOf(job_id)
    expect([job.status, job.ticket]).toEqual(['Completed', 'SECOPS-12345'])
    expect(events.slice(0, 2).map(({ details }) => details.ticket)).toEqual(['SECOPS-12345', 'SECOPS-12345'])
    const receipt = String(events.find(({ type }) => type === 'approval_approved')?.details.receipt)
    expect(verify(receipt)?.ticket).toBe('SECOPS-12345')
  })

  it('a scheduled renewal, which names none, says what to do about it, on the renewal and in its last event', async () => {
    const world = await withTickets()
    const id = await issued(world)
    const reason =
      'profile p-prod-web requires a ticket, and the schedule names none: renew it by hand with a ticket, or have a standing grant approved'
    const shown = async () => (await world.call('alice', 'getRenewal', { id })).body
    const sweepAtNext = async () => {
      world.pass(Math.ceil((Date.parse((await shown()).next_at) - world.now().getTime()) / 1000))
      await world.renew()
    }
    await sweepAtNext()
    expect(await shown()).toMatchObject({ state: 'scheduled', attempts: 1, last_error: reason })
    while ((await shown()).state === 'scheduled') await sweepAtNext()
    expect(await shown()).toMatchObject({ state: 'exhausted', last_error: reason })
    expect(await world.renewals.lastEvent(id)).toMatchObject({ type: 'renewal_failed', details: { reason } })
  })

  it('a scheduled renewal that a standing grant does not allow says why not, too', async () => {
    const world = await withTickets()
    const id = await issued(world)
    const grant = await asked(world, id, { ticket: 'SECOPS-2' })
    await world.call('bob', 'approve', { id: grant.approval_id })
    await world.drain()
    await world.call('bob', 'withdrawGrant', { id: grant.grant_id })
    const { next_at } = (await world.call('alice', 'getRenewal', { id })).body
    world.pass(Math.ceil((Date.parse(next_at) - world.now().getTime()) / 1000))
    await world.renew()
    expect((await world.call('alice', 'getRenewal', { id })).body.last_error).toMatch(
      new RegExp(`the schedule names none.* standing grant approved \\(${grant.grant_id}: .+\\)$`),
    )
  })

  const withAndWithout: readonly [string, (world: World, ticket: object) => Promise<unknown>][] = [
    ['a certificate', (world, ticket) => world.ask(ticket)],
    [
      'a renewal',
      async (world, ticket) => {
        const id = await issued(world)
        return world.call('alice', 'renewCertificate', { id, body: ticket })
      },
    ],
    [
      'a change of the profile',
      (world, ticket) =>
        world.call('carol', 'changeProfile', { id: 'p-prod-web', body: { ...edit, ...ticket } }),
    ],
    [
      'the end of the profile',
      (world, ticket) => world.call('carol', 'deleteProfile', { id: 'p-prod-web', query: ticket }),
    ],
    [
      'the end of a hold',
      async (world, ticket) => {
        const id = await issued(world)
        await world.call('alice', 'revokeCertificate', { id, body: { reason: 'certificateHold' } })
        await world.drain()
        return world.call('alice', 'releaseCertificate', { id, body: ticket })
      },
    ],
    [
      'a revocation in bulk',
      async (world, ticket) => {
        await issued(world)
        const plan = await world.call('carol', 'planRevocation', {
          body: { selection: { profile_id: 'p-prod-web' } },
        })
        return world.call('carol', 'revokeInBulk', { body: { plan: plan.body.digest, ...ticket } })
      },
    ],
  ]

  it.each(withAndWithout)('%s without one is refused, and with one is not', async (_, ask) => {
    const world = await withTickets()
    await expect(ask(world, {})).rejects.toMatchObject({
      code: 'invalid_body',
      violations: [{ pointer: '/ticket' }],
    })
    await ask(world, { ticket: 'SECOPS-2' })
  })

  it('nothing is signed whose ticket was put there, or exchanged, afterwards', async () => {
    for (const [when, ticket] of [
      ['before', 'SECOPS-2'],
      ['after', 'SECOPS-2'],
      ['before', null],
      ['after', null],
    ] as const) {
      const world = await withTickets()
      const { job_id, approval_id } = await world.ask({ ticket: 'SECOPS-1' })
      const before = world.signatures.length
      const exchange = () =>
        world.table.tamper({ pk: `JOB#${job_id}`, sk: 'JOB' }, (row) => ({ ...row, ticket }))
      if (when === 'before') exchange()
      await world.call('bob', 'approve', { id: approval_id })
      if (when === 'after') exchange()
      await world.drain()
      expect((await world.jobOf(job_id)).job.error_message).toContain('the ticket is not the one on record')
      expect(world.signatures.length).toBe(before)
    }
  })
})
