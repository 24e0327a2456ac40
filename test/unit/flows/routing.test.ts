import { describe, expect, it } from 'vitest'
import { contentDigest } from '../../../lib/model/job.ts'
import { csrFor, makeFurnishedWorld, profileBody, type World } from '../../support/world.ts'

/** Somebody of the certificate's team, whichever that is. */
const stages = [{ name: 'owners', quorum: 1, eligible: { owner_team: true } }]

const routed = () => makeFurnishedWorld({ approval_policy: { stages } })

const statusOf = async (world: World, job_id: string) => (await world.jobOf(job_id)).job.status

describe('a certificate under a profile that routes by the team of its owner', () => {
  it('is approved by somebody of that team, and by nobody else', async () => {
    const world = await routed()
    const { job_id, approval_id } = await world.ask({ team: 'web' })
    for (const other of ['bob', 'erin'] as const)
      await expect(world.call(other, 'approve', { id: approval_id })).rejects.toThrow('not among those')
    await world.call('frank', 'approve', { id: approval_id })
    await world.drain()
    expect(await statusOf(world, job_id)).toBe('Completed')
  })

  it('says on its approval which team that is, and binds it into the digest', async () => {
    const world = await routed()
    const { job_id, approval_id, certificate_id } = await world.ask({ team: 'web' })
    const { body } = await world.call('dave', 'getApproval', { id: approval_id })
    expect(body.stages).toEqual([{ name: 'owners', quorum: 1, eligible: { teams: ['web'] } }])
    expect(body.content.team).toBe('web')
    const { job, content } = await world.jobOf(job_id)
    expect(contentDigest({ ...content, team: 'platform' } as typeof content)).not.toBe(job.digest)
    expect((await world.call('dave', 'getCertificate', { id: certificate_id })).body.team).toBe('web')
  })

  it.each([
    ['no team', {}, { code: 'invalid_body', violations: [{ pointer: '/team' }] }],
    ['a team that its requester is not in', { team: 'platform' }, { code: 'forbidden' }],
    [
      'a team with nobody to approve but its owner',
      { team: 'web', owner: 'frank@example.com' },
      { code: 'profile_violation', message: expect.stringContaining('team web has 0 approvers') },
    ],
  ])('is refused with %s', async (_, body, refusal) => {
    const world = await routed()
    await expect(world.ask(body)).rejects.toMatchObject(refusal)
  })

  it('is refused where its requester is the only approver of the team', async () => {
    const world = await routed()
    await expect(world.ask({ team: 'web' }, 'frank')).rejects.toMatchObject({ code: 'profile_violation' })
  })

  it('is never approved by its owner, also where they are of the team', async () => {
    const world = await makeFurnishedWorld({
      approval_policy: {
        stages: [{ name: 'owners', quorum: 1, eligible: { owner_team: true, teams: ['security'] } }],
      },
    })
    const { approval_id } = await world.ask({ team: 'web', owner: 'pr-frank' })
    await expect(world.call('frank', 'approve', { id: approval_id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
    await world.call('bob', 'approve', { id: approval_id })
  })

  it('is not signed where the row names another team than what was approved', async () => {
    const world = await routed()
    const { job_id, approval_id } = await world.ask({ team: 'web' })
    const before = world.signatures.length
    world.table.tamper({ pk: `JOB#${job_id}`, sk: 'JOB' }, (row) => ({
      ...row,
      approval: {
        ...(row.approval as object),
        stages: [{ name: 'owners', quorum: 1, eligible: { teams: ['security'] } }],
      },
    }))
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect(world.signatures.length).toBe(before)
    const { job } = await world.jobOf(job_id)
    expect(job.status).toBe('Failed')
    expect(job.error_message).toContain('the stages are not those of the rules')
    expect(job.error_message).toContain('somebody whom its stage does not name')
  })
})

describe('the renewal of a certificate that belongs to a team', () => {
  const issued = async () => {
    const world = await routed()
    const asked = await world.ask({ team: 'web' })
    await world.call('frank', 'approve', { id: asked.approval_id })
    await world.drain()
    return { world, id: asked.certificate_id }
  }

  it('goes to the same team, whoever asks for it', async () => {
    const { world, id } = await issued()
    world.become('alice', { teams: [] })
    const { body } = await world.call('alice', 'renewCertificate', { id })
    expect(body.approval.stages[0].eligible).toEqual({ teams: ['web'] })
    await world.call('frank', 'approve', { id: body.approval.id })
    await world.drain()
    expect(await statusOf(world, body.job.id)).toBe('Completed')
  })

  it('cannot be sent to another team', async () => {
    const { world, id } = await issued()
    world.become('alice', { teams: ['web', 'platform'] })
    await expect(
      world.call('alice', 'renewCertificate', { id, body: { team: 'platform' } }),
    ).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('a certificate from before its profile routed by team', () => {
  const old = async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id: id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    const edit = { ...profileBody, requires_approval: true, approval_policy: { stages } }
    const { body } = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body: edit })
    await world.call('bob', 'approve', { id: body.approval.id })
    await world.drain()
    return { world, id }
  }

  it('is not renewed without a team, and is never ungated', async () => {
    const { world, id } = await old()
    await expect(world.call('alice', 'renewCertificate', { id })).rejects.toMatchObject({
      code: 'invalid_body',
      violations: [{ pointer: '/team' }],
    })
  })

  it('belongs to the team that its renewal named, once that is issued', async () => {
    const { world, id } = await old()
    const { body } = await world.call('alice', 'renewCertificate', { id, body: { team: 'web' } })
    expect((await world.certificates.get(id))?.team).toBe(null)
    await world.call('frank', 'approve', { id: body.approval.id })
    await world.drain()
    expect((await world.certificates.get(id))?.team).toBe('web')
  })
})

describe('what is about no single certificate', () => {
  it('goes to anybody who approves: the profile itself can still be changed', async () => {
    const world = await routed()
    const edit = { ...profileBody, requires_approval: true, approval_policy: { stages } }
    const { body } = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body: edit })
    expect(body.approval.stages).toEqual([{ name: 'owners', quorum: 1, eligible: { roles: ['approver'] } }])
    await world.call('erin', 'approve', { id: body.approval.id })
    await world.drain()
    expect(await statusOf(world, body.job.id)).toBe('Completed')
  })

  it('so does a revocation in bulk, by as many people as before', async () => {
    const world = await routed()
    const asked = await world.ask({ team: 'web' })
    await world.call('frank', 'approve', { id: asked.approval_id })
    await world.drain()
    const plan = await world.call('carol', 'planRevocation', {
      body: { selection: { profile_id: 'p-prod-web' }, reason: 'superseded' },
    })
    const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: plan.body.digest } })
    expect(body.job.status).toBe('AwaitingApproval')
    await world.call('erin', 'approve', { id: body.approval.id })
    await world.drain()
    expect(await statusOf(world, body.job.id)).toBe('Completed')
    expect((await world.certificates.get(asked.certificate_id))?.status).toBe('Revoked')
  })

  it('the end of a hold is about one certificate, and goes to its team', async () => {
    const world = await routed()
    const asked = await world.ask({ team: 'web' })
    await world.call('frank', 'approve', { id: asked.approval_id })
    await world.drain()
    const id = asked.certificate_id
    await world.call('alice', 'revokeCertificate', { id, body: { reason: 'certificateHold' } })
    await world.drain()
    const { body } = await world.call('alice', 'releaseCertificate', { id })
    expect(body.approval.stages[0].eligible).toEqual({ teams: ['web'] })
  })
})

describe('a policy that routes by team', () => {
  const save = (world: World, quorum: number) => {
    const approval_policy = { stages: [{ name: 'owners', quorum, eligible: { owner_team: true } }] }
    const body = { ...profileBody, requires_approval: true, approval_policy }
    return world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
  }

  it('is taken where some team could satisfy it', async () => {
    expect((await save(await makeFurnishedWorld(), 2)).status).toBe(202)
  })

  it('is refused where none could', async () => {
    const world = await makeFurnishedWorld()
    await expect(save(world, 3)).rejects.toThrow(
      'stage "owners" lacks 1 of its 3 approvers (team platform has 2',
    )
    for (const who of ['alice', 'bob', 'erin', 'frank'] as const) world.become(who, { teams: [] })
    await expect(save(world, 1)).rejects.toThrow('is for the team of the owner, and nobody is in a team')
  })

  it('cannot be got round with a team that exists on no approved content', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages } })
    await expect(
      world.call('alice', 'requestCertificate', {
        body: { profile_id: 'p-prod-web', csr: csrFor('www.example.com'), team: 'friends' },
      }),
    ).rejects.toMatchObject({ code: 'forbidden' })
  })
})
