import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

const intermediate = {
  id: 'iss-other',
  type: 'kms',
  name: 'Other',
  key: 'issuing',
  parent_id: 'iss-root',
  subject: [
    { type: 'O', value: 'Example' },
    { type: 'CN', value: 'Other CA' },
  ],
  lifetime: 'P365D',
  path_length: 0,
}

const create = (world: World, changes: object = {}) =>
  world.call('carol', 'createIssuer', { body: { ...intermediate, ...changes } })

const approve = async (world: World, reply: Awaited<ReturnType<typeof create>>) => {
  await world.call('bob', 'approve', { id: reply.body.approval.id })
  await world.drain()
  return world.jobOf(reply.body.job.id)
}

describe('an issuer', () => {
  it('is made by a job that always takes a second person', async () => {
    const world = await makeFurnishedWorld()
    const reply = await create(world)
    expect(reply.body).toMatchObject({
      job: { type: 'IssuerChange', status: 'AwaitingApproval', issuer_id: 'iss-other' },
      approval: { quorum: 1 },
    })
    await expect(world.call('carol', 'approve', { id: reply.body.approval.id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
    await world.drain()
    expect(await world.issue(reply.body.job.id)).toBe('refused')
    expect(world.signatures).toEqual([])
    expect(await world.issuers.get('iss-other')).toBe(null)
  })

  it('has its CA certificate issued under its parent, within what that allows', async () => {
    const world = await makeFurnishedWorld()
    const { job, events } = await approve(world, await create(world))
    expect(job).toMatchObject({ status: 'Completed', error_message: null })
    expect(events.map(({ type }) => type)).toEqual([
      'issuer_change_requested',
      'approval_requested',
      'approval_approved',
      'issuance_planned',
      'certificate_issued',
      'issuer_changed',
    ])
    const made = await world.issuers.get('iss-other')
    const root = await world.issuers.get('iss-root')
    const [own, above] = (made?.chain ?? []).map((der) => new X509Certificate(Buffer.from(der, 'base64')))
    expect(made).toMatchObject({ status: 'active', parent_id: 'iss-root', path_length: 0 })
    expect(above?.raw.toString('base64')).toBe(root?.chain[0])
    expect(above !== undefined && own?.checkIssued(above) && own.verify(above.publicKey)).toBe(true)
    expect(own?.ca).toBe(true)
  })

  it('that is a root signs itself', async () => {
    const world = await makeFurnishedWorld()
    const root = await world.issuers.get('iss-root')
    const certificate = new X509Certificate(Buffer.from(root?.chain[0] ?? '', 'base64'))
    expect(root?.chain).toHaveLength(1)
    expect(certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)).toBe(true)
  })

  it.each([
    ['a key that this deployment does not have', { key: 'nothing' }, '/key'],
    ['the key of its parent', { key: 'root' }, '/key'],
    ['a parent that is not there', { parent_id: 'iss-nothing' }, '/parent_id'],
    ['a parent that allows none below it', { parent_id: 'iss-web', key: 'root' }, '/path_length'],
    ['a longer path than its parent allows', { path_length: 1 }, '/path_length'],
    ['no limit of its path where its parent has one', { path_length: null }, '/path_length'],
    ['a longer life than its parent has', { lifetime: 'P3651D' }, '/lifetime'],
  ])('with %s is refused, and nothing is stored', async (_, changes, pointer) => {
    const world = await makeFurnishedWorld()
    const before = world.table.rows.size
    await expect(create(world, changes)).rejects.toMatchObject({
      code: 'issuer_invalid',
      violations: [{ pointer }],
    })
    expect(world.table.rows.size).toBe(before)
  })

  it('with a parent that is retired is refused', async () => {
    const world = await makeFurnishedWorld()
    world.table.tamper(keys.issuer('iss-root'), (row) => ({ ...row, status: 'retired' }))
    await expect(create(world)).rejects.toMatchObject({
      code: 'issuer_invalid',
      violations: [{ pointer: '/parent_id' }],
    })
  })

  it('whose parent was retired while it waited fails, and no key is used', async () => {
    const world = await makeFurnishedWorld()
    const reply = await create(world)
    world.table.tamper(keys.issuer('iss-root'), (row) => ({ ...row, status: 'retired' }))
    const { job, events } = await approve(world, reply)
    expect(job).toMatchObject({ status: 'Failed', error_message: 'issuer iss-root does not issue' })
    expect(events.at(-1)?.type).toBe('issuance_failed')
    expect(world.signatures).toEqual([])
  })

  it('that would outlive its parent after all the waiting fails', async () => {
    const world = await makeFurnishedWorld()
    const reply = await create(world, { lifetime: 'P3649D' })
    world.pass(2 * 86_400)
    const { job } = await approve(world, reply)
    expect(job).toMatchObject({ status: 'Failed', error_message: expect.stringContaining('outlive') })
    expect(world.signatures).toEqual([])
  })

  it('that is there already is refused', async () => {
    const world = await makeFurnishedWorld()
    await expect(create(world, { id: 'iss-web' })).rejects.toMatchObject({ code: 'already_exists' })
  })

  it('asked for twice under one id is made once: the other fails, and never signs again', async () => {
    const world = await makeFurnishedWorld()
    const first = await create(world)
    const second = await create(world, { name: 'Other still' })
    expect((await approve(world, first)).job.status).toBe('Completed')
    const made = await world.issuers.get('iss-other')
    await approve(world, second)
    for (let sweep = 0; sweep < 8; sweep += 1) {
      world.pass(400)
      await world.sweep()
    }
    expect((await world.jobOf(second.body.job.id)).job.status).toBe('Failed')
    expect(await world.issuers.get('iss-other')).toEqual(made)
  })
})
