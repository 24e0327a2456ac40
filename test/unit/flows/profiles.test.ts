import { describe, expect, it } from 'vitest'
import { submitApi } from '../../../lib/api/submit.ts'
import { keys } from '../../../lib/aws/table.ts'
import { envelopeUnder } from '../../../lib/lambda/sealed.ts'
import { credentialOf, csrFor, makeFurnishedWorld, profileBody, type World } from '../../support/world.ts'

type Reply = Awaited<ReturnType<World['call']>>

const edit = (world: World, id: string, document: object = {}, more: object = {}) =>
  world.call('carol', 'changeProfile', { id, body: { ...profileBody, ...document, ...more } })

const jobOf = async (world: World, { body }: Reply) => (await world.jobOf(body.job.id)).job

const approved = async (world: World, reply: Reply) => {
  await world.call('bob', 'approve', { id: reply.body.approval.id })
  await world.drain()
  return jobOf(world, reply)
}

const current = async (world: World, id: string) => {
  const found = await world.profiles.current(id)
  if (found === null) throw new Error(`no profile ${id}`)
  return found
}

describe('a change of a profile', () => {
  it('is a job, put on record, that uses no key', async () => {
    const world = await makeFurnishedWorld()
    const reply = await edit(world, 'p-dev-web', { name: 'Another name' })
    await approved(world, reply)
    const { events, job } = await world.jobOf(reply.body.job.id)
    expect(job).toMatchObject({ type: 'ProfileChange', status: 'Completed', queue: 'apply' })
    expect(events.map(({ type, actor }) => [type, actor])).toEqual([
      ['profile_change_requested', 'pr-carol'],
      ['approval_requested', 'pr-carol'],
      ['approval_approved', 'pr-bob'],
      ['profile_changed', 'worker-apply'],
    ])
    expect(await current(world, 'p-dev-web')).toMatchObject({
      version: 2,
      created_by: 'pr-carol',
      document: { name: 'Another name' },
    })
    expect(world.signatures).toEqual([])
  })

  it.each([
    ['edits a gated one', 'p-prod-web', { name: 'Other', requires_approval: true }],
    ['takes the gate away', 'p-prod-web', { requires_approval: false }],
    ['moves a gated one to another issuer', 'p-prod-web', { requires_approval: true, issuer_id: 'iss-root' }],
    ['edits an ungated one', 'p-dev-web', { name: 'Other' }],
    ['puts a gate up', 'p-dev-web', { requires_approval: true }],
  ])('that %s takes a second person', async (_, id, document) => {
    const world = await makeFurnishedWorld()
    const before = await current(world, id)
    const reply = await edit(world, id, document)
    expect(reply.body).toMatchObject({
      job: { status: 'AwaitingApproval' },
      approval: { kind: 'ProfileChange', quorum: 1, requested_by: 'pr-carol' },
    })
    await world.drain()
    expect(await world.applyJob(reply.body.job.id)).toBe('refused')
    expect(await current(world, id)).toEqual(before)
    await expect(world.call('carol', 'approve', { id: reply.body.approval.id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
    expect((await approved(world, reply)).status).toBe('Completed')
    expect(await current(world, id)).toMatchObject({ version: before.version + 1, document })
  })

  it('that deletes a gated profile takes a second person, and then nothing is issued under it', async () => {
    const world = await makeFurnishedWorld()
    const waiting = await world.ask()
    const ready = await world.ask()
    await world.call('bob', 'approve', { id: ready.approval_id })
    const reply = await world.call('carol', 'deleteProfile', { id: 'p-prod-web' })
    expect(reply.body.job.status).toBe('AwaitingApproval')
    await world.call('bob', 'approve', { id: reply.body.approval.id })
    await world.applyJob(reply.body.job.id)
    expect(await current(world, 'p-prod-web')).toMatchObject({ status: 'deleted', version: 2 })
    await expect(world.ask()).rejects.toMatchObject({ code: 'not_found' })
    await world.call('erin', 'approve', { id: waiting.approval_id })
    for (const { job_id } of [waiting, ready]) {
      expect(await world.issue(job_id)).toBe('refused')
      expect((await world.jobOf(job_id)).job.error_message).toContain('profile p-prod-web is not in force')
    }
    expect(world.signatures).toEqual([])
  })

  it('that makes a deleted gated profile anew without its gate takes a second person', async () => {
    const world = await makeFurnishedWorld()
    await approved(world, await world.call('carol', 'deleteProfile', { id: 'p-prod-web' }))
    const reply = await world.call('carol', 'createProfile', { body: { ...profileBody, id: 'p-prod-web' } })
    expect(reply.body.job.status).toBe('AwaitingApproval')
    await approved(world, reply)
    expect(await current(world, 'p-prod-web')).toMatchObject({ status: 'active', version: 3 })
  })

  it('takes as many people as the profile that it changes does', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const reply = await edit(world, 'p-prod-web', { requires_approval: false })
    expect(reply.body.approval.quorum).toBe(2)
    await world.call('bob', 'approve', { id: reply.body.approval.id })
    await world.drain()
    expect((await current(world, 'p-prod-web')).document.requires_approval).toBe(true)
    await world.call('erin', 'approve', { id: reply.body.approval.id })
    await world.drain()
    expect((await current(world, 'p-prod-web')).document.requires_approval).toBe(false)
  })

  it('cannot take the gate away for a moment: what was asked for under the gate keeps it', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, certificate_id } = await world.ask()
    await approved(world, await edit(world, 'p-prod-web', { requires_approval: false }))
    expect(await world.issue(job_id)).toBe('refused')
    expect((await world.jobOf(job_id)).job.status).toBe('AwaitingApproval')
    await approved(world, await edit(world, 'p-prod-web', { requires_approval: true }))
    expect(world.signatures).toEqual([])
    expect((await world.certificates.load(certificate_id))?.versions).toEqual([])
  })

  it('that was overtaken by another fails and says so: the first one stands', async () => {
    const world = await makeFurnishedWorld()
    const first = await edit(world, 'p-prod-web', { name: 'First', requires_approval: true })
    const second = await edit(world, 'p-prod-web', { name: 'Second', requires_approval: true })
    expect((await approved(world, first)).status).toBe('Completed')
    expect(await approved(world, second)).toMatchObject({
      status: 'Failed',
      error_message: 'the profile was changed since this edit was made',
    })
    const { events } = await world.jobOf(second.body.job.id)
    expect(events.at(-1)).toMatchObject({ type: 'job_failed', actor: 'worker-apply' })
    expect(await current(world, 'p-prod-web')).toMatchObject({ version: 2, document: { name: 'First' } })
  })

  it('of which two are carried out at the same instant is made once', async () => {
    const world = await makeFurnishedWorld()
    const replies = [
      await edit(world, 'p-dev-web', { name: 'a' }),
      await edit(world, 'p-dev-web', { name: 'b' }),
    ]
    for (const { body } of replies) await world.call('bob', 'approve', { id: body.approval.id })
    await Promise.all(replies.map(({ body }) => world.applyJob(body.job.id)))
    const statuses = await Promise.all(replies.map(async (reply) => (await jobOf(world, reply)).status))
    expect(statuses.toSorted()).toEqual(['Completed', 'Failed'])
    expect((await current(world, 'p-dev-web')).version).toBe(2)
  })

  it('made against another version than the one in force is refused at once', async () => {
    const world = await makeFurnishedWorld()
    await approved(world, await edit(world, 'p-dev-web', { name: 'a' }, { base_version: 1 }))
    await expect(edit(world, 'p-dev-web', { name: 'b' }, { base_version: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
      message: 'version 2 is in force',
    })
  })

  it('keeps every version, each with who made it and why', async () => {
    const world = await makeFurnishedWorld()
    const reply = await edit(world, 'p-dev-web', { name: 'b' }, { reason: 'ticket 7' })
    await approved(world, reply)
    expect(await world.profiles.rules('p-dev-web', 1)).toMatchObject({
      pinned: { version: 1, document: { name: 'Web' } },
      current: { version: 2, document: { name: 'b' }, job_id: reply.body.job.id },
    })
    expect((await jobOf(world, reply)).reason).toBe('ticket 7')
  })

  it('while a request for it is on its way makes the request fail, not slip through', async () => {
    const world = await makeFurnishedWorld()
    const reply = await edit(world, 'p-dev-web', { name: 'b' })
    await world.call('bob', 'approve', { id: reply.body.approval.id })
    const stale = {
      ...world.profiles,
      current: async (id: string) => {
        const found = await world.profiles.current(id)
        await world.applyJob(reply.body.job.id)
        return found
      },
    }
    const answer = submitApi({ ...world, profiles: stale }).requestCertificate({
      principal: world.people.alice,
      credential: credentialOf('alice'),
      params: {},
      query: {},
      body: { profile_id: 'p-dev-web', csr: csrFor('www.example.com') },
      idempotency_key: null,
      if_match: null,
      envelope: envelopeUnder('alice'),
    })
    await expect(answer).rejects.toMatchObject({ code: 'version_conflict' })
  })

  it.each([
    ['creates what is there', 'createProfile', undefined, 'already_exists'],
    ['changes what is not there', 'changeProfile', 'p-nothing', 'not_found'],
    ['deletes what is not there', 'deleteProfile', 'p-nothing', 'not_found'],
  ] as const)('that %s is refused', async (_, operation, id, code) => {
    const world = await makeFurnishedWorld()
    const body = operation === 'createProfile' ? { ...profileBody, id: 'p-dev-web' } : { ...profileBody }
    const parts = id === undefined ? { body } : { id, body }
    await expect(world.call('carol', operation, parts)).rejects.toMatchObject({ code })
  })

  it('that names no issuer is refused', async () => {
    const world = await makeFurnishedWorld()
    await expect(edit(world, 'p-dev-web', { issuer_id: 'iss-nothing' })).rejects.toMatchObject({
      code: 'profile_invalid',
      violations: [{ pointer: '/issuer_id' }],
    })
  })

  it('whose issuer was retired meanwhile fails', async () => {
    const world = await makeFurnishedWorld()
    const reply = await edit(world, 'p-dev-web', { name: 'b' })
    world.table.tamper(keys.issuer('iss-web'), (row) => ({ ...row, status: 'retired' }))
    expect(await approved(world, reply)).toMatchObject({
      status: 'Failed',
      error_message: 'the issuer of the profile is not active',
    })
  })
})
