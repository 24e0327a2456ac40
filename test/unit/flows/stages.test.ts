import { describe, expect, it } from 'vitest'
import { makeFurnishedWorld } from '../../support/world.ts'

const stages = [
  { name: 'security', quorum: 1, eligible: { principals: ['pr-bob'] } },
  { name: 'platform', quorum: 1, eligible: { principals: ['pr-bob', 'pr-erin'] } },
]

const stateOf = async (world: Awaited<ReturnType<typeof makeFurnishedWorld>>, job_id: string) => {
  await world.drain()
  const { job } = await world.jobOf(job_id)
  return [job.status, ...(job.approval?.decisions.map(({ by, stage }) => `${by}:${stage}`) ?? [])]
}

describe('an approval in stages', () => {
  it('takes somebody of each stage, in any order where they are parallel', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages } })
    const { job_id, approval_id } = await world.ask()
    await world.call('erin', 'approve', { id: approval_id })
    expect(await stateOf(world, job_id)).toEqual(['AwaitingApproval', 'pr-erin:platform'])
    await world.call('bob', 'approve', { id: approval_id })
    expect(await stateOf(world, job_id)).toEqual(['Completed', 'pr-erin:platform', 'pr-bob:security'])
  })

  it('waits for the first stage where they are ordered', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages, order: 'ordered' } })
    const { job_id, approval_id } = await world.ask()
    await expect(world.call('erin', 'approve', { id: approval_id })).rejects.toThrow('"security", "platform"')
    await world.call('bob', 'approve', { id: approval_id })
    await world.call('erin', 'approve', { id: approval_id })
    expect(await stateOf(world, job_id)).toEqual(['Completed', 'pr-bob:security', 'pr-erin:platform'])
  })

  it('hears nobody whom no stage names, whatever their roles', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages } })
    const { job_id, approval_id } = await world.ask()
    await expect(world.call('frank', 'approve', { id: approval_id })).rejects.toThrow('not among those')
    expect(await stateOf(world, job_id)).toEqual(['AwaitingApproval'])
  })

  it('is not complete with two people of one stage', async () => {
    const either = [{ name: 'either', quorum: 2, eligible: { principals: ['pr-bob', 'pr-erin'] } }]
    const other = { name: 'other', quorum: 1, eligible: { principals: ['pr-frank'] } }
    const world = await makeFurnishedWorld({ approval_policy: { stages: [...either, other] } })
    const { job_id, approval_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    await world.call('erin', 'approve', { id: approval_id })
    expect(await stateOf(world, job_id)).toEqual(['AwaitingApproval', 'pr-bob:either', 'pr-erin:either'])
  })

  it('cannot be got round by writing other stages into the row', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages } })
    const { job_id, approval_id } = await world.ask()
    const before = world.signatures.length
    world.table.tamper({ pk: `JOB#${job_id}`, sk: 'JOB' }, (row) => ({
      ...row,
      approval: {
        ...(row.approval as object),
        quorum: 1,
        stages: [{ name: 'platform', quorum: 1, eligible: { roles: ['approver'] } }],
      },
    }))
    await world.call('erin', 'approve', { id: approval_id })
    await world.drain()
    const { job } = await world.jobOf(job_id)
    expect(world.signatures.length).toBe(before)
    expect(job.status).toBe('Failed')
    expect(job.error_message).toContain('the stages are not those of the rules')
    expect(job.error_message).toContain('stage "security" lacks 1')
  })
})

describe('a stage that names teams', () => {
  const security = { name: 'security', quorum: 1, eligible: { teams: ['security'] } }

  it('hears who is in one of them, and puts that on the receipt', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages: [security] } })
    const { job_id, approval_id } = await world.ask()
    await expect(world.call('erin', 'approve', { id: approval_id })).rejects.toThrow('not among those')
    await world.call('bob', 'approve', { id: approval_id })
    expect(await stateOf(world, job_id)).toEqual(['Completed', 'pr-bob:security'])
    const { events } = await world.jobOf(job_id)
    const [, payload = ''] = String(events.at(2)?.details.receipt).split('.')
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      decider: { id: 'pr-bob', roles: ['approver'], teams: ['security'] },
      stage: 'security',
    })
  })

  it('hears nobody of a team who may not approve at all', async () => {
    const web = { name: 'web', quorum: 1, eligible: { teams: ['web'] } }
    const world = await makeFurnishedWorld({ approval_policy: { stages: [web] } })
    const { approval_id } = await world.ask({}, 'frank')
    await expect(world.call('alice', 'approve', { id: approval_id })).rejects.toThrow('roles approver')
  })

  it('counts teams as they are when the word is given: before it no more, after it still', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages: [{ ...security, quorum: 1 }] } })
    const [first, second] = [await world.ask(), await world.ask()]
    await world.call('bob', 'approve', { id: first.approval_id })
    world.become('bob', { teams: [] })
    world.become('erin', { teams: ['security'] })
    await expect(world.call('bob', 'approve', { id: second.approval_id })).rejects.toThrow('not among those')
    await world.call('erin', 'approve', { id: second.approval_id })
    expect(await stateOf(world, first.job_id)).toEqual(['Completed', 'pr-bob:security'])
    expect(await stateOf(world, second.job_id)).toEqual(['Completed', 'pr-erin:security'])
  })

  it('takes no approval of another approver, also where the row says that this is a stage for them', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { stages: [security] } })
    const { job_id, approval_id } = await world.ask()
    const before = world.signatures.length
    const key = { pk: `JOB#${job_id}`, sk: 'JOB' }
    const withTeams = (teams: readonly string[]) =>
      world.table.tamper(key, (row) => ({
        ...row,
        approval: { ...(row.approval as object), stages: [{ ...security, eligible: { teams } }] },
      }))
    withTeams(['platform'])
    await world.call('erin', 'approve', { id: approval_id })
    withTeams(['security'])
    await world.drain()
    const { job } = await world.jobOf(job_id)
    expect(world.signatures.length).toBe(before)
    expect(job.status).toBe('Failed')
    expect(job.error_message).toContain('a decision was made by somebody whom its stage does not name')
  })
})

describe('a policy that is saved', () => {
  const ask = (world: Awaited<ReturnType<typeof makeFurnishedWorld>>, approval_policy: object) => {
    const body = { ...document, approval_policy }
    return world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
  }
  const document = {
    name: 'Web',
    requires_approval: true,
    issuer_id: 'iss-web',
    key_algorithms: ['ECDSA_P256'],
    subject_alternative_names: { dns: { domains: ['example.com'] } },
    validity: { default: 'P90D', max: 'P90D' },
  }

  it.each([
    ['more people than there are approvers', { quorum: 4 }, 'stage "approval" lacks 1'],
    [
      'somebody who may not approve',
      { stages: [{ name: 'audit', quorum: 1, eligible: { principals: ['pr-dave'] } }] },
      'stage "audit" lacks 1 of its 1 approvers (pr-dave lacks role approver)',
    ],
    [
      'somebody who does not exist',
      { stages: [{ name: 'ghosts', quorum: 1, eligible: { principals: ['pr-nobody'] } }] },
      'stage "ghosts" lacks 1 of its 1 approvers (pr-nobody is not there)',
    ],
    [
      'more of a team than are in it',
      { stages: [{ name: 'team', quorum: 2, eligible: { teams: ['security'] } }] },
      'stage "team" lacks 1 of its 2 approvers (team security has 1 approvers)',
    ],
  ])('is refused where it asks for %s', async (_, policy, reason) => {
    const world = await makeFurnishedWorld()
    await expect(ask(world, policy)).rejects.toThrow(reason)
  })

  it('is taken where everybody is there', async () => {
    const world = await makeFurnishedWorld()
    expect((await ask(world, { quorum: 3 })).status).toBe(202)
  })
})
