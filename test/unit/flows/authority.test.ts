import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { isTerminal } from '../../../lib/model/job.ts'
import { certificatePlan } from '../../../lib/model/plan.ts'
import { lineJobId } from '../../../lib/model/renewal-batch.ts'
import { batchApproved } from '../../support/batches.ts'
import { asked as askedGrant, renew } from '../../support/grants.ts'
import type { MemoryAuthority } from '../../support/memory-authority.ts'
import { keyOf, publicKeyFor } from '../../support/pki-keys.ts'
import { makeFurnishedWorld, makeWorld, profileBody, type World } from '../../support/world.ts'

const approved = async (world: World, reply: { body: { approval: { id: string } | null } }) => {
  await world.drain()
  if (reply.body.approval !== null) await world.call('bob', 'approve', { id: reply.body.approval.id })
  await world.drain()
}

/** A world with an issuer of AWS Private CA, and a profile that needs nobody else. */
const privateWorld = async (make: () => Promise<World> = makeWorld) => {
  const world = await make()
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

  /** The job's message, delivered until nobody has anything left to do, or for so long. */
  const deliver = async (world: World, job_id: string, seconds: number) => {
    const end = world.now().getTime() + seconds * 1000
    while (world.now().getTime() < end && !isTerminal((await world.jobOf(job_id)).job.status)) {
      await world.issuePrivately(job_id).catch(() => null)
      const { lease } = (await world.jobOf(job_id)).job
      const left = lease === null ? 0 : (Date.parse(lease.until) - world.now().getTime()) / 1000
      world.pass(Math.max(0, left) + 1)
    }
    return world.jobOf(job_id)
  }

  const turnedAway = (name: string) => Object.assign(new Error('as AWS says it'), { name, turned_away: true })

  it.each([
    'ThrottlingException',
    'LimitExceededException',
    'AccessDeniedException',
    'InvalidStateException',
  ])('that turns orders away for ten minutes, and for hours (%s), costs the job nothing', async (name) => {
    const world = await privateWorld()
    world.authority.beforeOrder = () => {
      throw turnedAway(name)
    }
    const { job_id } = await asked(world)
    await world.drain().catch(() => {})
    const waiting = await deliver(world, job_id, 4 * 3600)
    expect(waiting.job).toMatchObject({ status: 'Running', attempts: 0 })
    expect(waiting.events.at(-1)).toMatchObject({ type: 'issuance_postponed', details: { reason: name } })
    world.authority.beforeOrder = () => {}
    world.authority.slow = 2
    const { job, issuance } = await deliver(world, job_id, 3600)
    expect(job).toMatchObject({ status: 'Completed', attempts: 1 })
    expect(world.authority.orders.map(({ period }) => period)).toEqual([issuance?.period])
  })

  it('that turns orders away for more than a day has its job failed, which says why and that nothing was made', async () => {
    const world = await privateWorld()
    world.authority.beforeOrder = () => {
      throw turnedAway('InvalidStateException')
    }
    const { job_id } = await asked(world)
    await world.drain().catch(() => {})
    expect((await deliver(world, job_id, 30 * 3600)).job).toMatchObject({
      status: 'Failed',
      error_message: 'AWS Private CA took no order for it: InvalidStateException',
    })
    expect(world.authority.orders).toEqual([])
  })

  it.each(['MalformedCSRException', 'InvalidArgsException', 'ValidationException'])(
    'that will never take an order (%s) is asked once',
    async (name) => {
      const world = await privateWorld()
      let asks = 0
      world.authority.beforeOrder = () => {
        asks += 1
        throw turnedAway(name)
      }
      const { job_id } = await asked(world)
      await world.drain().catch(() => {})
      expect((await deliver(world, job_id, 600)).job).toMatchObject({
        status: 'Failed',
        error_message: `AWS Private CA took no order for it: ${name}`,
      })
      expect(asks).toBe(1)
    },
  )

  it('that is throttled first and then loses an answer is not asked twice after it may have forgotten', async () => {
    const world = await privateWorld()
    world.authority.beforeOrder = () => {
      throw turnedAway('ThrottlingException')
    }
    const { job_id } = await asked(world)
    await world.drain().catch(() => {})
    await deliver(world, job_id, 1800)
    world.authority.beforeOrder = () => {}
    world.authority.afterOrder = () => {
      throw new Error('the answer got lost')
    }
    await deliver(world, job_id, 120)
    world.authority.beforeOrder = () => {
      throw turnedAway('ThrottlingException')
    }
    const { job, events } = await deliver(world, job_id, 3600)
    const [order] = world.authority.orders
    expect(job.status).toBe('Failed')
    expect(job.error_message).toContain('not known whether AWS made the certificate')
    expect(job.error_message).toContain(String(order?.token))
    expect(events.at(-1)?.details).toMatchObject({ idempotency_token: order?.token })
    expect(world.authority.orders).toHaveLength(1)
  })

  it('that takes an order hours after it was planned is given an hour from then', async () => {
    const world = await privateWorld()
    world.authority.beforeOrder = () => {
      throw turnedAway('ThrottlingException')
    }
    const { job_id } = await asked(world)
    await world.drain().catch(() => {})
    await deliver(world, job_id, 2 * 3600)
    world.authority.beforeOrder = () => {}
    world.authority.slow = 100
    expect((await deliver(world, job_id, 3500)).job.status).toBe('Completed')
  })

  it('that could not make what it took fails the job at once', async () => {
    const world = await privateWorld()
    const { job_id } = await asked(world)
    world.authority.beforeCertificate = () => {
      throw turnedAway('RequestFailedException')
    }
    await world.drain().catch(() => {})
    expect((await deliver(world, job_id, 600)).job).toMatchObject({
      status: 'Failed',
      error_message: expect.stringContaining('AWS could not make'),
    })
  })

  it.each<[string, (world: World, certificate_id: string) => Promise<unknown>, RegExp]>([
    [
      'certificate was revoked',
      async (world, id) =>
        world.call('alice', 'revokeCertificate', { id, body: { reason: 'keyCompromise' } }),
      /missing or revoked/,
    ],
    [
      'issuer was retired',
      async (world) =>
        approved(world, await world.call('carol', 'retireIssuer', { id: 'iss-private', body: {} })),
      /does not issue/,
    ],
  ])('that made a renewal whose %s meanwhile has it taken back there', async (_, meanwhile, said) => {
    const world = await privateWorld()
    const first = await asked(world)
    await settle(world, first.job_id)
    world.authority.slow = 1
    const renewal = await renew(world, first.certificate_id)
    await world.drain()
    expect((await world.jobOf(renewal.id)).events.at(-1)?.type).toBe('certificate_ordered')
    await meanwhile(world, first.certificate_id)
    const { job, events } = await settle(world, renewal.id)
    expect(job).toMatchObject({ status: 'Failed', error_message: expect.stringMatching(said) })
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['certificate_quarantined', 'issuance_failed'])
    expect(world.authority.revoked).toContain(events.at(-2)?.details.serial)
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

  it('is asked for what it made in a batch, although its profile was changed since; and orders no more', async () => {
    const world = await privateWorld()
    const body = { ...profileBody, issuer_id: 'iss-private', requires_approval: true }
    await approved(world, await world.call('carol', 'changeProfile', { id: 'p-private', body }))
    const { certificate_id, approval_id, job_id } = await asked(world)
    await world.call('bob', 'approve', { id: approval_id })
    await settle(world, job_id)
    world.authority.slow = 1
    const batch = await batchApproved(world, { ids: [certificate_id] })
    await world.drain()
    const renewal_id = lineJobId({ job_id: batch.job_id, index: 0 })
    expect((await world.jobOf(renewal_id)).events.at(-1)?.type).toBe('certificate_ordered')
    const edit = await world.call('carol', 'changeProfile', {
      id: 'p-private',
      body: { ...body, name: 'Other' },
    })
    await world.call('bob', 'approve', { id: edit.body.approval.id })
    await world.applyJob(edit.body.job.id)
    expect((await settle(world, renewal_id)).job.status).toBe('Completed')
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

  describe('that issued what is revoked', () => {
    const issued = async (make: () => Promise<World> = makeWorld) => {
      const world = await privateWorld(make)
      const { job_id, certificate_id } = await asked(world)
      await settle(world, job_id)
      const found = await world.certificates.load(certificate_id)
      return { world, certificate_id, serial: found?.versions[0]?.serial ?? '' }
    }

    const revoke = async (world: World, id: string, reason = 'keyCompromise') => {
      const reply = await world.call('alice', 'revokeCertificate', { id, body: { reason } })
      await world.drain().catch(() => {})
      return String(reply.body.job.id)
    }

    const typesOf = async (world: World, job_id: string) =>
      (await world.jobOf(job_id)).events.map(({ type }) => type)

    it('is told, after our own records say so and before the job is over', async () => {
      const { world, certificate_id, serial } = await issued()
      const job_id = await revoke(world, certificate_id)
      expect((await world.jobOf(job_id)).job).toMatchObject({ status: 'Completed', queue: 'acm-pca' })
      expect(await typesOf(world, job_id)).toEqual([
        'revocation_requested',
        'certificate_revoked',
        'certificate_revoked_at_authority',
      ])
      expect((await world.jobOf(job_id)).events.at(-1)).toMatchObject({
        actor: 'worker-acm-pca',
        details: { revoked: [{ issuer_id: 'iss-private', serial }], left: 0 },
      })
      expect(world.authority.revoked).toEqual([serial])
      expect(world.authority.reasons).toEqual(['keyCompromise'])
    })

    it('is told again until it hears; meanwhile the job waits, and nobody can cancel it', async () => {
      const { world, certificate_id, serial } = await issued()
      world.authority.deaf = 2
      const job_id = await revoke(world, certificate_id, 'superseded')
      expect((await world.jobOf(job_id)).job.status).toBe('Pending')
      expect(await world.serials.get('iss-private', serial)).toMatchObject({ status: 'revoked' })
      await expect(world.call('alice', 'cancelJob', { id: job_id })).rejects.toMatchObject({
        code: 'job_not_cancellable',
      })
      world.pass(301)
      await expect(world.sweep()).rejects.toThrow(/InternalFailure/)
      world.pass(301)
      await world.sweep()
      expect((await world.jobOf(job_id)).job.status).toBe('Completed')
      expect(world.authority.revoked).toEqual([serial])
    })

    it('is told once, however often the job is delivered', async () => {
      const { world, certificate_id } = await issued()
      const job_id = await revoke(world, certificate_id)
      await world.issuePrivately(job_id)
      expect(world.authority.revoked).toHaveLength(1)
    })

    it('is told nothing of what is not revoked in our own records', async () => {
      const { world, certificate_id, serial } = await issued()
      const reply = await world.call('alice', 'revokeCertificate', { id: certificate_id })
      const row = [...world.table.rows.values()].find(
        ({ pk, sk }) => pk === `JOB#${reply.body.job.id}` && sk === 'JOB',
      )
      Object.assign(row ?? {}, { queue: 'acm-pca' })
      await expect(world.issuePrivately(reply.body.job.id)).rejects.toThrow(`${serial} is not revoked here`)
      expect(world.authority.revoked).toEqual([])
    })

    it('puts nothing on hold: the job fails, and the certificate is as good as before', async () => {
      const { world, certificate_id, serial } = await issued()
      const job_id = await revoke(world, certificate_id, 'certificateHold')
      expect((await world.jobOf(job_id)).job).toMatchObject({
        status: 'Failed',
        error_message: expect.stringMatching(/knows no hold/),
      })
      expect(await world.serials.get('iss-private', serial)).toMatchObject({ status: 'good' })
      expect(world.authority.revoked).toEqual([])
    })

    it('is told of a revocation in bulk, of all of it and of nothing of other issuers', async () => {
      const { world } = await issued(makeFurnishedWorld)
      const more = await asked(world)
      await settle(world, more.job_id)
      await world.made()
      const selection = { owner: 'pr-alice' }
      const body = { selection, reason: 'privilegeWithdrawn' }
      const plan = await world.call('carol', 'planRevocation', { body })
      const reply = await world.call('carol', 'revokeInBulk', { body: { plan: plan.body.digest } })
      await world.drain()
      const { job, events } = await world.jobOf(String(reply.body.job.id))
      expect(job).toMatchObject({ status: 'Completed', progress: { matched: 3, done: 3, changed: 3 } })
      expect(events.at(-1)?.details).toMatchObject({ left: 0 })
      expect(new Set(world.authority.revoked).size).toBe(2)
    })
  })

  it('is no issuer under a name that the deployment does not declare', async () => {
    const world = await makeWorld()
    const body = { name: 'Other', authority: 'other' }
    await expect(world.call('carol', 'importAuthority', { id: 'iss-x', body })).rejects.toMatchObject({
      code: 'issuer_invalid',
    })
  })
})
