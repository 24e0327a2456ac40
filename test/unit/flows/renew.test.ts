import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodePem } from '../../../lib/pki/pem.ts'
import { commonName, csrOf, dnsNames, extensionRequest } from '../../support/pki-csr.ts'
import { anotherKeyOf } from '../../support/pki-keys.ts'
import { csrFor, makeFurnishedWorld, profileBody, type World } from '../../support/world.ts'

const newCsr = (name: string): string => {
  const { spki, privateKey } = anotherKeyOf('ECDSA_P256')
  const attributes = [extensionRequest(dnsNames(name))]
  return encodePem('CERTIFICATE REQUEST', csrOf({ subject: commonName(name), attributes, spki, privateKey }))
}

const renewed = async (world: World, id: string, body: object = {}) => {
  const reply = await world.call('alice', 'renewCertificate', { id, body })
  await world.drain()
  return world.jobOf(reply.body.job.id)
}

const keysOf = async (world: World, id: string) =>
  ((await world.certificates.load(id))?.versions ?? []).map(({ der }) =>
    new X509Certificate(Buffer.from(der, 'base64')).publicKey.export({ format: 'pem', type: 'spki' }),
  )

const editDev = async (world: World, document: object) => {
  const body = { ...profileBody, ...document }
  const edit = await world.call('carol', 'changeProfile', { id: 'p-dev-web', body })
  await world.call('bob', 'approve', { id: edit.body.approval.id })
  await world.drain()
}

describe('a renewal', () => {
  it('without a CSR makes a new version with the same key and names, and another serial', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    world.pass(86_400)
    const { job, content, events } = await renewed(world, certificate_id)
    expect(job).toMatchObject({ type: 'Renewal', status: 'Completed', certificate_id })
    expect(content).toMatchObject({ replaces: 1 })
    expect(events[0]).toMatchObject({ type: 'renewal_requested', resource: certificate_id })
    const found = await world.certificates.load(certificate_id)
    const [first, second] = found?.versions ?? []
    expect(found?.certificate).toMatchObject({
      status: 'Active',
      current_version: 2,
      not_after: second?.not_after,
    })
    expect(second?.serial).not.toBe(first?.serial)
    expect(Date.parse(second?.not_after ?? '') - Date.parse(first?.not_after ?? '')).toBe(86_400_000)
    const [a, b] = await keysOf(world, certificate_id)
    expect(b).toBe(a)
  })

  it('with a new CSR certifies the new key', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const { job } = await renewed(world, certificate_id, { csr: newCsr('www.example.com') })
    expect(job.status).toBe('Completed')
    const [a, b] = await keysOf(world, certificate_id)
    expect(b).not.toBe(a)
    await renewed(world, certificate_id)
    const [, , c] = await keysOf(world, certificate_id)
    expect(c).toBe(b)
  })

  it('without a CSR is refused where the profile wants a new key', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await editDev(world, { allow_key_reuse: false })
    await expect(world.call('alice', 'renewCertificate', { id: certificate_id })).rejects.toMatchObject({
      code: 'certificate_not_renewable',
      message: expect.stringContaining('new CSR'),
    })
    expect((await renewed(world, certificate_id, { csr: newCsr('www.example.com') })).job.status).toBe(
      'Completed',
    )
  })

  // Else the rule would be kept by sending the old request once more.
  it('with the CSR it already has is refused where the profile wants a new key', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made({ csr: csrFor('www.example.com') })
    await editDev(world, { allow_key_reuse: false })
    const again = world.call('alice', 'renewCertificate', {
      id: certificate_id,
      body: { csr: csrFor('www.example.com') },
    })
    await expect(again).rejects.toMatchObject({ code: 'certificate_not_renewable' })
  })

  it('is held against the profile in force now, not that of the first version', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await editDev(world, { subject_alternative_names: { dns: { domains: ['example.org'] } } })
    await expect(world.call('alice', 'renewCertificate', { id: certificate_id })).rejects.toMatchObject({
      code: 'profile_violation',
    })
  })

  it('waits for approval when the profile became gated since the first version', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await editDev(world, { requires_approval: true })
    const { job } = await renewed(world, certificate_id)
    expect(job).toMatchObject({ status: 'AwaitingApproval', owner: 'pr-alice' })
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(1)
  })

  it('that gives other names is held against the profile', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const body = { csr: newCsr('www.example.org') }
    await expect(world.call('alice', 'renewCertificate', { id: certificate_id, body })).rejects.toMatchObject(
      { code: 'profile_violation', violations: expect.any(Array) },
    )
  })

  it.each([
    ['that was never issued', (world: World) => world.ask()],
    [
      'that is revoked',
      async (world: World) => {
        const asked = await world.made()
        await world.call('alice', 'revokeCertificate', { id: asked.certificate_id })
        await world.drain()
        return asked
      },
    ],
  ])('of a certificate %s is refused', async (_, prepare) => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await prepare(world)
    await expect(world.call('alice', 'renewCertificate', { id: certificate_id })).rejects.toMatchObject({
      code: 'certificate_not_renewable',
    })
  })

  it.each([['a certificate', 'mc-nothing', 'no certificate mc-nothing']])(
    'of %s that is not there is not found',
    async (_, id, message) => {
      const world = await makeFurnishedWorld()
      await expect(world.call('alice', 'renewCertificate', { id })).rejects.toMatchObject({
        code: 'not_found',
        message,
      })
    },
  )

  it('under a profile that was deleted is refused', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const { body } = await world.call('carol', 'deleteProfile', { id: 'p-dev-web' })
    await world.call('bob', 'approve', { id: body.approval.id })
    await world.drain()
    await expect(world.call('alice', 'renewCertificate', { id: certificate_id })).rejects.toMatchObject({
      code: 'not_found',
      message: 'no profile p-dev-web',
    })
  })

  it('of a certificate that was revoked meanwhile fails for good, and uses no key', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const { body } = await world.call('alice', 'renewCertificate', { id: certificate_id })
    const revocation = await world.call('alice', 'revokeCertificate', { id: certificate_id })
    await world.applyJob(revocation.body.job.id)
    const before = world.signatures.length
    await world.issue(body.job.id)
    const { job, events } = await world.jobOf(body.job.id)
    expect(job).toMatchObject({ status: 'Failed', error_message: expect.stringContaining('revoked') })
    expect(events.at(-1)?.type).toBe('issuance_failed')
    expect(world.signatures).toHaveLength(before)
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(1)
  })
})
