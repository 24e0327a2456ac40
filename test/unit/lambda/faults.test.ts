import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { behindHttp } from '../../support/http-world.ts'
import { csrFor, makeFurnishedWorld, type World } from '../../support/world.ts'

const secret = 'arn:aws:dynamodb:eu-west-1:123456789012:table/secret'

const fault = async (): Promise<never> => {
  throw new Error(`cannot reach ${secret}`)
}

describe('A fault', () => {
  const body = { profile_id: 'p-prod-web', csr: csrFor('www.example.com') }

  const broken: readonly [string, (world: World) => World, [string, string, unknown?]][] = [
    [
      'in reading',
      (world) => ({ ...world, jobs: { ...world.jobs, load: fault } }),
      ['GET', '/jobs/job-abc123'],
    ],
    ['in a list', (world) => ({ ...world, jobs: { ...world.jobs, list: fault } }), ['GET', '/jobs']],
    [
      'in storing',
      (world) => ({ ...world, jobs: { ...world.jobs, commit: fault } }),
      ['POST', '/certificates', body],
    ],
    [
      'in a rule that is looked up',
      (world) => ({ ...world, profiles: { ...world.profiles, current: fault } }),
      ['POST', '/certificates', body],
    ],
  ]

  it.each(broken)(
    '%s is a 500 that tells nothing of itself, and stores nothing',
    async (_, breakIt, request) => {
      const world = await makeFurnishedWorld()
      const http = await behindHttp(breakIt(world))
      const jobsBefore = [...world.table.rows.values()].filter(({ sk }) => sk === 'JOB').length
      const [method, path, given] = request
      const answer = await http.as('alice')(method, path, given)
      expect(answer.status).toBe(500)
      expect(answer.json).toMatchObject({ code: 'internal_error', instance: expect.any(String) })
      expect(answer.text).not.toContain('secret')
      expect(answer.text).not.toContain('Error')
      expect([...world.table.rows.values()].filter(({ sk }) => sk === 'JOB')).toHaveLength(jobsBefore)
    },
  )

  it('is no way in: who cannot be looked up is not let through', async () => {
    const world = await makeFurnishedWorld()
    const { tokens } = await behindHttp(world)
    const http = await behindHttp({ ...world, principals: { ...world.principals, findByKey: fault } })
    const answer = await http.send({ path: '/jobs', token: tokens.alice })
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain('secret')
  })

  it('and a job that was written by hand, which nobody can read, are told alike', async () => {
    const world = await makeFurnishedWorld()
    const http = await behindHttp(world)
    world.table.write({ ...keys.job('job-nonsense0000'), status: 'Pending', token: secret })
    for (const [who, method, path] of [
      ['alice', 'GET', '/jobs/job-nonsense0000'],
      ['bob', 'POST', '/approvals/ar-nonsense0000/approve'],
      ['alice', 'POST', '/jobs/job-nonsense0000/cancel'],
    ] as const) {
      const answer = await http.as(who)(method, path, method === 'POST' ? {} : undefined)
      expect(answer.json).toMatchObject({ status: 500, code: 'internal_error' })
      expect(answer.text).not.toContain('secret')
    }
  })
})
