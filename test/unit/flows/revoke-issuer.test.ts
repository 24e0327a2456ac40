import { describe, expect, it } from 'vitest'
import { answerOcsp } from '../../../lib/flows/answer-ocsp.ts'
import { publishStatus } from '../../../lib/flows/publish-status.ts'
import { readCertificate } from '../../../lib/pki/certificate-reader.ts'
import { readCrl } from '../../../lib/pki/crl-reader.ts'
import { encodePem } from '../../../lib/pki/pem.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { csrFor, makeFurnishedWorld, profileBody, type World } from '../../support/world.ts'

type Reply = Awaited<ReturnType<World['call']>>

const approve = async (world: World, { body }: Reply) => {
  await world.call('bob', 'approve', { id: body.approval.id })
  await world.drain()
  return world.jobOf(body.job.id)
}

const revoke = (world: World, id = 'iss-web', body: object = { reason: 'cACompromise' }) =>
  world.call('carol', 'revokeIssuer', { id, body })

const derOf = async (world: World, id: string, depth = 0) =>
  Buffer.from((await world.issuers.get(id))?.chain[depth] ?? '', 'base64')

const serialOf = async (world: World, id: string) => readCertificate(await derOf(world, id)).serial

const listAt = (world: World, path: string) => {
  const body = world.published.get(`.well-known/pki/crl/${path}`)?.body ?? new Uint8Array()
  return { body, entries: [...readCrl(body).entries()] }
}

const pemOf = (der: Uint8Array) => encodePem('CERTIFICATE', der)
const crlPem = (der: Uint8Array) => encodePem('X509 CRL', der)

/** A root with four lists, a CA below it, and one below that. */
const furnishDeep = async () => {
  const world = await makeFurnishedWorld()
  const ca = { type: 'kms', lifetime: 'P900D' }
  const named = (CN: string) => [{ type: 'CN', value: CN }]
  for (const body of [
    { id: 'iss-top', key: 'root', path_length: 2, crl_shards: 4, subject: named('Top') },
    {
      id: 'iss-mid',
      key: 'issuing',
      path_length: 1,
      parent_id: 'iss-top',
      lifetime: 'P800D',
      subject: named('Mid'),
    },
    {
      id: 'iss-low',
      key: 'root',
      path_length: 0,
      parent_id: 'iss-mid',
      lifetime: 'P700D',
      subject: named('Low'),
    },
  ])
    await approve(
      world,
      await world.call('carol', 'createIssuer', { body: { ...ca, name: body.id, ...body } }),
    )
  const profile = { ...profileBody, id: 'p-low', issuer_id: 'iss-low' }
  await approve(world, await world.call('carol', 'createProfile', { body: profile }))
  return world
}

describe('the revocation of a CA certificate', () => {
  it('takes a second person, and does nothing before', async () => {
    const world = await makeFurnishedWorld()
    const reply = await revoke(world)
    expect(reply.body).toMatchObject({
      job: { type: 'IssuerChange', status: 'AwaitingApproval', issuer_id: 'iss-web' },
      approval: { quorum: 1 },
    })
    await expect(world.call('carol', 'approve', { id: reply.body.approval.id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
    await world.drain()
    expect(await world.applyJob(reply.body.job.id)).toBe('refused')
    await world.drain()
    expect(listAt(world, 'iss-root').entries).toEqual([])
    expect((await world.issuers.get('iss-web'))?.status).toBe('active')
  })

  it("is on its parent's list, in OCSP, on record, and retires the issuer", async () => {
    const world = await makeFurnishedWorld()
    const waiting = await world.ask({ profile_id: 'p-prod-web' })
    const serial = await serialOf(world, 'iss-web')
    const { job, events } = await approve(world, await revoke(world))
    const revoked_at = world.now().toISOString()
    expect(job).toMatchObject({ status: 'Completed', queue: 'apply' })
    expect(events.slice(-2)).toMatchObject([
      {
        type: 'certificate_revoked',
        details: { serials: [serial], reason: 'cACompromise', requested_by: 'pr-carol' },
      },
      { type: 'issuer_changed', details: { issuer_id: 'iss-web', operation: 'revoke' } },
    ])
    expect(listAt(world, 'iss-root').entries).toEqual([{ serial, revoked_at, reason: 'cACompromise' }])
    expect((await world.call('dave', 'getIssuer', { id: 'iss-web' })).body).toMatchObject({
      status: 'retired',
      revoked_at,
      revocation_reason: 'cACompromise',
    })
    await expect(world.ask({ profile_id: 'p-dev-web', csr: csrFor('a.example.com') })).rejects.toMatchObject({
      code: 'issuer_inactive',
    })
    await world.call('bob', 'approve', { id: waiting.approval_id })
    await world.drain()
    expect((await world.jobOf(waiting.job_id)).job.status).toBe('Failed')
    // Whoever has not seen it yet goes on asking about what it issued.
    const before = world.signatures.length
    await publishStatus(world, 'iss-web')
    expect(world.signatures.length).toBe(before + 1)
  })

  it('is believed by OpenSSL: what was good below it is refused, by list and by OCSP', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const [version] = (await world.certificates.load(certificate_id))?.versions ?? []
    const files = async () => ({
      'root.pem': pemOf(await derOf(world, 'iss-root')),
      'web.pem': pemOf(await derOf(world, 'iss-web')),
      'leaf.pem': pemOf(Buffer.from(version?.der ?? '', 'base64')),
      'root.crl': crlPem(listAt(world, 'iss-root').body),
      'web.crl': crlPem(listAt(world, 'iss-web').body),
    })
    const at = () => ['-attime', String(Math.floor(world.now().getTime() / 1000))]
    const lists = ['-crl_check_all', '-CRLfile', 'root.crl', '-CRLfile', 'web.crl']
    const verdict = async () => {
      const about = ['-CAfile', 'root.pem', '-untrusted', 'web.pem', 'leaf.pem']
      const { stdout, stderr } = openssl(await files(), 'verify', '-x509_strict', ...at(), ...lists, ...about)
      return stdout + stderr
    }
    expect(await verdict()).toContain('leaf.pem: OK')
    await approve(world, await revoke(world))
    expect(await verdict()).toMatch(/error 23 at 1 depth lookup: certificate revoked/)
    const deps = {
      ...world,
      unseal: async (sealed: string) => Buffer.from(sealed, 'base64'),
      isPassing: () => false,
      onFault: (error: unknown) => {
        throw error
      },
    }
    const { body } = await answerOcsp(deps, 'iss-root', { serial: await serialOf(world, 'iss-web') })
    const asked = [
      'ocsp',
      '-respin',
      'a.resp',
      '-resp_text',
      '-CAfile',
      'root.pem',
      '-verify_other',
      'root.pem',
    ]
    const { stdout, stderr } = openssl({ ...(await files()), 'a.resp': body }, ...asked, ...at())
    expect(stdout + stderr).toContain('Response verify OK')
    expect(stdout).toContain(`Serial Number: ${(await serialOf(world, 'iss-web')).toUpperCase()}`)
    expect(stdout).toContain('Cert Status: revoked')
    expect(stdout).toContain('Revocation Reason: cACompromise')
  })

  it('of a sharded parent is on the one list that the certificate names, and ends what is below it, too', async () => {
    const world = await furnishDeep()
    const asked = await world.ask({ profile_id: 'p-low', csr: csrFor('b.example.com') })
    const der = await derOf(world, 'iss-mid')
    const [, shard] = /iss-top\/(\d)/.exec(der.toString('latin1')) ?? []
    const { job } = await approve(world, await revoke(world, 'iss-mid', { reason: 'superseded' }))
    expect(job.status).toBe('Completed')
    const serial = await serialOf(world, 'iss-mid')
    for (const other of ['0', '1', '2', '3'])
      expect(listAt(world, `iss-top/${other}`).entries.map((entry) => entry.serial)).toEqual(
        other === shard ? [serial] : [],
      )
    await world.issue(asked.job_id)
    const late = await world.ask({ profile_id: 'p-low', csr: csrFor('c.example.com') })
    await world.drain()
    expect((await world.jobOf(late.job_id)).job).toMatchObject({
      status: 'Failed',
      error_message: expect.stringContaining('issuer iss-mid above iss-low is revoked'),
    })
  })

  it('of an issuer that was retired before works as well, and is done once', async () => {
    const world = await makeFurnishedWorld()
    await approve(world, await world.call('carol', 'retireIssuer', { id: 'iss-web', body: {} }))
    const [first, second] = [await revoke(world), await revoke(world, 'iss-web', { reason: 'superseded' })]
    expect((await approve(world, first)).job.status).toBe('Completed')
    expect((await approve(world, second)).job).toMatchObject({
      status: 'Failed',
      error_message: 'the issuer was changed since this was asked',
    })
    expect(listAt(world, 'iss-root').entries).toMatchObject([{ reason: 'cACompromise' }])
    await expect(revoke(world)).rejects.toMatchObject({ code: 'certificate_not_revocable' })
  })

  it.each([
    ['a root: no list of its own can take trust from it', 'iss-root', 'certificate_not_revocable'],
    ['an issuer that is not there', 'iss-nothing', 'not_found'],
  ])('is refused for %s', async (_, id, code) => {
    const world = await makeFurnishedWorld()
    await expect(revoke(world, id)).rejects.toMatchObject({ code })
  })

  it('is refused once the CA certificate has ended', async () => {
    const world = await makeFurnishedWorld()
    world.pass(1826 * 86_400)
    await expect(revoke(world)).rejects.toMatchObject({ code: 'certificate_not_revocable' })
  })

  it('is never only a hold', async () => {
    const world = await makeFurnishedWorld()
    await expect(revoke(world, 'iss-web', { reason: 'certificateHold' })).rejects.toThrow('reason')
  })
})
