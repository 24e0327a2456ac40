import { describe, expect, it } from 'vitest'
import { readCrl } from '../../../lib/pki/crl-reader.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

const listed = (world: World) => {
  const body = world.published.get('.well-known/pki/crl/iss-web')?.body
  return body === undefined ? [] : [...readCrl(body).entries()]
}

const held = async (profile_id = 'p-dev-web') => {
  const world = await makeFurnishedWorld()
  const asked = await world.ask({ profile_id })
  if (asked.approval_id !== '') await world.call('bob', 'approve', { id: asked.approval_id })
  await world.drain()
  const { certificate_id: id } = asked
  await world.call('alice', 'revokeCertificate', { id, body: { reason: 'certificateHold' } })
  await world.drain()
  const [version] = (await world.certificates.load(id))?.versions ?? []
  return { world, id, serial: version?.serial ?? '' }
}

describe('a hold', () => {
  it('is listed as such, and can be released: then it is on no list', async () => {
    const { world, id, serial } = await held()
    expect(listed(world)).toMatchObject([{ serial, reason: 'certificateHold' }])
    world.pass(60)
    await world.call('alice', 'releaseCertificate', { id })
    await world.drain()
    expect(listed(world)).toEqual([])
    expect(await world.serials.get('iss-web', serial)).toMatchObject({ status: 'good', revoked_at: null })
    expect((await world.certificates.get(id))?.status).toBe('Active')
  })

  it('can become final, from the time it began; then nothing releases it', async () => {
    const { world, id, serial } = await held()
    const since = world.now().toISOString()
    world.pass(60)
    await world.call('alice', 'revokeCertificate', { id, body: { reason: 'keyCompromise' } })
    await world.drain()
    expect(listed(world)).toEqual([{ serial, reason: 'keyCompromise', revoked_at: since }])
    await expect(world.call('alice', 'releaseCertificate', { id })).rejects.toMatchObject({
      code: 'certificate_not_revocable',
    })
  })

  it('under a gated profile is placed by one person and released by two', async () => {
    const { world, id, serial } = await held('p-prod-web')
    world.pass(60)
    const { body } = await world.call('alice', 'releaseCertificate', { id })
    await world.drain()
    expect(body.job.status).toBe('AwaitingApproval')
    expect((await world.serials.get('iss-web', serial))?.status).toBe('revoked')
    await world.call('bob', 'approve', { id: body.approval.id })
    await world.drain()
    expect((await world.jobOf(body.job.id)).job).toMatchObject({ status: 'Completed' })
    expect((await world.serials.get('iss-web', serial))?.status).toBe('good')
  })

  it('that was released and placed again is listed again', async () => {
    const { world, id, serial } = await held()
    world.pass(1)
    await world.call('alice', 'releaseCertificate', { id })
    await world.drain()
    world.pass(1)
    await world.call('alice', 'revokeCertificate', { id, body: { reason: 'certificateHold' } })
    await world.drain()
    expect(listed(world)).toMatchObject([{ serial, revoked_at: world.now().toISOString() }])
  })
})

describe('a revocation of one serial number', () => {
  it.each([
    ['as it is stored', (serial: string) => serial],
    [
      'with leading zeros, colons and capitals',
      (serial: string) => `00:${serial.match(/../g)?.join(':').toUpperCase()}`,
    ],
  ])('takes it %s, and leaves the other versions alone', async (_, written) => {
    const world = await makeFurnishedWorld()
    const { certificate_id: id } = await world.made()
    await world.call('alice', 'renewCertificate', { id })
    await world.drain()
    const [first, second] = (await world.certificates.load(id))?.versions ?? []
    const body = { serial: written(first?.serial ?? ''), invalidity_date: '2026-02-01T00:00:00.000Z' }
    await world.call('alice', 'revokeCertificate', { id, body })
    await world.drain()
    expect(listed(world)).toMatchObject([
      { serial: first?.serial, invalidity_date: '2026-02-01T00:00:00.000Z' },
    ])
    expect((await world.serials.get('iss-web', second?.serial ?? ''))?.status).toBe('good')
    expect((await world.certificates.get(id))?.status).toBe('Active')
  })

  it.each(['01', 'no serial', 'ff'.repeat(30)])(
    'refuses %s, which this certificate never had',
    async (serial) => {
      const world = await makeFurnishedWorld()
      const { certificate_id: id } = await world.made()
      await expect(world.call('alice', 'revokeCertificate', { id, body: { serial } })).rejects.toMatchObject({
        code: 'certificate_not_revocable',
      })
    },
  )
})

describe('what is asked of a certificate, by what it is', () => {
  const make = {
    good: [],
    held: ['certificateHold'],
    revoked: ['superseded'],
    'revoked after a hold': ['certificateHold', 'superseded'],
    'released from a hold': ['certificateHold', 'release'],
  } as const

  const ask = async (world: World, id: string, what: string): Promise<string> => {
    world.pass(60)
    const operation = what === 'release' ? 'releaseCertificate' : 'revokeCertificate'
    const body = what === 'release' ? {} : { reason: what }
    const answer = await world
      .call('alice', operation, { id, body })
      .then(() => 'taken')
      .catch(({ code }: { code: string }) => code)
    await world.drain()
    return answer
  }

  const no = 'certificate_not_revocable'
  // Since when: how many times a minute has passed by then.
  it.each([
    ['good', 'certificateHold', 'taken', { reason: 'certificateHold', since: 1 }],
    ['good', 'keyCompromise', 'taken', { reason: 'keyCompromise', since: 1 }],
    ['good', 'release', no, null],
    ['held', 'certificateHold', 'taken', { reason: 'certificateHold', since: 1 }],
    ['held', 'keyCompromise', 'taken', { reason: 'keyCompromise', since: 1 }],
    ['held', 'release', 'taken', null],
    ['revoked', 'certificateHold', 'taken', { reason: 'superseded', since: 1 }],
    ['revoked', 'keyCompromise', 'taken', { reason: 'superseded', since: 1 }],
    ['revoked', 'release', no, { reason: 'superseded', since: 1 }],
    ['revoked after a hold', 'certificateHold', 'taken', { reason: 'superseded', since: 1 }],
    ['revoked after a hold', 'release', no, { reason: 'superseded', since: 1 }],
    ['released from a hold', 'certificateHold', 'taken', { reason: 'certificateHold', since: 3 }],
    ['released from a hold', 'keyCompromise', 'taken', { reason: 'keyCompromise', since: 3 }],
    ['released from a hold', 'release', no, null],
  ] as const)('%s, asked for %s: %s', async (state, what, answer, after) => {
    const world = await makeFurnishedWorld()
    const { certificate_id: id } = await world.made()
    const begin = world.now().getTime()
    for (const step of make[state]) await ask(world, id, step)
    expect(await ask(world, id, what)).toBe(answer)
    const [version] = (await world.certificates.load(id))?.versions ?? []
    const status = await world.serials.get('iss-web', version?.serial ?? '')
    const since = after === null ? null : new Date(begin + after.since * 60_000).toISOString()
    expect([status?.status, status?.reason ?? null, status?.revoked_at ?? null]).toEqual([
      after === null ? 'good' : 'revoked',
      after?.reason ?? null,
      since,
    ])
    expect(listed(world)).toEqual(
      after === null ? [] : [{ serial: version?.serial, reason: after.reason, revoked_at: since }],
    )
    expect((await world.certificates.get(id))?.status).toBe(after === null ? 'Active' : 'Revoked')
  })
})
