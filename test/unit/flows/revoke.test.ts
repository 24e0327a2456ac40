import { describe, expect, it } from 'vitest'
import { recordOf } from '../../../lib/aws/table.ts'
import { publishStatus, refreshStatus } from '../../../lib/flows/publish-status.ts'
import { event, isUnbroken } from '../../../lib/model/event.ts'
import { revocationReasons } from '../../../lib/model/revocation.ts'
import { readCrl, verifyCrl } from '../../../lib/pki/crl-reader.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

const day = 86_400

const crlOf = (world: World, issuer = 'iss-web') => {
  const body = world.published.get(`.well-known/pki/crl/${issuer}`)?.body
  if (body === undefined) throw new Error('no list was published')
  const { number, entries, this_update } = readCrl(body)
  return { body, number: Number(number), this_update, entries: [...entries()] }
}

const serialsOf = async (world: World, certificate_id: string) =>
  ((await world.certificates.load(certificate_id))?.versions ?? []).map(({ serial }) => serial)

const revoke = async (world: World, id: string, body: object = {}) => {
  const reply = await world.call('alice', 'revokeCertificate', { id, body })
  await world.drain()
  return world.jobOf(reply.body.job.id)
}

const renew = async (world: World, id: string) => {
  await world.call('alice', 'renewCertificate', { id })
  await world.drain()
}

describe('a revocation', () => {
  it('takes no approval, and puts the serial, the certificate and the list in one state', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const before = crlOf(world)
    const { job, events } = await revoke(world, certificate_id, { reason: 'keyCompromise', note: 'leaked' })
    const [serial] = await serialsOf(world, certificate_id)
    const revoked_at = world.now().toISOString()
    expect(job).toMatchObject({
      type: 'Revocation',
      status: 'Completed',
      queue: 'apply',
      approval: null,
      reason: 'leaked',
    })
    expect(events.map(({ type }) => type)).toEqual(['revocation_requested', 'certificate_revoked'])
    expect(events.at(-1)).toMatchObject({
      actor: 'worker-apply',
      details: { serials: [serial], requested_by: 'pr-alice', reason: 'keyCompromise' },
    })
    expect((await world.certificates.load(certificate_id))?.versions[0]).toMatchObject({
      revoked_at,
      revocation_reason: 'keyCompromise',
    })
    expect(await world.serials.get('iss-web', serial ?? '')).toMatchObject({
      status: 'revoked',
      revoked_at,
      reason: 'keyCompromise',
    })
    expect((await world.certificates.get(certificate_id))?.status).toBe('Revoked')
    const after = crlOf(world)
    expect(after.number).toBe(before.number + 1)
    expect(after.entries).toEqual([{ serial, revoked_at, reason: 'keyCompromise' }])
  })

  it.each(revocationReasons)('for the reason %s says so in the list', async (reason) => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await revoke(world, certificate_id, { reason })
    expect(crlOf(world).entries[0]?.reason).toBe(reason)
  })

  it('of a gated certificate takes no approval either: it only makes things safer', async () => {
    const world = await makeFurnishedWorld()
    const { approval_id, certificate_id } = await world.ask()
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect((await revoke(world, certificate_id)).job).toMatchObject({ status: 'Completed', approval: null })
  })

  it('ends every version that is still valid, not only the newest', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await renew(world, certificate_id)
    await renew(world, certificate_id)
    await revoke(world, certificate_id)
    const serials = await serialsOf(world, certificate_id)
    expect(serials).toHaveLength(3)
    for (const serial of serials) expect((await world.serials.get('iss-web', serial))?.status).toBe('revoked')
    const listed = crlOf(world).entries.map(({ serial }) => serial)
    expect(listed.toSorted()).toEqual(serials.toSorted())
  })

  it('leaves out versions that have expired', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    world.pass(60 * day)
    await renew(world, certificate_id)
    world.pass(31 * day)
    await revoke(world, certificate_id)
    const [expired, valid] = await serialsOf(world, certificate_id)
    expect(crlOf(world).entries.map(({ serial }) => serial)).toEqual([valid])
    expect((await world.serials.get('iss-web', expired ?? ''))?.status).toBe('good')
  })

  it('asked for twice is done once: the first time and reason stand', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await revoke(world, certificate_id, { reason: 'keyCompromise' })
    const first = crlOf(world)
    world.pass(60)
    const { job } = await revoke(world, certificate_id, { reason: 'superseded' })
    expect(job).toMatchObject({ status: 'Completed', progress: { matched: 1, done: 1, changed: 0 } })
    expect(crlOf(world)).toEqual(first)
  })

  it('of a certificate that has expired is refused', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    world.pass(91 * day)
    await expect(world.call('alice', 'revokeCertificate', { id: certificate_id })).rejects.toMatchObject({
      code: 'certificate_not_revocable',
    })
  })

  it('of a certificate that was never issued, or is not there, is refused', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.ask()
    await expect(world.call('alice', 'revokeCertificate', { id: certificate_id })).rejects.toMatchObject({
      code: 'certificate_not_revocable',
    })
    await expect(world.call('alice', 'revokeCertificate', { id: 'mc-nothing' })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('leaves a version alone that was issued after it was requested', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const { body } = await world.call('alice', 'revokeCertificate', { id: certificate_id })
    const renewal = await world.call('alice', 'renewCertificate', { id: certificate_id })
    await world.issue(renewal.body.job.id)
    await world.applyJob(body.job.id)
    await world.drain()
    const [first, second] = (await world.certificates.load(certificate_id))?.versions ?? []
    expect(first?.revoked_at).not.toBe(null)
    expect(second?.revoked_at).toBe(null)
    expect((await world.certificates.get(certificate_id))?.status).toBe('Active')
  })

  it('of a short-lived certificate is known, but never on a list that its holder was told not to ask', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made({ lifetime: 'PT30M' })
    const { job } = await revoke(world, certificate_id)
    const [serial] = await serialsOf(world, certificate_id)
    expect(job.status).toBe('Completed')
    expect((await world.serials.get('iss-web', serial ?? ''))?.status).toBe('revoked')
    expect(crlOf(world).entries).toEqual([])
  })

  it('goes by the lifetime at issuance, whatever the profile says today', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const document = (await world.profiles.current('p-dev-web'))?.document
    const edit = await world.call('carol', 'changeProfile', {
      id: 'p-dev-web',
      body: { ...document, validity: { default: 'PT10M', max: 'PT30M' } },
    })
    await world.call('bob', 'approve', { id: edit.body.approval.id })
    await world.drain()
    expect((await world.profiles.current('p-dev-web'))?.version).toBe(2)
    await revoke(world, certificate_id)
    expect(crlOf(world).entries).toHaveLength(1)
  })

  it('of a certificate with many versions revokes all of them', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    for (let n = 0; n < 40; n += 1) await renew(world, certificate_id)
    const { job } = await revoke(world, certificate_id)
    expect(job.status).toBe('Completed')
    expect(crlOf(world).entries).toHaveLength(41)
  })
})

describe('a revocation list', () => {
  it('is numbered strictly upwards by however many publishers at once, and verifies', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await revoke(world, certificate_id)
    const first = crlOf(world).number
    await Promise.all(Array.from({ length: 6 }, () => publishStatus(world, 'iss-web')))
    const { body, number } = crlOf(world)
    const issuer = await world.issuers.get('iss-web')
    expect(number).toBe(first + 6)
    expect((await world.lists.head('iss-web', 0))?.number).toBe(number)
    expect(verifyCrl(body, Buffer.from(issuer?.spki ?? '', 'base64'))).toBe(true)
  })

  it('puts every list and responder on record, in one unbroken chain, before its key is used', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await revoke(world, certificate_id)
    await Promise.all([publishStatus(world, 'iss-web'), publishStatus(world, 'iss-web')])
    const chain = []
    for await (const row of world.table.partition('CRL#iss-web#0', 'EVENT#'))
      chain.push(event.parse(recordOf(row)))
    expect(isUnbroken('crl-iss-web-0', chain)).toBe(true)
    const numbers = chain.filter(({ type }) => type === 'crl_planned').map(({ details }) => details.number)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    const recorded = new Set(chain.map(({ details }) => details.tbs_sha256))
    for (const signature of world.signatures.slice(-3)) expect(recorded).toContain(signature)
  })

  it('never replaces a newer one that is there already', async () => {
    const world = await makeFurnishedWorld()
    const path = '.well-known/pki/crl/iss-web'
    const newer = { body: Buffer.from('newer'), order: 1_000_000 }
    world.published.set(path, newer)
    await publishStatus(world, 'iss-web')
    expect(world.published.get(path)).toEqual(newer)
  })

  it('keeps an entry until one list after the certificate has expired', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await revoke(world, certificate_id)
    world.pass(89 * day)
    await publishStatus(world, 'iss-web')
    expect(crlOf(world).entries).toHaveLength(1)
    world.pass(2 * day)
    await publishStatus(world, 'iss-web')
    expect(crlOf(world).entries).toHaveLength(1)
    world.pass(1)
    await publishStatus(world, 'iss-web')
    expect(crlOf(world).entries).toEqual([])
  })

  it('is renewed by the middle of its time, and not before', async () => {
    const world = await makeFurnishedWorld()
    await publishStatus(world, 'iss-web')
    await publishStatus(world, 'iss-root')
    const { number } = crlOf(world)
    world.pass(day / 2 - 10)
    expect(await refreshStatus(world)).toBe(0)
    expect(crlOf(world).number).toBe(number)
    world.pass(10)
    expect(await refreshStatus(world)).toBe(2)
    expect(crlOf(world).number).toBe(number + 1)
  })

  it('is there, empty, with its CA certificate from the moment an issuer is', async () => {
    const world = await makeFurnishedWorld()
    for (const id of ['iss-root', 'iss-web']) {
      const issuer = await world.issuers.get(id)
      expect(crlOf(world, id)).toMatchObject({ entries: [] })
      expect(
        Buffer.from(world.published.get(`.well-known/pki/ca/${id}`)?.body ?? []).toString('base64'),
      ).toBe(issuer?.chain[0])
    }
  })

  it('of an issuer that is not there is not made', async () => {
    const world = await makeFurnishedWorld()
    await publishStatus(world, 'iss-nothing')
    expect(world.signatures).toEqual([])
  })
})
