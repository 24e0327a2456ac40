import { describe, expect, it } from 'vitest'
import { createFirstAdmin, createFirstApprover } from '../../../lib/flows/create-first-admin.ts'
import { behindHttp } from '../../support/http-world.ts'
import { makeFurnishedWorld, makeWorld } from '../../support/world.ts'

const actor = { id: 'system-setup', type: 'System' } as const
const wanted = { name: 'Ada', email: 'ada@example.com' }

/** A deployment in which nobody is an admin yet. */
const start = async () => {
  const world = await makeWorld()
  for (const [name, row] of [...world.table.rows])
    if (String(row.pk) === 'PRINCIPAL#pr-carol') world.table.rows.delete(name)
  return world
}

describe('The first admin', () => {
  it('is made with a key that works at once, in one transaction with both events', async () => {
    const world = await start()
    const before = world.table.calls.transact ?? 0
    const { principal, token } = await createFirstAdmin(world, actor, wanted)
    expect((world.table.calls.transact ?? 0) - before).toBe(1)
    expect(principal.roles).toEqual(['admin'])
    const { carol: _, ...others } = world.people
    const { send } = await behindHttp({ ...world, people: others as typeof world.people })
    expect((await send({ path: '/principals', token })).status).toBe(200)
    const { json } = await send({ path: `/audit?resource=${principal.id}`, token })
    expect(json.map(({ type }: { type: string }) => type)).toEqual(['principal_created', 'api_key_created'])
  })

  it('is refused once there is an admin, whoever made them, also one who is disabled', async () => {
    const world = await makeWorld()
    await expect(createFirstAdmin(world, actor, wanted)).rejects.toMatchObject({ code: 'already_exists' })
    const fresh = await start()
    await createFirstAdmin(fresh, actor, wanted)
    await expect(createFirstAdmin(fresh, actor, wanted)).rejects.toMatchObject({ code: 'already_exists' })
  })

  it('is one of twenty who try at once', async () => {
    const world = await start()
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => createFirstAdmin(world, actor, wanted)),
    )
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
})

describe('The first approvers', () => {
  it('decide with the keys they are made with, and the signer believes them', async () => {
    const world = await makeFurnishedWorld()
    const { principal, token } = await createFirstApprover(world, actor, wanted)
    const { send } = await behindHttp(world)
    const { job_id, approval_id } = await world.ask()
    const path = `/approvals/${approval_id}/approve`
    expect((await send({ method: 'POST', path, token, body: {} })).status).toBe(200)
    await world.drain()
    expect((await world.jobOf(job_id)).job).toMatchObject({
      status: 'Completed',
      approval: { decisions: [{ by: principal.id }] },
    })
  })
})
