import { beforeEach, describe, expect, it } from 'vitest'
import { founders } from '../../../lib/aws/founders.ts'
import { principals } from '../../../lib/aws/principals.ts'
import { decideApproval } from '../../../lib/flows/decide-job.ts'
import { credentialOf, makeFurnishedWorld, type World } from '../../support/world.ts'

let world: World

beforeEach(async () => {
  world = await makeFurnishedWorld()
})

const change = async (edit: object) => {
  const found = await principals(world.table).get('pr-bob')
  if (found === null) throw new Error('no bob')
  const { name, email, roles, teams, status } = found.principal
  const body = { name, email, roles, teams, status, ...edit }
  return (await world.call('carol', 'changePrincipal', { id: 'pr-bob', body })).body
}

/** Bob's word, as he is by now. */
const approvedByBob = async (): Promise<string> => {
  const { job_id, approval_id } = await world.ask()
  const bob = await principals(world.table).get('pr-bob')
  if (bob === null) throw new Error('no bob')
  const word = { verdict: 'approve', note: null } as const
  await decideApproval({ ...world, credential: credentialOf('bob') }, bob.principal, approval_id, word)
  return job_id
}

const outcome = async (job_id: string) => {
  await world.drain()
  const { status, error_message } = (await world.jobOf(job_id)).job
  return [status, error_message]
}

describe('the right to approve that is taken away', () => {
  it('leaves what was approved before as good as it was, whenever it is signed', async () => {
    const job_id = await approvedByBob()
    await change({ roles: ['operator'] })
    world.pass(3600)
    expect(await outcome(job_id)).toEqual(['Completed', null])
  })

  it('counts again from a new job of two people on, and no word between does', async () => {
    await change({ roles: ['operator'] })
    expect(await founders(world.table).endings('pr-bob')).toMatchObject([
      { granted_by: 'bootstrap', what: 'approver' },
    ])
    world.pass(61)
    await expect(approvedByBob()).rejects.toMatchObject({ code: 'forbidden' })
    const asked = await change({ roles: ['operator', 'approver'] })
    await world.call('erin', 'approve', { id: asked.approval.id })
    await world.drain()
    expect(await outcome(await approvedByBob())).toEqual(['Completed', null])
  })
})

describe('a credential that is disabled', () => {
  it('leaves what was approved with it before as good as it was', async () => {
    const { id } = credentialOf('bob')
    const created_at = world.now().toISOString()
    const key = { id, principal_id: 'pr-bob', secret_sha256: 'ab'.repeat(32), created_at }
    const rest = { expires_at: null, disabled_at: null, granted_by: 'bootstrap' }
    world.table.write({ pk: 'PRINCIPAL#pr-bob', sk: `KEY#${id}`, ...key, ...rest })
    const before = await approvedByBob()
    await world.call('carol', 'disableApiKey', { id: 'pr-bob', params: { key: id } })
    world.pass(61)
    expect(await outcome(before)).toEqual(['Completed', null])
    const [status, message] = await outcome(await approvedByBob())
    expect(status).toBe('Failed')
    expect(message).toContain(`the credential ${id} was over`)
  })
})
