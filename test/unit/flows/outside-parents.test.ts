import { describe, expect, it } from 'vitest'
import { publishStatus } from '../../../lib/flows/publish-status.ts'
import type { DistinguishedName } from '../../../lib/model/names.ts'
import { keyIdOf } from '../../../lib/pki/key-id.ts'
import { certified, intermediateOf, rootOf, type TestAuthority } from '../../support/pki-chain.ts'
import { anotherKeyOf, keyOf, publicKeyFor } from '../../support/pki-keys.ts'
import { openssl } from '../../support/pki-openssl.ts'
import { csrFor, makeFurnishedWorld, makeWorld, profileBody, type World } from '../../support/world.ts'

const key = { key: anotherKeyOf('ECDSA_P256'), signing_algorithm: 'ECDSA_SHA_256' } as const
const at = new Date('2026-03-01T12:00:00.000Z')
const outside: DistinguishedName = [{ type: 'CN', value: 'Outside Root' }]
const root = rootOf(outside, keyOf('ECDSA_P256'), 'ECDSA_SHA_256', at)

const approved = async (world: World, reply: { body: { approval: { id: string }; job: { id: string } } }) => {
  await world.drain()
  await world.call('bob', 'approve', { id: reply.body.approval.id })
  await world.drain()
  return (await world.jobOf(reply.body.job.id)).job
}

const subject: DistinguishedName = [
  { type: 'O', value: 'Example' },
  { type: 'CN', value: 'Signed Outside' },
]

const requested = async () => {
  const world = await makeWorld()
  const body = { name: 'Outside', key: 'issuing', subject: [...subject] }
  const job = await approved(world, await world.call('carol', 'requestIssuerCsr', { id: 'iss-out', body }))
  expect(job).toMatchObject({ status: 'Completed', queue: 'kms', error_message: null })
  const { body: csr } = await world.call('dave', 'getIssuerCsr', { id: 'iss-out' })
  return { world, csr: String(csr) }
}

/** What a CA outside makes of our request, with one thing changed. */
const answerOf = (csr: string, parent: TestAuthority, changes: object = {}, begins = at): string =>
  certified(csr, parent, { changes, begins })

const importing = (world: World, certificate: string) =>
  world.call('carol', 'importIssuer', { id: 'iss-out', body: { certificate } })

describe('a parent outside', () => {
  it('is asked with a request that OpenSSL verifies, signed by the CA key', async () => {
    const { csr } = await requested()
    const { stdout, stderr } = openssl(
      { 'ca.csr': csr },
      'req',
      '-in',
      'ca.csr',
      '-verify',
      '-noout',
      '-text',
    )
    expect(stdout + stderr).toMatch(/verify OK/)
    expect(stdout).toMatch(/CA:TRUE/)
    expect(stdout).toMatch(/Certificate Sign, CRL Sign/)
  })

  it('makes an issuer that issues, once its certificate was imported and approved', async () => {
    const { world, csr } = await requested()
    const job = await approved(world, await importing(world, answerOf(csr, root) + root.pem))
    expect(job).toMatchObject({ status: 'Completed', queue: 'apply', error_message: null })
    const issuer = await world.issuers.get('iss-out')
    expect(issuer).toMatchObject({ key: 'issuing', status: 'active', parent_id: null, path_length: 0 })
    expect(issuer?.facts.key_id).toBe(keyIdOf(Buffer.from(issuer?.spki ?? '', 'base64')))
    const profile = { ...profileBody, id: 'p-out', issuer_id: 'iss-out' }
    await approved(world, await world.call('carol', 'createProfile', { body: profile }))
    const { certificate_id } = await world.ask({ profile_id: 'p-out' })
    await world.drain()
    const { body: chain } = await world.call('dave', 'getCertificateChain', { id: certificate_id })
    const [leaf = '', ...above] = String(chain).split(/(?<=-----END CERTIFICATE-----\n)/)
    const files = { 'leaf.pem': leaf, 'above.pem': above.join(''), 'root.pem': root.pem }
    const args = [
      '-attime',
      String(at.getTime() / 1000 + 60),
      '-CAfile',
      'root.pem',
      '-untrusted',
      'above.pem',
    ]
    const { stdout, stderr } = openssl(files, 'verify', '-x509_strict', ...args, 'leaf.pem')
    expect(stdout + stderr).toBe('leaf.pem: OK\n')
  })

  it('may have a clock that is ahead: what is issued at once begins with the CA', async () => {
    const { world, csr } = await requested()
    const ahead = new Date(at.getTime() + 240_000)
    const young = rootOf(outside, keyOf('ECDSA_P256'), 'ECDSA_SHA_256', ahead)
    const made = answerOf(csr, young, {}, ahead)
    await approved(world, await importing(world, made + young.pem))
    const profile = { ...profileBody, id: 'p-out', issuer_id: 'iss-out' }
    await approved(world, await world.call('carol', 'createProfile', { body: profile }))
    expect(world.now() < ahead).toBe(true)
    const { certificate_id, job_id } = await world.ask({ profile_id: 'p-out' })
    await world.drain()
    expect((await world.jobOf(job_id)).job).toMatchObject({ status: 'Completed', attempts: 1 })
    const { body: versions } = await world.call('dave', 'listCertificateVersions', {
      id: certificate_id,
      query: { limit: 50 },
    })
    expect(versions).toMatchObject([{ not_before: ahead.toISOString() }])
  })

  it('may not be ahead by more than five minutes', async () => {
    const { world, csr } = await requested()
    const made = answerOf(csr, root, {}, new Date(at.getTime() + 360_000))
    await expect(importing(world, made + root.pem)).rejects.toMatchObject({
      code: 'issuer_invalid',
      message: 'certificate 0 begins at 2026-03-01T12:06:00.000Z',
    })
  })

  it('is asked for nothing without a second person', async () => {
    const world = await makeWorld()
    const body = { name: 'Outside', key: 'issuing', subject: [...subject] }
    const { body: answer } = await world.call('carol', 'requestIssuerCsr', { id: 'iss-out', body })
    expect(answer.job.status).toBe('AwaitingApproval')
    await world.issue(answer.job.id)
    expect(world.signatures).toEqual([])
    await expect(world.call('dave', 'getIssuerCsr', { id: 'iss-out' })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  const stranger = rootOf(outside, anotherKeyOf('ECDSA_P256'), 'ECDSA_SHA_256', at)

  it.each<[string, (csr: string) => string, RegExp]>([
    ['nothing', () => 'nothing', /no PEM certificate/],
    ['no root above it', (csr) => answerOf(csr, root), /names another issuer/],
    [
      'another root of the same name',
      (csr) => answerOf(csr, root) + stranger.pem,
      /not signed by the one above/,
    ],
    [
      'another key',
      (csr) => answerOf(csr, root, { public_key: publicKeyFor('ECDSA_P256', key.key.spki) }) + root.pem,
      /another key/,
    ],
    [
      'no CA',
      (csr) =>
        answerOf(csr, root, {
          basic_constraints: { ca: false, path_length: null },
          key_usage: ['digitalSignature'],
        }) + root.pem,
      /of no CA/,
    ],
    [
      'no right to sign CRLs',
      (csr) => answerOf(csr, root, { key_usage: ['digitalSignature', 'keyCertSign'] }) + root.pem,
      /CRLs/,
    ],
    [
      'an end that is past',
      (csr) =>
        answerOf(csr, root, { validity: { lifetime_seconds: 60, backdate_seconds: 86_400 } }) + root.pem,
      /certificate 0 ended at 2026-03-01T12:00:59.000Z/,
    ],
    [
      'a CA above that may have none below',
      (csr) => {
        const low = intermediateOf(root, [{ type: 'CN', value: 'Low' }], key, at)
        return answerOf(csr, low) + low.pem + root.pem
      },
      /allows 0 CAs below/,
    ],
  ])('cannot make an issuer with %s', async (name, made, complaint) => {
    const { world, csr } = await requested()
    if (name === 'an end that is past') world.pass(3600)
    await expect(importing(world, made(csr))).rejects.toMatchObject({
      code: 'issuer_invalid',
      message: expect.stringMatching(complaint),
    })
  })
})

describe('a retired issuer', () => {
  it('issues nothing more; its list and its responder go on', async () => {
    const world = await makeFurnishedWorld()
    const waiting = await world.ask({ profile_id: 'p-prod-web' })
    await world.drain()
    const job = await approved(world, await world.call('carol', 'retireIssuer', { id: 'iss-web', body: {} }))
    expect(job).toMatchObject({ status: 'Completed', error_message: null })
    await expect(world.ask({ profile_id: 'p-dev-web', csr: csrFor('a.example.com') })).rejects.toMatchObject({
      code: 'issuer_inactive',
    })
    await world.call('bob', 'approve', { id: waiting.approval_id })
    await world.drain()
    expect((await world.jobOf(waiting.job_id)).job).toMatchObject({
      status: 'Failed',
      error_message: 'issuer iss-web does not issue',
    })
    const before = world.signatures.length
    world.pass(86_400)
    await publishStatus(world.kms, 'iss-web')
    expect(world.signatures.length).toBeGreaterThan(before + 1)
  })

  it('cannot be retired twice, nor by one person', async () => {
    const world = await makeFurnishedWorld()
    const reply = await world.call('carol', 'retireIssuer', { id: 'iss-web', body: {} })
    expect(reply.body.job.status).toBe('AwaitingApproval')
    await world.applyJob(reply.body.job.id)
    expect((await world.issuers.get('iss-web'))?.status).toBe('active')
    await approved(world, reply)
    await expect(world.call('carol', 'retireIssuer', { id: 'iss-web', body: {} })).rejects.toMatchObject({
      code: 'issuer_inactive',
    })
  })
})
