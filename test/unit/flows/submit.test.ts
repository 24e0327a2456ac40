import { describe, expect, it } from 'vitest'
import { csrFor, makeFurnishedWorld, type Name, type World } from '../../support/world.ts'

const csr = csrFor('www.example.com')
const body = { profile_id: 'p-prod-web', csr }

type Parts = NonNullable<Parameters<World['call']>[2]>

const jobsIn = (world: World) => [...world.table.rows.values()].filter(({ sk }) => sk === 'JOB').length

const ask = (world: World, parts: Parts, who: Name = 'alice') =>
  world.call(who, 'requestCertificate', { body, ...parts })

describe('an Idempotency-Key', () => {
  it('gives the same answer to the same request, and makes one job', async () => {
    const world = await makeFurnishedWorld()
    const before = jobsIn(world)
    const first = await ask(world, { idempotency_key: 'k1' })
    const stored = world.table.rows.size
    const second = await ask(world, { idempotency_key: 'k1' })
    expect(second).toEqual(first)
    expect(jobsIn(world)).toBe(before + 1)
    expect(world.table.rows.size).toBe(stored)
  })

  it('gives the same answer also after the job moved on', async () => {
    const world = await makeFurnishedWorld()
    const first = await ask(world, { idempotency_key: 'k1' })
    await world.call('bob', 'approve', { id: first.body.approval.id })
    await world.drain()
    expect(await ask(world, { idempotency_key: 'k1' })).toEqual(first)
  })

  it.each([
    ['another body', { body: { ...body, name: 'another' } }],
    ['another CSR', { body: { ...body, csr: csrFor('other.example.com') } }],
    ['a body that would be refused', { body: { ...body, profile_id: 'p-nothing' } }],
  ])('with %s is a conflict, and nothing is stored', async (_, parts) => {
    const world = await makeFurnishedWorld()
    await ask(world, { idempotency_key: 'k1' })
    const stored = world.table.rows.size
    await expect(ask(world, { ...parts, idempotency_key: 'k1' })).rejects.toMatchObject({
      code: 'idempotency_conflict',
    })
    expect(world.table.rows.size).toBe(stored)
  })

  it('of another operation is a conflict', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const key = { id: certificate_id, idempotency_key: 'k1' }
    await world.call('alice', 'renewCertificate', key)
    await expect(world.call('alice', 'revokeCertificate', key)).rejects.toMatchObject({
      code: 'idempotency_conflict',
    })
  })

  it('is one of each principal: another may use the same', async () => {
    const world = await makeFurnishedWorld()
    const first = await ask(world, { idempotency_key: 'k1' })
    const second = await ask(world, { idempotency_key: 'k1' }, 'frank')
    expect(second.body.job.id).not.toBe(first.body.job.id)
  })

  it('sent many times at once makes one job, and all get its answer', async () => {
    const world = await makeFurnishedWorld()
    const before = jobsIn(world)
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(world, { idempotency_key: 'k1' })))
    expect(new Set(answers.map((answer) => answer.body.job.id)).size).toBe(1)
    expect(jobsIn(world)).toBe(before + 1)
  })

  it('repeats a revocation that by now would be refused', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const parts = { id: certificate_id, idempotency_key: 'k1' }
    const first = await world.call('alice', 'revokeCertificate', parts)
    await world.drain()
    expect(await world.call('alice', 'revokeCertificate', parts)).toEqual(first)
  })

  it('that was never seen leaves a refusal as it is', async () => {
    const world = await makeFurnishedWorld()
    const parts = { body: { ...body, profile_id: 'p-nothing' }, idempotency_key: 'k1' }
    await expect(ask(world, parts)).rejects.toMatchObject({ code: 'not_found' })
    expect((await ask(world, { idempotency_key: 'k1' })).status).toBe(202)
  })

  it('that is left out makes a job each time', async () => {
    const world = await makeFurnishedWorld()
    const before = jobsIn(world)
    await ask(world, {})
    await ask(world, {})
    expect(jobsIn(world)).toBe(before + 2)
  })
})

describe('a request', () => {
  it.each([
    ['names outside the domains', { csr: csrFor('www.example.org') }],
    ['a name that only ends like the domain', { csr: csrFor('evilexample.com') }],
    ['a wildcard where there are none', { csr: csrFor('*.example.com') }],
    ['a longer life than the profile allows', { lifetime: 'P91D' }],
  ])('for %s is refused with all that is wrong, and nothing is stored', async (_, changes) => {
    const world = await makeFurnishedWorld()
    const stored = world.table.rows.size
    await expect(ask(world, { body: { ...body, ...changes } })).rejects.toMatchObject({
      code: 'profile_violation',
      violations: [
        {
          pointer: expect.stringMatching(/^\/(csr\/subject_alternative_names\/\d|csr\/public_key|lifetime)$/),
        },
      ],
    })
    expect(world.table.rows.size).toBe(stored)
  })

  it('says everything that the profile has against it at once', async () => {
    const world = await makeFurnishedWorld()
    const wrong = { body: { ...body, csr: csrFor('a.example.org', 'b.example.net'), lifetime: 'P91D' } }
    await expect(ask(world, wrong)).rejects.toMatchObject({
      violations: [
        { pointer: '/csr/subject_alternative_names/0' },
        { pointer: '/csr/subject_alternative_names/1' },
        { pointer: '/lifetime' },
      ],
    })
  })

  it('shows an approver everything that will be signed, and the digest over it', async () => {
    const world = await makeFurnishedWorld()
    const { body: answer } = await ask(world, {})
    const { body: shown } = await world.call('bob', 'getApproval', { id: answer.approval.id })
    expect(shown).toMatchObject({
      requested_by: 'pr-alice',
      owner: 'pr-alice',
      requested_by_name: 'alice',
      warnings: [],
      difference: null,
      missing: [{ stage: { name: 'approval', quorum: 1, eligible: { roles: ['approver'] } }, missing: 1 }],
      summary: expect.stringContaining('www.example.com'),
      content: {
        type: 'Issuance',
        profile_version: 1,
        plan: {
          subject: [{ type: 'CN', value: 'www.example.com' }],
          subject_alternative_names: [{ type: 'dns', value: 'www.example.com' }],
          issuer: { id: 'iss-web' },
        },
      },
    })
  })
})
