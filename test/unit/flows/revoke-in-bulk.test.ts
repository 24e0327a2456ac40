import { describe, expect, it } from 'vitest'
import { applyChange } from '../../../lib/flows/apply-change.ts'
import { type OperationId, operations } from '../../../lib/http/routes.ts'
import { may } from '../../../lib/model/permissions.ts'
import { readCrl } from '../../../lib/pki/crl-reader.ts'
import { plantCertificates } from '../../support/revocable.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

const web = { issuer_id: 'iss-web', profile_id: 'p-dev-web' }

const listed = (world: World): readonly string[] => {
  const body = world.published.get('.well-known/pki/crl/iss-web')?.body
  return body === undefined ? [] : [...readCrl(body).entries()].map(({ serial }) => serial)
}

const plan = async (world: World, selection: object, more: object = {}) =>
  (await world.call('carol', 'planRevocation', { body: { selection, ...more } })).body

const carryOut = async (world: World, digest: string) => {
  const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: digest } })
  if (body.approval !== null) await world.call('bob', 'approve', { id: body.approval.id })
  await world.drain()
  return (await world.jobOf(body.job.id)).job
}

describe('a revocation in bulk', () => {
  it('is for admins alone', async () => {
    const { people } = await makeFurnishedWorld()
    for (const id of ['planRevocation', 'revokeInBulk'] as const satisfies readonly OperationId[]) {
      const { permission } = operations[id]
      const allowed = Object.values(people).filter((person) => permission !== null && may(person, permission))
      expect(allowed.flatMap(({ roles }) => roles)).toEqual(['admin'])
    }
  })

  it('is planned without a trace but the plan: which, whose, and what becomes of the lists', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 300 })
    const said = await plan(world, { issuer_id: 'iss-web' }, { reason: 'cACompromise' })
    expect(said).toMatchObject({
      matched: 300,
      already_revoked: 0,
      profiles: [{ id: 'p-dev-web', matched: 300, requires_approval: false }],
      owners: [{ owner: 'pr-alice', matched: 300 }],
      lists: [{ issuer_id: 'iss-web', entries_before: 0, entries_after: 300, fits_roles_anywhere: true }],
    })
    expect(said.first).toHaveLength(100)
    expect(listed(world)).toEqual([])
    expect((await plan(world, { issuer_id: 'iss-web' }, { reason: 'cACompromise' })).digest).toBe(said.digest)
    const page = await world.call('dave', 'listPlannedRevocations', {
      id: said.digest,
      query: { limit: 200 },
    })
    const rest = await world.call('dave', 'listPlannedRevocations', {
      id: said.digest,
      query: { limit: 200, cursor: page.next ?? '' },
    })
    expect([...page.body, ...rest.body]).toHaveLength(300)
    expect(rest.next).toBe(null)
    const { octets_after } = said.lists[0]
    await carryOut(world, said.digest)
    // The number of a list and the lengths above the entries may take a few octets more.
    expect(Math.abs(((await world.lists.head('iss-web', 0))?.octets ?? 0) - octets_after)).toBeLessThan(10)
  })

  it('says what no longer fits consumers that have a limit', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 8000 })
    const { lists } = await plan(world, { issuer_id: 'iss-web' })
    expect(lists).toMatchObject([{ fits_roles_anywhere: false }])
  }, 30_000)

  it.each([
    ['issuer', { issuer_id: 'iss-web' }, 90],
    ['profile', { profile_id: 'p-dev-web' }, 60],
    ['owner, however it is written', { owner: ' ALICE@example.com' }, 60],
    ['list of serials', null, 3],
  ])('by %s revokes what matched, says how many, and the list has them all', async (_, selection, count) => {
    const world = await makeFurnishedWorld()
    const owner = 'alice@example.com'
    const dev = plantCertificates(world, { ...web, count: 60, owner })
    const body = { ...web, profile_id: 'p-prod-web', count: 90, owner: 'x' }
    // The first sixty are planted over: thirty remain under the gated profile.
    const prod = plantCertificates(world, body).slice(60)
    plantCertificates(world, { ...web, count: 60, owner })
    const serials = [dev[0], `00${dev[1]}`, dev[2]?.toUpperCase()]
    const { digest, matched } = await plan(world, selection ?? { issuer_id: 'iss-web', serials })
    expect(matched).toBe(count)
    const job = await carryOut(world, digest)
    expect(job).toMatchObject({
      status: 'Completed',
      progress: { matched: count, done: count, changed: count },
    })
    expect(listed(world)).toHaveLength(count)
    expect(prod.some((serial) => listed(world).includes(serial))).toBe(count === 90)
  })

  it('by key revokes every certificate of that key', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id: id } = await world.made()
    await world.call('alice', 'renewCertificate', { id })
    await world.drain()
    await world.made()
    const [version] = (await world.certificates.load(id))?.versions ?? []
    const { spki_sha256 } = (await world.serials.get('iss-web', version?.serial ?? '')) ?? {}
    const { digest, matched } = await plan(world, { spki_sha256 })
    expect(matched).toBeGreaterThanOrEqual(2)
    expect(await carryOut(world, digest)).toMatchObject({ progress: { changed: matched } })
  })

  it('refuses serials that were never issued, naming each, and revokes none of the others', async () => {
    const world = await makeFurnishedWorld()
    const [known = ''] = plantCertificates(world, { ...web, count: 1 })
    const serials = [known, '0badc0de', 'nonsense']
    await expect(plan(world, { issuer_id: 'iss-web', serials })).rejects.toMatchObject({
      code: 'certificate_not_revocable',
      violations: [{ pointer: '/selection/serials/1' }, { pointer: '/selection/serials/2' }],
    })
    await expect(carryOut(world, 'ab'.repeat(32))).rejects.toMatchObject({ code: 'not_found' })
  })

  it('takes a second person where a profile is gated, and revokes nothing before', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, profile_id: 'p-prod-web', count: 5 })
    const { digest } = await plan(world, { issuer_id: 'iss-web' })
    const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: digest } })
    expect(body.job.status).toBe('AwaitingApproval')
    await world.applyJob(body.job.id)
    await world.drain()
    expect(listed(world)).toEqual([])
    await expect(world.call('carol', 'approve', { id: body.approval.id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
    await world.call('bob', 'approve', { id: body.approval.id })
    await world.drain()
    expect(listed(world)).toHaveLength(5)
  })

  it('takes one as well where the profile became gated after the job was made', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 5 })
    const { digest } = await plan(world, { issuer_id: 'iss-web' })
    const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: digest } })
    const document = (await world.profiles.current('p-dev-web'))?.document
    const change = await world.call('carol', 'changeProfile', {
      id: 'p-dev-web',
      body: { ...document, requires_approval: true },
    })
    await world.call('bob', 'approve', { id: change.body.approval.id })
    await world.applyJob(change.body.job.id)
    await world.applyJob(body.job.id)
    expect((await world.jobOf(body.job.id)).job.status).toBe('Failed')
    expect(listed(world)).toEqual([])
  })

  it('goes on where a worker was killed, with nothing done twice', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 100 })
    const { digest } = await plan(world, { issuer_id: 'iss-web' })
    const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: digest } })
    let steps = 0
    const commit: typeof world.jobs.commit = (change) => {
      steps += 1
      if (steps === 3) throw new Error('killed')
      return world.jobs.commit(change)
    }
    const dying = { ...world.apply, jobs: { ...world.jobs, commit } }
    await expect(applyChange(dying, body.job.id)).rejects.toThrow('killed')
    expect((await world.jobOf(body.job.id)).job).toMatchObject({
      progress: { matched: 100, done: 48, changed: 48 },
    })
    await world.applyJob(body.job.id)
    await world.drain()
    const { job, events } = await world.jobOf(body.job.id)
    expect(job).toMatchObject({ status: 'Completed', progress: { matched: 100, done: 100, changed: 100 } })
    const serials = events.flatMap(({ details }) => (details.serials as string[] | undefined) ?? [])
    expect(serials).toHaveLength(100)
    expect(new Set(serials).size).toBe(100)
    expect(new Set(listed(world))).toEqual(new Set(serials))
  })

  it('puts every compromise on record in the same steps, each still of at most 100 items', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 100 })
    const { digest } = await plan(world, { issuer_id: 'iss-web' }, { reason: 'keyCompromise' })
    const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: digest } })
    await world.drain()
    expect((await world.jobOf(body.job.id)).job).toMatchObject({
      status: 'Completed',
      progress: { done: 100 },
    })
    const compromises = [...world.table.rows.values()].filter(({ sk }) =>
      String(sk).startsWith('COMPROMISE#'),
    )
    expect(new Set(compromises.map(({ pk }) => pk)).size).toBe(100)
  })

  it('leaves the rest to another run when its time is up, and makes the lists meanwhile', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 100 })
    const { digest } = await plan(world, { issuer_id: 'iss-web' })
    const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: digest } })
    const load: typeof world.revocables.load = (targets) => {
      world.pass(6)
      return world.revocables.load(targets)
    }
    await applyChange({ ...world.apply, revocables: { load } }, body.job.id)
    const { job } = await world.jobOf(body.job.id)
    expect(job).toMatchObject({ status: 'Pending', progress: { done: 72 } })
    await world.drain()
    expect((await world.jobOf(body.job.id)).job).toMatchObject({ status: 'Completed' })
    expect(listed(world)).toHaveLength(100)
  })

  it('may be cancelled until it has begun, and not between two of its steps', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 60 })
    const { digest } = await plan(world, { issuer_id: 'iss-web' })
    const first = (await world.call('carol', 'revokeInBulk', { body: { plan: digest } })).body.job.id
    expect((await world.call('alice', 'cancelJob', { id: first })).body.status).toBe('Cancelled')
    const { id } = (await world.call('carol', 'revokeInBulk', { body: { plan: digest } })).body.job
    const told: unknown[] = []
    const load: typeof world.revocables.load = async (targets) => {
      told.push(
        await world.call('alice', 'cancelJob', { id }).then(
          ({ body }) => body.status,
          ({ code }) => code,
        ),
      )
      world.pass(11)
      return world.revocables.load(targets)
    }
    // Cancelled before its first step, whoever had taken it up finds that out when it stores that step.
    expect(await applyChange({ ...world.apply, revocables: { load } }, id)).toBe('in_other_hands')
    expect(told).toEqual(['Cancelled'])
    const third = (await world.call('carol', 'revokeInBulk', { body: { plan: digest } })).body.job.id
    const slow: typeof world.revocables.load = (targets) => {
      world.pass(11)
      return world.revocables.load(targets)
    }
    await applyChange({ ...world.apply, revocables: { load: slow } }, third)
    expect((await world.jobOf(third)).job).toMatchObject({ status: 'Pending', progress: { done: 48 } })
    await expect(world.call('alice', 'cancelJob', { id: third })).rejects.toMatchObject({
      code: 'job_not_cancellable',
      message: expect.stringContaining('48 of 60'),
    })
    await world.drain()
    expect((await world.jobOf(third)).job).toMatchObject({ status: 'Completed', progress: { changed: 60 } })
    expect(listed(world)).toHaveLength(60)
  })

  it('never revokes another set than was planned: a plan that was changed fails its job', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 5 })
    const { digest } = await plan(world, { issuer_id: 'iss-web' })
    const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: digest } })
    const key = { pk: `REVOCATION#${digest}`, sk: 'TARGETS#00000000' }
    world.table.tamper(key, (row) => ({ ...row, lines: (row.lines as string[]).slice(1) }))
    await world.applyJob(body.job.id)
    expect((await world.jobOf(body.job.id)).job).toMatchObject({ status: 'Failed' })
    expect(listed(world)).toEqual([])
  })

  it('counts what was revoked meanwhile, and does not revoke it again', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 5 })
    const { digest } = await plan(world, { issuer_id: 'iss-web' })
    await world.call('alice', 'revokeCertificate', { id: 'mc-iss-web-2' })
    await world.drain()
    expect(await carryOut(world, digest)).toMatchObject({ progress: { matched: 5, done: 5, changed: 4 } })
    expect(listed(world)).toHaveLength(5)
    expect(await plan(world, { profile_id: 'p-dev-web' }).catch(({ code }) => code)).toBe(
      'certificate_not_revocable',
    )
  })

  it('of thousands lists thousands, with one signature', async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { ...web, count: 3000 })
    const { digest, matched } = await plan(world, { issuer_id: 'iss-web' })
    expect(matched).toBe(3000)
    const before = world.signatures.length
    const job = await carryOut(world, digest)
    expect(job).toMatchObject({
      status: 'Completed',
      progress: { matched: 3000, done: 3000, changed: 3000 },
    })
    expect(listed(world)).toHaveLength(3000)
    expect(world.signatures.length - before).toBe(1)
  }, 60_000)
})
