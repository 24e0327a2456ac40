import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { certificatePlan } from '../../../lib/model/plan.ts'
import { asked as askedGrant, renew } from '../../support/grants.ts'
import type { MemoryAuthority } from '../../support/memory-authority.ts'
import { keyOf, publicKeyFor } from '../../support/pki-keys.ts'
import { makeWorld, profileBody, type World } from '../../support/world.ts'

const approved = async (world: World, reply: { body: { approval: { id: string } | null } }) => {
  await world.drain()
  if (reply.body.approval !== null) await world.call('bob', 'approve', { id: reply.body.approval.id })
  await world.drain()
}

/** A world with an issuer of AWS Private CA, and a profile that needs nobody else. */
const privateWorld = async () => {
  const world = await makeWorld()
  const body = { name: 'Private', authority: 'private' }
  await approved(world, await world.call('carol', 'importAuthority', { id: 'iss-private', body }))
  const profile = { ...profileBody, id: 'p-private', issuer_id: 'iss-private' }
  await approved(world, await world.call('carol', 'createProfile', { body: profile }))
  return world
}

const asked = (world: World) => world.ask({ profile_id: 'p-private' })

/** Delivers the job until it is over, as its queue would. */
const settle = async (world: World, job_id: string) => {
  await world.drain()
  for (let round = 0; round < 10; round += 1) {
    world.pass(5)
    await world.issuePrivately(job_id)
  }
  return world.jobOf(job_id)
}

type Mistake = MemoryAuthority['mistake']

const planned =
  (changes: object): Mistake =>
  ({ plan, period }) => ({ plan: certificatePlan.parse({ ...plan, ...changes }), period })

const mistakes: readonly (readonly [string, Mistake, RegExp])[] = [
  [
    'another name',
    planned({ subject_alternative_names: [{ type: 'dns', value: 'a.example.org' }] }),
    /subject_alternative_name/,
  ],
  [
    'one name more',
    ({ plan, period }) => ({
      plan: {
        ...plan,
        subject_alternative_names: [...plan.subject_alternative_names, { type: 'dns', value: 'b.c' }],
      },
      period,
    }),
    /subject_alternative_name/,
  ],
  ['no names', planned({ subject_alternative_names: [] }), /subject_alternative_name/],
  ['another subject', planned({ subject: [{ type: 'O', value: 'Other' }] }), /subject differs/],
  [
    'another key',
    planned({ public_key: publicKeyFor('ECDSA_P384', keyOf('ECDSA_P384').spki) }),
    /public key differs/,
  ],
  [
    'a longer life',
    ({ plan, period }) => ({ plan, period: { ...period, not_after: '2027-03-01T12:00:00.000Z' } }),
    /validity/,
  ],
  [
    'an earlier start',
    ({ plan, period }) => ({ plan, period: { ...period, not_before: '2026-01-01T00:00:00.000Z' } }),
    /validity/,
  ],
  [
    'a CA',
    planned({
      basic_constraints: { ca: true, path_length: null },
      key_usage: ['digitalSignature', 'keyCertSign'],
    }),
    /basic_constraints/,
  ],
  ['another usage', planned({ key_usage: ['digitalSignature', 'keyAgreement'] }), /key_usage/],
  ['another purpose', planned({ extended_key_usage: ['serverAuth', 'clientAuth'] }), /extended_key_usage/],
  ['a policy', planned({ policies: ['1.2.3.4'] }), /not planned/],
  [
    'another issuer',
    ({ plan, period }) => ({
      plan: { ...plan, issuer: { ...plan.issuer, key_id: 'ff'.repeat(20) } },
      period,
    }),
    /authority_key_identifier/,
  ],
]

describe('AWS Private CA', () => {
  it('issues what was planned, under a serial of its own, after one order', async () => {
    const world = await privateWorld()
    world.authority.slow = 2
    const { job_id, certificate_id } = await asked(world)
    const { job, events } = await settle(world, job_id)
    expect(job).toMatchObject({ status: 'Completed', queue: 'acm-pca', error_message: null })
    expect(events.map(({ type }) => type)).toEqual([
      'certificate_requested',
      'issuance_planned',
      'certificate_ordered',
      'certificate_issued',
    ])
    expect(world.authority.orders).toHaveLength(1)
    expect(world.again.length).toBeGreaterThanOrEqual(1)
    const found = await world.certificates.load(certificate_id)
    const version = found?.versions.at(-1)
    const oracle = new X509Certificate(Buffer.from(version?.der ?? '', 'base64'))
    expect(version?.serial).toBe(oracle.serialNumber.toLowerCase())
    expect(await world.serials.get('iss-private', version?.serial ?? '')).toMatchObject({ status: 'good' })
    expect(oracle.infoAccess).toBeUndefined()
  })

  it.each(mistakes)(
    'that returns %s: quarantined, revoked, alarmed, and the job has failed',
    async (_, mistake, said) => {
      const world = await privateWorld()
      world.authority.mistake = mistake
      const { job_id, certificate_id } = await asked(world)
      const { job, events } = await settle(world, job_id)
      expect(job.status).toBe('Failed')
      expect(job.error_message).toMatch(said)
      expect(events.slice(-2).map(({ type }) => type)).toEqual(['certificate_quarantined', 'issuance_failed'])
      expect(world.authority.revoked).toEqual([events.at(-2)?.details.serial])
      const found = await world.certificates.load(certificate_id)
      expect(found?.versions).toEqual([])
      expect(found?.certificate.status).toBe('Requested')
    },
  )

  it('gets one order, though the worker dies before it puts the order on record', async () => {
    const world = await privateWorld()
    let crashes = 1
    world.authority.afterOrder = () => {
      crashes -= 1
      if (crashes >= 0) throw new Error('the worker died')
    }
    const { job_id } = await asked(world)
    await world.drain().catch(() => {})
    world.pass(61)
    const { job } = await settle(world, job_id)
    expect(job.status).toBe('Completed')
    expect(world.authority.orders).toHaveLength(1)
  })

  it('is never asked twice once it may have forgotten the first time', async () => {
    const world = await privateWorld()
    world.authority.afterOrder = () => {
      throw new Error('the worker died')
    }
    const { job_id } = await asked(world)
    await world.drain().catch(() => {})
    world.pass(300)
    await world.issuePrivately(job_id)
    expect((await world.jobOf(job_id)).job).toMatchObject({
      status: 'Failed',
      error_message: expect.stringMatching(/not ordered twice/),
    })
    expect(world.authority.orders).toHaveLength(1)
  })

  it('that never answers is given up after an hour', async () => {
    const world = await privateWorld()
    world.authority.slow = 1000
    const { job_id } = await asked(world)
    await world.drain()
    world.pass(3601)
    await world.issuePrivately(job_id)
    expect((await world.jobOf(job_id)).job).toMatchObject({ status: 'Failed' })
  })

  /** A renewal under a standing grant, ordered of an authority that takes its time. */
  const orderedUnderGrant = async (world: World) => {
    const body = { ...profileBody, issuer_id: 'iss-private', requires_approval: true }
    await approved(world, await world.call('carol', 'changeProfile', { id: 'p-private', body }))
    const { certificate_id, approval_id, job_id } = await asked(world)
    await world.call('bob', 'approve', { id: approval_id })
    await settle(world, job_id)
    const grant = await askedGrant(world, certificate_id)
    await world.call('bob', 'approve', { id: grant.approval_id })
    await world.drain()
    world.authority.slow = 1
    const renewal = await renew(world, certificate_id)
    await world.drain()
    return { certificate_id, grant_id: grant.grant_id, renewal_id: String(renewal.id) }
  }

  it('is asked for what it made under a standing grant, although that was withdrawn since', async () => {
    const world = await privateWorld()
    const { grant_id, renewal_id } = await orderedUnderGrant(world)
    await world.call('bob', 'withdrawGrant', { id: grant_id })
    expect((await settle(world, renewal_id)).job.status).toBe('Completed')
    expect(world.authority.orders).toHaveLength(2)
  })

  it('gets one order for each place of a standing grant', async () => {
    const world = await privateWorld()
    const { certificate_id, grant_id, renewal_id } = await orderedUnderGrant(world)
    expect((await settle(world, renewal_id)).job.status).toBe('Completed')
    // As if no place had ever been given away.
    world.table.tamper(keys.grantUse(grant_id), () => null)
    const again = await renew(world, certificate_id)
    expect((await settle(world, again.id)).job).toMatchObject({
      status: 'Failed',
      error_message: expect.stringContaining('another job was signed in this place of the grant'),
    })
    expect(world.authority.orders).toHaveLength(2)
  })

  it('is not stood in for by a key of ours', async () => {
    const world = await privateWorld()
    world.authority.slow = 1000
    const { job_id } = await asked(world)
    await world.issue(job_id)
    expect(world.signatures).toEqual([])
    const { job, events } = await world.jobOf(job_id)
    expect(job.status).toBe('Failed')
    expect(events.at(-1)?.type).toBe('signing_refused')
  })

  it('is no issuer under a name that the deployment does not declare', async () => {
    const world = await makeWorld()
    const body = { name: 'Other', authority: 'other' }
    await expect(world.call('carol', 'importAuthority', { id: 'iss-x', body })).rejects.toMatchObject({
      code: 'issuer_invalid',
    })
  })
})
