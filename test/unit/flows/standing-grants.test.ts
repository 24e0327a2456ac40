import { beforeEach, describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { issueCertificate } from '../../../lib/flows/issue-certificate.ts'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { isUnbroken } from '../../../lib/model/event.ts'
import { asked, day, granted, inDays, issued, otherKeyCsr, renew } from '../../support/grants.ts'
import {
  csrFor,
  environment,
  makeFurnishedWorld,
  profileBody,
  receiptKeys,
  type World,
} from '../../support/world.ts'

const edit = async (world: World, document: object): Promise<void> => {
  const body = { ...profileBody, requires_approval: true, ...document }
  const { body: answer } = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
  await world.call('bob', 'approve', { id: answer.approval.id })
  await world.drain()
}

/** Says that the key of the first version is in other hands; the newest version stays good. */
const compromiseFirst = async (world: World, id: string): Promise<void> => {
  const serial = (await world.certificates.load(id))?.versions[0]?.serial
  await world.call('alice', 'revokeCertificate', { id, body: { serial, reason: 'keyCompromise' } })
  await world.drain()
}

/** As certificates are from before they renewed by themselves: nothing but the grant keeps their renewals apart. */
const unscheduled = async (world: World, id: string): Promise<void> => {
  const row = (await world.renewals.load(id))?.renewal ?? null
  if (row !== null) world.table.tamper(keys.renewal(id), () => null)
}

const shown = async (world: World, id: string) => (await world.call('dave', 'getGrant', { id })).body

describe('a standing grant', () => {
  let world: World

  beforeEach(async () => {
    world = await makeFurnishedWorld()
  })

  it('is asked for by one person, approved by another, and there only then', async () => {
    const certificate_id = await issued(world)
    const { grant_id, approval_id, job_id } = await asked(world, certificate_id)
    const view = (await world.call('bob', 'getApproval', { id: approval_id })).body
    expect(view.summary).toBe(
      `let ${certificate_id} be renewed 5 times without further approval, once in P30D at most, until ` +
        `${inDays(world, 180)}, for dns:www.example.com, with a key of ECDSA_P256, each for 90 days, ` +
        'under version 1 of profile p-prod-web',
    )
    await expect(shown(world, grant_id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(world.call('alice', 'approve', { id: approval_id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    const { job, events } = await world.jobOf(job_id)
    expect(job.status).toBe('Completed')
    expect(events.map(({ type }) => type)).toEqual([
      'grant_requested',
      'approval_requested',
      'approval_refused',
      'approval_approved',
      'grant_granted',
    ])
    expect(await shown(world, grant_id)).toMatchObject({
      state: 'active',
      used: 0,
      remaining: 5,
      approved_by: ['pr-bob'],
      requested_by: 'pr-alice',
    })
    const listed = await world.call('dave', 'listGrants', { id: certificate_id })
    expect(listed.body.map(({ id }: { id: string }) => id)).toEqual([grant_id])
  })

  it('is not there when it was rejected', async () => {
    const certificate_id = await issued(world)
    const { grant_id, approval_id } = await asked(world, certificate_id)
    await world.call('bob', 'reject', { id: approval_id, body: { note: 'each by hand' } })
    await world.drain()
    await expect(shown(world, grant_id)).rejects.toMatchObject({ code: 'not_found' })
    expect(await renew(world, certificate_id)).toMatchObject({ status: 'AwaitingApproval', grant: null })
  })

  it('is never given under rules that changed while it waited', async () => {
    const certificate_id = await issued(world)
    const { approval_id, job_id } = await asked(world, certificate_id)
    await edit(world, { name: 'Other' })
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect((await world.jobOf(job_id)).job).toMatchObject({
      status: 'Failed',
      error_message: 'the profile was changed since this grant was asked for',
    })
    expect((await world.grants.of(certificate_id)).grants).toEqual([])
  })

  it('takes as many people as the profile asks for', async () => {
    const strict = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const { certificate_id, approval_id } = await strict.ask()
    for (const name of ['bob', 'erin'] as const) await strict.call(name, 'approve', { id: approval_id })
    await strict.drain()
    const grant = await asked(strict, certificate_id)
    await strict.call('bob', 'approve', { id: grant.approval_id })
    await strict.drain()
    expect((await strict.grants.of(certificate_id)).grants).toEqual([])
    await strict.call('erin', 'approve', { id: grant.approval_id })
    await strict.drain()
    expect(await shown(strict, grant.grant_id)).toMatchObject({ approved_by: ['pr-bob', 'pr-erin'] })
    const { id } = await renew(strict, certificate_id)
    await strict.drain()
    expect((await strict.jobOf(id)).job.status).toBe('Completed')
  })

  it.each<[string, object, string]>([
    ['an end in the past', { until: '2026-03-01T11:59:59Z' }, '/until'],
    ['an end after more than a year', { until: '2027-03-03T12:00:00Z' }, '/until'],
    [
      'a name that the certificate has not',
      { subject_alternative_names: [{ type: 'dns', value: 'other.example.com' }] },
      '/subject_alternative_names/0',
    ],
    ['a key that the profile does not allow', { key_algorithms: ['ED25519'] }, '/key_algorithms/0'],
  ])('is refused with %s', async (_, body, pointer) => {
    const certificate_id = await issued(world)
    const refused = asked(world, certificate_id, body)
    await expect(refused).rejects.toMatchObject({ code: 'invalid_body', violations: [{ pointer }] })
  })

  it.each<[string, object]>([
    ['no renewal', { issuances: 0 }],
    ['renewals without number', { issuances: null }],
    ['1,001 renewals', { issuances: 1001 }],
    ['half a renewal', { issuances: 1.5 }],
    ['no period', { period: 'PT0S' }],
    ['a period of nothing', { period: undefined }],
    ['no name', { subject_alternative_names: [] }],
    ['no end', { until: null }],
  ])('cannot be for %s', async (_, body) => {
    const certificate_id = await issued(world)
    await expect(asked(world, certificate_id, body)).rejects.toThrow()
  })

  it.each<[string, (certificate_id: string) => Promise<string>, string]>([
    ['a profile that asks for nobody', async () => (await world.made()).certificate_id, 'conflict'],
    ['a certificate that is not there', async () => 'mc-nothing', 'not_found'],
    [
      'a certificate that was never issued',
      async () => (await world.ask()).certificate_id,
      'certificate_not_renewable',
    ],
  ])('is refused for %s', async (_, prepare, code) => {
    const certificate_id = await prepare('')
    await expect(asked(world, certificate_id)).rejects.toMatchObject({ code })
  })
})

describe('a renewal under a standing grant', () => {
  let world: World

  beforeEach(async () => {
    world = await makeFurnishedWorld()
  })

  it('goes through without a person, and says by which grant', async () => {
    const { certificate_id, grant_id } = await granted(world)
    const job = await renew(world, certificate_id)
    expect(job).toMatchObject({
      status: 'Pending',
      approval_id: null,
      grant: { id: grant_id, number: 1 },
      outside_grants: [],
    })
    await world.drain()
    const file = await world.jobOf(job.id)
    expect(file.events.map(({ type }) => type)).toEqual([
      'renewal_requested',
      'grant_consumed',
      'issuance_planned',
      'certificate_issued',
    ])
    expect(file.events[1]?.details).toEqual({ grant_id, number: 1, window: 0 })
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(2)
    expect(await shown(world, grant_id)).toMatchObject({ used: 1, remaining: 4, last_used_by: job.id })
  })

  it('goes through with a new key of the same kind, and with fewer names', async () => {
    const two = csrFor('www.example.com', 'shop.example.com')
    const certificate_id = await issued(world, { csr: two })
    const { approval_id } = await asked(world, certificate_id)
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    const body = { csr: otherKeyCsr('ECDSA_P256', 'www.example.com') }
    const { id } = await renew(world, certificate_id, body)
    await world.drain()
    expect((await world.jobOf(id)).job.status).toBe('Completed')
  })

  const outside: readonly (readonly [
    string,
    {
      readonly bounds?: object
      readonly before?: (certificate_id: string, grant_id: string) => Promise<unknown>
      readonly body?: object
    },
    string,
  ])[] = [
    [
      'another name',
      { body: { csr: csrFor('www.example.com', 'shop.example.com') } },
      'it has no name dns:shop.example.com',
    ],
    ['another subject', { body: { csr: csrFor('shop.example.com') } }, 'the subject is another one'],
    [
      'another kind of key',
      { body: { csr: otherKeyCsr('RSA_2048', 'www.example.com') } },
      'key RSA_2048 is none of ECDSA_P256',
    ],
    [
      'another key, where it is for one',
      { bounds: { same_key: true }, body: { csr: otherKeyCsr('ECDSA_P256', 'www.example.com') } },
      'it is for another public key',
    ],
    [
      'a second one in a period',
      {
        before: async (id) => {
          await renew(world, id)
          await world.drain()
        },
      },
      'it allows one renewal in P30D',
    ],
    [
      'one more than granted',
      {
        bounds: { issuances: 1 },
        before: async (id) => {
          await renew(world, id)
          await world.drain()
          world.pass(31 * day)
        },
      },
      'its 1 renewals are used up',
    ],
    [
      'one after its end',
      { bounds: { until: '2026-03-11T12:00:00Z' }, before: async () => world.pass(10 * day + 1) },
      'it ended at 2026-03-11T12:00:00.000Z',
    ],
    [
      'a grant that was withdrawn',
      { before: (_, id) => world.call('erin', 'withdrawGrant', { id }) },
      'it was withdrawn by pr-erin',
    ],
    [
      'another version of the profile',
      { before: () => edit(world, { name: 'Other' }) },
      'profile p-prod-web is at version 2, and it was granted under 1',
    ],
    [
      'a compromised key',
      {
        before: async (id) => {
          await renew(world, id)
          await world.drain()
          await compromiseFirst(world, id)
          world.pass(31 * day)
        },
      },
      'a key of the certificate was reported compromised at',
    ],
  ]

  it.each(outside)('waits for a person with %s, and says why to both sides', async (_, given, detail) => {
    const { certificate_id, grant_id } = await granted(world, given.bounds)
    await given.before?.(certificate_id, grant_id)
    const signed = world.signatures.length
    const job = await renew(world, certificate_id, given.body)
    const outside_grants = [{ id: grant_id, detail: expect.stringContaining(detail) }]
    expect(job).toMatchObject({ status: 'AwaitingApproval', grant: null, outside_grants })
    const approval = await world.call('bob', 'getApproval', { id: job.approval_id })
    expect(approval.body).toMatchObject({ outside_grants })
    await world.drain()
    expect(world.signatures).toHaveLength(signed)
    await world.call('bob', 'approve', { id: job.approval_id })
    await world.drain()
    expect((await world.jobOf(job.id)).job.status).toBe('Completed')
  })

  it('waits for a person where the one who asks approved the grant', async () => {
    const { certificate_id } = await granted(world, {}, 'frank')
    expect(await renew(world, certificate_id, {}, 'frank')).toMatchObject({
      status: 'AwaitingApproval',
      outside_grants: [{ detail: 'whoever asks is one of those who approved it' }],
    })
  })

  it('takes no place of a grant for another certificate', async () => {
    await granted(world)
    const other = await issued(world)
    expect(await renew(world, other)).toMatchObject({ status: 'AwaitingApproval', outside_grants: [] })
  })

  it('may come again in the next period, as often as granted', async () => {
    const { certificate_id, grant_id } = await granted(world, { issuances: 2 })
    for (const number of [1, 2]) {
      const job = await renew(world, certificate_id)
      expect(job.grant).toEqual({ id: grant_id, number })
      await world.drain()
      world.pass(30 * day)
    }
    expect((await renew(world, certificate_id)).status).toBe('AwaitingApproval')
    expect(await shown(world, grant_id)).toMatchObject({ state: 'exhausted', remaining: 0 })
  })

  it('lives on after a compromise that was known when it was asked for', async () => {
    const certificate_id = await issued(world)
    const { id, approval_id } = await renew(world, certificate_id)
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect((await world.jobOf(id)).job.status).toBe('Completed')
    await compromiseFirst(world, certificate_id)
    world.pass(1)
    const grant = await asked(world, certificate_id)
    await world.call('bob', 'approve', { id: grant.approval_id })
    await world.drain()
    expect((await renew(world, certificate_id)).status).toBe('Pending')
  })

  it('takes a newer grant first, and an older one where that does not fit', async () => {
    const { certificate_id, grant_id: older } = await granted(world)
    world.pass(60)
    const { grant_id: newer, approval_id } = await asked(world, certificate_id, { same_key: true })
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    const csr = otherKeyCsr('ECDSA_P256', 'www.example.com')
    expect((await renew(world, certificate_id)).grant).toEqual({ id: newer, number: 1 })
    await world.drain()
    expect((await renew(world, certificate_id, { csr })).grant).toEqual({ id: older, number: 1 })
  })

  it('sent many times at once with one Idempotency-Key takes one place, and all get its answer', async () => {
    const { certificate_id, grant_id } = await granted(world)
    const once = { id: certificate_id, body: {}, idempotency_key: 'k1' }
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => world.call('alice', 'renewCertificate', once)),
    )
    expect(new Set(answers.map(({ body }) => body.job.id)).size).toBe(1)
    expect(answers[0]?.body.job.grant).toEqual({ id: grant_id, number: 1 })
    expect(await shown(world, grant_id)).toMatchObject({ used: 1 })
  })

  it('is as open as any other where the profile needs nobody any more', async () => {
    const { certificate_id } = await granted(world)
    const body = { ...profileBody, requires_approval: false }
    const { body: answer } = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
    await world.call('bob', 'approve', { id: answer.approval.id })
    await world.drain()
    const job = await renew(world, certificate_id)
    expect(job).toMatchObject({ status: 'Pending', grant: null, outside_grants: [] })
    await world.drain()
    expect((await world.jobOf(job.id)).job.status).toBe('Completed')
  })

  describe('whose job came to nothing', () => {
    it('gives its place back when nothing of it was on record to be signed', async () => {
      const { certificate_id, grant_id } = await granted(world, { issuances: 1 })
      const first = await renew(world, certificate_id)
      await world.call('alice', 'cancelJob', { id: first.id })
      expect(await shown(world, grant_id)).toMatchObject({ state: 'active', used: 0, remaining: 1 })
      const second = await renew(world, certificate_id)
      expect(second.grant).toEqual({ id: grant_id, number: 1 })
      await world.drain()
      expect((await world.jobOf(second.id)).job.status).toBe('Completed')
      expect((await renew(world, certificate_id)).status).toBe('AwaitingApproval')
    })

    it('gives it back once, whoever asks at the same moment', async () => {
      const { certificate_id } = await granted(world, { issuances: 1 })
      const first = await renew(world, certificate_id)
      await world.call('alice', 'cancelJob', { id: first.id })
      await unscheduled(world, certificate_id)
      const jobs = await Promise.all(Array.from({ length: 10 }, () => renew(world, certificate_id)))
      expect(jobs.filter(({ status }) => status === 'Pending')).toHaveLength(1)
    })

    it('does not give it back once something might have been signed', async () => {
      const { certificate_id } = await granted(world)
      const { id } = await renew(world, certificate_id)
      const down = {
        ...world.kms,
        signer: {
          sign: async () => {
            throw new Error('KMS is down')
          },
        },
      }
      for (let attempt = 0; attempt < 5; attempt += 1) {
        await expect(issueCertificate(down, id)).rejects.toThrow('KMS is down')
        world.pass(61)
      }
      await issueCertificate(down, id)
      expect((await world.jobOf(id)).job.status).toBe('Failed')
      expect((await renew(world, certificate_id)).status).toBe('AwaitingApproval')
      world.pass(30 * day)
      await world.tend()
      expect((await renew(world, certificate_id)).grant.number).toBe(2)
    })
  })

  it('is exact under concurrency: of twenty at once one takes the place, and five periods take five', async () => {
    const { certificate_id, grant_id } = await granted(world, { until: inDays(world, 240) })
    const counts: number[] = []
    for (let period = 0; period < 7; period += 1) {
      await unscheduled(world, certificate_id)
      const jobs = await Promise.all(Array.from({ length: 20 }, () => renew(world, certificate_id)))
      counts.push(jobs.filter(({ status }) => status === 'Pending').length)
      expect(jobs.filter(({ status }) => status === 'AwaitingApproval')).toHaveLength(
        20 - (counts.at(-1) ?? 0),
      )
      await world.drain()
      world.pass(30 * day)
    }
    expect(counts).toEqual([1, 1, 1, 1, 1, 0, 0])
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(6)
    expect(await shown(world, grant_id)).toMatchObject({ used: 5, remaining: 0 })
  })
})

describe('withdrawing a standing grant', () => {
  it.each([
    ['its requester', 'alice'],
    ['an approver who had no part in it', 'erin'],
    ['an approver who approved it', 'bob'],
    ['an admin', 'carol'],
  ] as const)('is done by %s alone and at once, with an event and a receipt', async (_, who) => {
    const world = await makeFurnishedWorld()
    const { certificate_id, grant_id, job_id } = await granted(world)
    await world.call(who, 'withdrawGrant', { id: grant_id, body: { note: 'no longer' } })
    await world.call(who, 'withdrawGrant', { id: grant_id, body: { note: 'again' } })
    expect(await shown(world, grant_id)).toMatchObject({ state: 'withdrawn', withdrawn_by: `pr-${who}` })
    const { job, events } = await world.jobOf(job_id)
    const withdrawals = events.filter(({ type }) => type === 'grant_withdrawn')
    expect(withdrawals).toHaveLength(1)
    expect(withdrawals[0]).toMatchObject({ actor: `pr-${who}`, details: { grant_id, note: 'no longer' } })
    const receipt = String(withdrawals[0]?.details.receipt)
    expect(receiptVerifier(receiptKeys, environment)(receipt)).toMatchObject({
      verdict: 'withdraw',
      decider: { id: `pr-${who}` },
      job_id,
    })
    expect(job.status).toBe('Completed')
    expect((await renew(world, certificate_id)).status).toBe('AwaitingApproval')
  })

  it.each([
    ['as they come', false],
    ['the other way round', true],
  ])('at the same instant as a renewal signs nothing: %s', async (_, reversed) => {
    const world = await makeFurnishedWorld()
    const { certificate_id, grant_id } = await granted(world)
    const before = world.signatures.length
    const both = [
      () => world.call('bob', 'withdrawGrant', { id: grant_id }),
      () => renew(world, certificate_id),
    ]
    await Promise.all((reversed ? both.toReversed() : both).map((act) => act()))
    await world.drain()
    expect(world.signatures).toHaveLength(before)
    expect((await shown(world, grant_id)).state).toBe('withdrawn')
  })

  it('by several at once is one withdrawal, and all are answered', async () => {
    const world = await makeFurnishedWorld()
    const { grant_id, job_id } = await granted(world)
    const people = ['alice', 'bob', 'erin', 'carol'] as const
    const answers = await Promise.all(people.map((who) => world.call(who, 'withdrawGrant', { id: grant_id })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const { events } = await world.jobOf(job_id)
    expect(events.filter(({ type }) => type === 'grant_withdrawn')).toHaveLength(1)
    expect(isUnbroken(job_id, events)).toBe(true)
  })

  it('is not for somebody who has nothing to do with it', async () => {
    const world = await makeFurnishedWorld()
    const { grant_id } = await granted(world)
    const refused = world.call('dave', 'withdrawGrant', { id: grant_id })
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' })
    expect((await shown(world, grant_id)).state).toBe('active')
  })

  it.each(['gr-nothing0', 'gr-aaaaaa'])('of %s, which nobody granted, is not found', async (id) => {
    const world = await makeFurnishedWorld()
    await expect(world.call('bob', 'withdrawGrant', { id })).rejects.toMatchObject({ code: 'not_found' })
  })
})
