import { beforeEach, describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { csrFor, makeFurnishedWorld, profileBody, type World } from '../../support/world.ts'

let world: World

beforeEach(async () => {
  world = await makeFurnishedWorld()
})

/** A certificate of alice's under a profile, issued. */
const issued = async (profile_id: string): Promise<string> => {
  const { certificate_id, approval_id } = await world.ask({ profile_id })
  if (approval_id !== '') await world.call('bob', 'approve', { id: approval_id })
  await world.drain()
  return certificate_id
}

const rebind = (id: string, profile_id: string, more: object = {}) =>
  world.call('alice', 'rebindCertificate', { id, body: { profile_id, ...more } })

const profileOf = async (id: string) => (await world.certificates.get(id))?.profile_id

const jobAfter = async (job_id: string) => {
  await world.drain()
  return (await world.jobOf(job_id)).job
}

const editProfile = async (id: string, document: object): Promise<void> => {
  const reply = await world.call('carol', 'changeProfile', { id, body: { ...profileBody, ...document } })
  await world.call('bob', 'approve', { id: reply.body.approval.id })
  await world.drain()
}

describe('A certificate', () => {
  it.each([
    ['away from a gated profile', 'p-prod-web', 'p-dev-web'],
    ['to a gated profile', 'p-dev-web', 'p-prod-web'],
  ])('is bound %s by two people, in one step with its event', async (_, from, to) => {
    const id = await issued(from)
    const { status, body } = await rebind(id, to, { base_profile_id: from, reason: 'SECOPS-3' })
    expect([status, body.job.type, body.job.status]).toEqual([202, 'Rebinding', 'AwaitingApproval'])
    await expect(world.call('alice', 'approve', { id: body.approval.id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
    expect(await profileOf(id)).toBe(from)
    const shown = await world.call('bob', 'getApproval', { id: body.approval.id })
    expect(shown.body.difference).toContainEqual({
      pointer: '/requires_approval',
      before: from === 'p-prod-web',
      after: to === 'p-prod-web',
    })
    await world.call('bob', 'approve', { id: body.approval.id })
    expect(await jobAfter(body.job.id)).toMatchObject({ status: 'Completed' })
    expect(await profileOf(id)).toBe(to)
    const { events } = await world.jobOf(body.job.id)
    expect(events.at(-1)).toMatchObject({
      type: 'certificate_rebound',
      resource: id,
      details: { from: { profile_id: from }, to: { profile_id: to }, requested_by: 'pr-alice' },
    })
  })

  it('is bound from one ungated profile to another without a person', async () => {
    const made = await world.call('carol', 'createProfile', { body: { ...profileBody, id: 'p-dev-two' } })
    await world.call('bob', 'approve', { id: made.body.approval.id })
    await world.drain()
    const id = await issued('p-dev-web')
    const { body } = await rebind(id, 'p-dev-two')
    expect(body.approval).toBe(null)
    expect(await jobAfter(body.job.id)).toMatchObject({ status: 'Completed' })
    expect(await profileOf(id)).toBe('p-dev-two')
  })

  it('cannot flip-flop: bound away, renewed and bound back, it fails at the first step', async () => {
    const id = await issued('p-prod-web')
    const before = world.signatures.length
    const { body } = await rebind(id, 'p-dev-web')
    const renewal = await world.call('alice', 'renewCertificate', { id, body: {} })
    await world.drain()
    expect([body.job.status, renewal.body.job.status]).toEqual(['AwaitingApproval', 'AwaitingApproval'])
    expect(renewal.body.job.profile_id).toBe('p-prod-web')
    await world.call('bob', 'reject', { id: body.approval.id, body: { note: 'no' } })
    expect(await profileOf(id)).toBe('p-prod-web')
    expect(world.signatures).toHaveLength(before)
  })

  it('is not renewed by what was asked for under the profile that it left', async () => {
    const id = await issued('p-dev-web')
    const { body } = await rebind(id, 'p-prod-web')
    const renewal = await world.call('alice', 'renewCertificate', {
      id,
      body: { csr: csrFor('www.example.com') },
    })
    await world.call('bob', 'approve', { id: body.approval.id })
    await world.applyJob(body.job.id)
    expect(await profileOf(id)).toBe('p-prod-web')
    expect(await jobAfter(renewal.body.job.id)).toMatchObject({
      status: 'Failed',
      error_message: `certificate ${id} is bound to p-prod-web now`,
    })
  })

  it.each([
    [
      'another profile than the one that was seen',
      { profile_id: 'p-prod-web', base_profile_id: 'p-prod-web' },
      'version_conflict',
    ],
    ['the profile that it has', { profile_id: 'p-dev-web' }, 'certificate_not_rebindable'],
    ['a profile that is none', { profile_id: 'p-none' }, 'not_found'],
  ])('is not bound from %s', async (_, body, code) => {
    const id = await issued('p-dev-web')
    await expect(world.call('alice', 'rebindCertificate', { id, body })).rejects.toMatchObject({ code })
  })

  it('that was never issued, or is revoked, is bound to nothing', async () => {
    const { certificate_id } = await world.ask()
    await expect(rebind(certificate_id, 'p-dev-web')).rejects.toMatchObject({
      code: 'certificate_not_rebindable',
    })
  })

  it('of two rebindings, the second finds it bound elsewhere, and fails', async () => {
    const id = await issued('p-prod-web')
    const [first, second] = [await rebind(id, 'p-dev-web'), await rebind(id, 'p-dev-web')]
    for (const { body } of [first, second]) await world.call('bob', 'approve', { id: body.approval.id })
    expect(await jobAfter(first.body.job.id)).toMatchObject({ status: 'Completed' })
    expect(await jobAfter(second.body.job.id)).toMatchObject({
      status: 'Failed',
      error_message: 'the certificate was bound to another profile since this was asked',
    })
  })

  it('stays where it is when either profile was changed after the approval was asked for', async () => {
    const id = await issued('p-dev-web')
    const { body } = await rebind(id, 'p-prod-web')
    await editProfile('p-dev-web', { name: 'other' })
    await world.call('bob', 'approve', { id: body.approval.id })
    expect(await jobAfter(body.job.id)).toMatchObject({ status: 'Failed' })
    expect(await profileOf(id)).toBe('p-dev-web')
  })

  it('takes as many people as the stricter of the two profiles asks for', async () => {
    await editProfile('p-dev-web', { requires_approval: true, approval_policy: { quorum: 2 } })
    const id = await issued('p-prod-web')
    const { body } = await rebind(id, 'p-dev-web')
    expect(body.approval.quorum).toBe(2)
    await world.call('bob', 'approve', { id: body.approval.id })
    expect(await jobAfter(body.job.id)).toMatchObject({ status: 'AwaitingApproval' })
    await world.call('erin', 'approve', { id: body.approval.id })
    expect(await jobAfter(body.job.id)).toMatchObject({ status: 'Completed' })
  })

  it('is not bound by a job that was written to need nobody', async () => {
    const id = await issued('p-prod-web')
    const { body } = await rebind(id, 'p-dev-web')
    world.table.tamper(keys.job(body.job.id), (row) => ({ ...row, status: 'Pending', approval: null }))
    await world.applyJob(body.job.id)
    expect((await world.jobOf(body.job.id)).job.status).toBe('Failed')
    expect(await profileOf(id)).toBe('p-prod-web')
  })
})
