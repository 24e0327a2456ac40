import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { renewalPrincipal } from '../../../lib/model/renewal-principal.ts'
import { encodePem } from '../../../lib/pki/pem.ts'
import { commonName, csrOf, dnsNames, extensionRequest } from '../../support/pki-csr.ts'
import { anotherKeyOf } from '../../support/pki-keys.ts'
import { csrFor, makeFurnishedWorld, profileBody, type World } from '../../support/world.ts'

const day = 86_400

const newCsr = (name = 'www.example.com'): string => {
  const { spki, privateKey } = anotherKeyOf('ECDSA_P256')
  const attributes = [extensionRequest(dnsNames(name))]
  return encodePem('CERTIFICATE REQUEST', csrOf({ subject: commonName(name), attributes, spki, privateKey }))
}

const rowOf = async (world: World, id: string) => {
  const row = (await world.renewals.load(id))?.renewal
  if (row === null || row === undefined) throw new Error(`no renewal of ${id}`)
  return row
}

/** Moves the clock to an instant. */
const until = (world: World, instant: string | null): void => {
  if (instant === null) throw new Error('never')
  world.pass(Math.ceil((Date.parse(instant) - world.now().getTime()) / 1000))
}

/** Moves the clock to when something is next to do about a certificate, and sweeps. */
const sweepAtNext = async (world: World, id: string) => {
  until(world, (await rowOf(world, id)).next_at)
  return world.renew()
}

/** So many seconds in which the schedule did its work. */
const sweptUntil = async (world: World, seconds: number): Promise<void> => {
  for (let passed = 0; passed < seconds; passed += 10 * day) {
    world.pass(Math.min(10 * day, seconds - passed))
    await world.renew()
  }
}

const jobsOf = async (world: World, certificate_id: string) =>
  (await world.jobs.list({ certificate_id, type: 'Renewal' }, { limit: 50, after: null })).rows

const told = async (world: World, id: string) => {
  const rows = []
  for await (const row of world.table.partition(keys.certificate(id).pk, 'EVENT#')) rows.push(row)
  return rows.map(({ type, details }) => ({ type, details }) as { type: string; details: object })
}

const edit = async (world: World, id: string, document: object) => {
  const gated = id === 'p-prod-web' ? { requires_approval: true } : {}
  const body = { ...profileBody, ...gated, ...document }
  const change = await world.call('carol', 'changeProfile', { id, body })
  await world.call('bob', 'approve', { id: change.body.approval.id })
  await world.drain()
}

/** A certificate of alice's under the gated profile. */
const gated = async (world: World, body: object = {}) => {
  const asked = await world.ask(body)
  await world.call('bob', 'approve', { id: asked.approval_id })
  await world.drain()
  return asked
}

const approvalOf = (job_id: string): string => job_id.replace('job-', 'ar-')

describe('a certificate that is issued', () => {
  it('is in the index with the transaction that issues it, and renews by itself in its window', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const row = await rowOf(world, certificate_id)
    expect(row).toMatchObject({ state: 'scheduled', certificate_version: 1, csr_by: 'pr-alice', attempts: 0 })
    expect(await world.renew()).toMatchObject({ due: 0, opened: 0 })
    expect(await sweepAtNext(world, certificate_id)).toMatchObject({ due: 1, opened: 1, faults: 0 })
    const [job] = await jobsOf(world, certificate_id)
    expect(job).toMatchObject({ status: 'Pending', requested_by: renewalPrincipal.id, owner: 'pr-alice' })
    await world.drain()
    const found = await world.certificates.load(certificate_id)
    expect(found?.versions).toHaveLength(2)
    const next = await rowOf(world, certificate_id)
    expect(next).toMatchObject({
      state: 'scheduled',
      certificate_version: 2,
      csr_by: 'pr-alice',
      attempts: 0,
    })
    expect(next.next_at).not.toBe(row.next_at)
    expect(await told(world, certificate_id)).toEqual([])
  })

  it('goes on doing so, on behalf of the same person', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    for (const versions of [2, 3, 4]) {
      await sweepAtNext(world, certificate_id)
      await world.drain()
      expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(versions)
    }
    for (const { id } of await jobsOf(world, certificate_id))
      expect((await world.jobOf(id)).content).toMatchObject({ on_behalf_of: 'pr-alice' })
  })

  it('under a profile without renewals stays off, and its owner is told before it ends', async () => {
    const world = await makeFurnishedWorld()
    await edit(world, 'p-dev-web', { renewal: { enabled: false } })
    const { certificate_id } = await world.made({ team: 'web' })
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'off' })
    for (let alerts = 0; alerts < 6; alerts += 1) await sweepAtNext(world, certificate_id)
    expect((await rowOf(world, certificate_id)).next_at).toBeNull()
    expect((await told(world, certificate_id)).map(({ details }) => details)).toMatchObject([
      { threshold: 'P30D', urgency: 'low', owner: 'pr-alice', team: 'web', renewal: 'off' },
      { threshold: 'P14D', urgency: 'high' },
      { threshold: 'P7D', urgency: 'high' },
      { threshold: 'P1D', urgency: 'high' },
      { threshold: 'PT1H', urgency: 'critical', seconds_left: 3600 },
      { threshold: 'PT0S', urgency: 'critical', seconds_left: 0 },
    ])
    expect(await jobsOf(world, certificate_id)).toEqual([])
  })
})

describe('a sweep', () => {
  it('that runs twice at once opens one renewal', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    until(world, (await rowOf(world, certificate_id)).next_at)
    const swept = await Promise.all([world.renew(), world.renew(), world.renew()])
    expect(swept.reduce((sum, { opened }) => sum + opened, 0)).toBe(1)
    await world.renew()
    expect(await jobsOf(world, certificate_id)).toHaveLength(1)
  })

  it('opens nothing beside a renewal that somebody asked for', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    until(world, (await rowOf(world, certificate_id)).next_at)
    await world.call('alice', 'renewCertificate', { id: certificate_id })
    await world.renew()
    expect(await jobsOf(world, certificate_id)).toHaveLength(1)
    await expect(world.call('alice', 'renewCertificate', { id: certificate_id })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/is Pending: wait for it, or cancel it$/),
    })
  })

  it('that comes days late opens what was due meanwhile, soonest to expire first, so many at a time', async () => {
    const world = await makeFurnishedWorld()
    await world.renew()
    const made = []
    for (let n = 0; n < 7; n += 1) {
      made.push(await world.made({ lifetime: `P${n % 2 === 0 ? 46 - n : 40 + n}D` }))
      world.pass(3600)
    }
    await sweptUntil(world, 24 * day)
    world.pass(10 * day)
    const order: string[] = []
    for (const opened of [3, 3, 1, 0]) {
      expect(await world.renew(3)).toMatchObject({ opened })
      for (const { certificate_id } of made) {
        const row = await rowOf(world, certificate_id)
        if (row.state === 'open' && !order.includes(certificate_id)) order.push(certificate_id)
      }
    }
    const ends = await Promise.all(order.map(async (id) => (await rowOf(world, id)).not_after))
    const threes = [ends.slice(0, 3), ends.slice(3, 6), ends.slice(6)]
    expect(ends).toHaveLength(7)
    expect(
      [...(threes[0] ?? [])]
        .sort()
        .at(-1)
        ?.localeCompare([...(threes[1] ?? [])].sort()[0] ?? ''),
    ).toBe(-1)
    expect(
      [...(threes[1] ?? [])]
        .sort()
        .at(-1)
        ?.localeCompare(threes[2]?.[0] ?? ''),
    ).toBe(-1)
  })

  it('looks at the oldest hour that has something left, and no further back', async () => {
    const world = await makeFurnishedWorld()
    await world.made()
    const asked = async () => {
      const before = world.table.calls.index ?? 0
      await world.renew()
      return (world.table.calls.index ?? 0) - before
    }
    expect(await asked()).toBe(169 * 4)
    world.pass(1800)
    expect(await asked()).toBe(8)
    expect(await asked()).toBe(4)
    world.pass(1800)
    expect(await asked()).toBe(8)
    world.pass(600)
    expect(await asked()).toBe(8)
    expect(await asked()).toBe(4)
    world.pass(10 * day)
    expect(await asked()).toBe(241 * 4)
    expect(await asked()).toBe(4)
  })

  it('never looks at more than a fortnight and the newest hours, however long it was away', async () => {
    const world = await makeFurnishedWorld()
    await world.renew()
    world.pass(60 * day)
    const { certificate_id } = await world.made({ lifetime: 'PT1H' })
    world.pass(2400 + 300)
    const before = world.table.calls.index ?? 0
    await world.renew()
    expect((world.table.calls.index ?? 0) - before).toBeLessThanOrEqual(338 * 4)
    expect(await jobsOf(world, certificate_id)).toHaveLength(1)
  })

  it('puts off what nobody can read, and looks after the rest', async () => {
    const world = await makeFurnishedWorld()
    await world.renew()
    const [bad, good] = [await world.made(), await world.made()]
    world.table.tamper(keys.renewal(bad.certificate_id), (row) => ({ ...row, state: 'nonsense' }))
    await sweptUntil(world, 55 * day)
    world.pass(10 * day)
    expect(await world.renew()).toMatchObject({ due: 2, opened: 1, faults: 1, left: 0 })
    expect(world.faults).toHaveLength(1)
    expect(await world.renew()).toMatchObject({ due: 0 })
    world.pass(300)
    expect(await world.renew()).toMatchObject({ due: 1, faults: 1 })
    expect(await jobsOf(world, good.certificate_id)).toHaveLength(1)
  })

  it('loses nothing while the table throttles, and doubles nothing after', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    until(world, (await rowOf(world, certificate_id)).next_at)
    const { transact, set } = world.table
    const throttled = async () => {
      throw new Error('ProvisionedThroughputExceededException')
    }
    Object.assign(world.table, { transact: throttled, set: throttled })
    await expect(world.renew()).rejects.toThrow('Throughput')
    Object.assign(world.table, { transact, set })
    expect(await world.renew()).toMatchObject({ due: 1, opened: 1, faults: 0 })
    expect(await jobsOf(world, certificate_id)).toHaveLength(1)
  })
})

describe('a renewal that fails', () => {
  /** Lets the open renewal fail as its issuer would make it fail. */
  const failing = async (world: World, id: string) => {
    const [job] = (await jobsOf(world, id)).filter(({ status }) => status === 'Pending')
    if (job === undefined) throw new Error('nothing is open')
    const { sign } = world.signer
    Object.assign(world.kms.signer, {
      sign: async () => {
        throw new Error('KMSInternalException')
      },
    })
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(world.issue(job.id)).rejects.toThrow('KMS')
      world.pass(61)
    }
    await world.issue(job.id)
    Object.assign(world.kms.signer, { sign })
    expect((await world.jobOf(job.id)).job.status).toBe('Failed')
  }

  it('is tried again, ever later, then left to people: the owner is told once', async () => {
    const world = await makeFurnishedWorld()
    await edit(world, 'p-dev-web', { renewal: { max_attempts: 3 } })
    const { certificate_id } = await world.made()
    await sweepAtNext(world, certificate_id)
    const waits: number[] = []
    for (const attempts of [1, 2, 3]) {
      await failing(world, certificate_id)
      await sweepAtNext(world, certificate_id)
      const row = await rowOf(world, certificate_id)
      expect(row.attempts).toBe(attempts)
      if (attempts === 3) break
      expect(row.state).toBe('scheduled')
      waits.push(Date.parse(row.next_at ?? '') - world.now().getTime())
      expect(await sweepAtNext(world, certificate_id)).toMatchObject({ opened: 1 })
    }
    expect(waits[1]).toBeGreaterThan((waits[0] ?? 0) * 1.9)
    const row = await rowOf(world, certificate_id)
    expect(row).toMatchObject({ state: 'exhausted', last_error: expect.stringContaining('given up') })
    expect(await told(world, certificate_id)).toMatchObject([
      { type: 'renewal_failed', details: { owner: 'pr-alice', attempts: 3, job_id: row.job_id } },
      { type: 'certificate_expiring', details: { threshold: 'P30D', renewal: 'exhausted' } },
    ])
    expect(await jobsOf(world, certificate_id)).toHaveLength(3)
    await world.call('alice', 'renewCertificate', { id: certificate_id })
    await world.drain()
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(2)
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'scheduled', attempts: 0 })
  })

  it('because its profile is gone turns off, and the owner is told', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const deletion = await world.call('carol', 'deleteProfile', { id: 'p-dev-web' })
    await world.call('bob', 'approve', { id: deletion.body.approval.id })
    await world.drain()
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({
      state: 'off',
      last_error: 'profile p-dev-web is gone',
    })
    expect((await told(world, certificate_id))[0]).toMatchObject({ type: 'renewal_failed' })
  })

  it('because its profile no longer allows its names is an attempt, without a job', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const domains = { dns: { domains: ['example.org'] } }
    await edit(world, 'p-dev-web', { subject_alternative_names: domains, renewal: { max_attempts: 2 } })
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({
      state: 'scheduled',
      attempts: 1,
      last_error: expect.stringContaining('not within example.org'),
    })
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'exhausted', attempts: 2 })
    expect(await jobsOf(world, certificate_id)).toEqual([])
  })

  it('because its issuer was retired is an attempt, too, and the owner is told in the end', async () => {
    const world = await makeFurnishedWorld()
    await edit(world, 'p-dev-web', { renewal: { max_attempts: 2 } })
    const { certificate_id } = await world.made()
    const retirement = await world.call('carol', 'retireIssuer', { id: 'iss-web', body: {} })
    await world.call('bob', 'approve', { id: retirement.body.approval.id })
    await world.drain()
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({
      state: 'scheduled',
      attempts: 1,
      last_error: 'the issuer does not issue any more',
    })
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'exhausted', attempts: 2 })
    expect((await told(world, certificate_id))[0]).toMatchObject({ type: 'renewal_failed' })
    expect(await jobsOf(world, certificate_id)).toEqual([])
  })

  it('of somebody who asked for it themselves counts as no attempt', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const { body } = await world.call('alice', 'renewCertificate', { id: certificate_id })
    await world.call('alice', 'cancelJob', { id: body.job.id })
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({
      state: 'scheduled',
      attempts: 0,
      retry_at: null,
    })
    expect(await sweepAtNext(world, certificate_id)).toMatchObject({ opened: 1 })
  })

  it('because an operator cancelled it comes back later', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await sweepAtNext(world, certificate_id)
    const [job] = await jobsOf(world, certificate_id)
    await world.call('frank', 'cancelJob', { id: job?.id ?? '' })
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'scheduled', attempts: 1 })
    expect(await sweepAtNext(world, certificate_id)).toMatchObject({ opened: 1 })
  })
})

describe('a renewal under a gated profile', () => {
  it('opens a week early, waits for a second person, and issues when they approve', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await gated(world)
    const { next_at, not_after } = await rowOf(world, certificate_id)
    expect(Date.parse(not_after) - Date.parse(next_at ?? '')).toBeGreaterThan(30 * day * 1000)
    await sweepAtNext(world, certificate_id)
    const [job] = await jobsOf(world, certificate_id)
    expect(job).toMatchObject({
      status: 'AwaitingApproval',
      requested_by: 'pr-system-renewal',
      owner: 'pr-alice',
      reason: expect.stringMatching(/^scheduled renewal of version 1, which ends /),
    })
    const { events, content } = await world.jobOf(job?.id ?? '')
    expect(events[0]).toMatchObject({ actor: 'pr-system-renewal', actor_type: 'Service' })
    expect(content).toMatchObject({ on_behalf_of: 'pr-alice' })
    await world.call('bob', 'approve', { id: approvalOf(job?.id ?? '') })
    await world.drain()
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(2)
  })

  it('is not approved by whoever brought its CSR, not even by the gate', async () => {
    const world = await makeFurnishedWorld()
    const asked = await world.ask({ owner: 'web-team@example.com' }, 'frank')
    await world.call('bob', 'approve', { id: asked.approval_id })
    await world.drain()
    await sweepAtNext(world, asked.certificate_id)
    const [job] = await jobsOf(world, asked.certificate_id)
    await expect(world.call('frank', 'approve', { id: approvalOf(job?.id ?? '') })).rejects.toMatchObject({
      code: 'two_person_integrity',
      message: expect.stringContaining('the CSR'),
    })
    expect((await world.jobOf(job?.id ?? '')).events.at(-1)).toMatchObject({
      type: 'approval_refused',
      actor: 'pr-frank',
    })
    await world.call('bob', 'approve', { id: approvalOf(job?.id ?? '') })
    await world.drain()
    expect((await world.certificates.load(asked.certificate_id))?.versions).toHaveLength(2)
  })

  it('that nobody decides is opened once more, escalated, then left to people', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await gated(world)
    await sweepAtNext(world, certificate_id)
    world.pass(7 * day + 1)
    await world.tend()
    expect(await world.renew()).toMatchObject({ opened: 1 })
    const jobs = await jobsOf(world, certificate_id)
    expect(jobs.map(({ status }) => status)).toEqual(['Cancelled', 'AwaitingApproval'])
    expect(jobs[1]?.reason).toContain('opened again, because nobody decided in time')
    const { events } = await world.jobOf(jobs[1]?.id ?? '')
    for (const { details } of events) expect(details).toMatchObject({ escalated: true })
    world.pass(7 * day + 1)
    await world.tend()
    await world.renew()
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'exhausted', expired_approvals: 2 })
    expect((await told(world, certificate_id))[0]).toMatchObject({
      type: 'renewal_failed',
      details: { reason: 'nobody decided, twice' },
    })
    expect(await jobsOf(world, certificate_id)).toHaveLength(2)
    const { body } = await world.call('alice', 'renewCertificate', { id: certificate_id })
    await world.call('bob', 'approve', { id: body.approval.id })
    await world.drain()
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(2)
  })

  it('that somebody rejects is not asked for again: the owner is told', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await gated(world)
    await sweepAtNext(world, certificate_id)
    const [job] = await jobsOf(world, certificate_id)
    await world.call('bob', 'reject', { id: approvalOf(job?.id ?? ''), body: { note: 'is retired' } })
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'exhausted' })
    expect((await told(world, certificate_id))[0]).toMatchObject({
      type: 'renewal_failed',
      details: { reason: 'rejected: is retired' },
    })
  })

  it('that is still waiting when the certificate ends raises the loudest alert', async () => {
    const world = await makeFurnishedWorld({ approval_policy: { expires_after: 'P60D' } })
    const { certificate_id } = await gated(world)
    const { not_after } = await rowOf(world, certificate_id)
    await sweepAtNext(world, certificate_id)
    until(world, not_after)
    await world.renew()
    expect((await told(world, certificate_id)).at(-1)).toMatchObject({
      type: 'certificate_expiring',
      details: { threshold: 'PT0S', urgency: 'emergency', awaiting_approval: true, seconds_left: 0 },
    })
    const [job] = await jobsOf(world, certificate_id)
    await world.call('bob', 'approve', { id: approvalOf(job?.id ?? '') })
    await world.drain()
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(2)
  })

  it('asked for by the schedule on behalf of nobody is refused by the gate', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await sweepAtNext(world, certificate_id)
    const [job] = await jobsOf(world, certificate_id)
    world.table.tamper(keys.content(job?.id ?? ''), ({ on_behalf_of: _, ...row }) => row)
    await world.issue(job?.id ?? '')
    expect((await world.jobOf(job?.id ?? '')).events.at(-1)).toMatchObject({
      type: 'signing_refused',
      details: { reason: expect.stringContaining('on behalf of somebody') },
    })
  })
})

describe('a renewal that needs a CSR', () => {
  const withoutReuse = async (document: object = {}) => {
    const world = await makeFurnishedWorld()
    await edit(world, 'p-dev-web', { allow_key_reuse: false, ...document })
    const { certificate_id } = await world.made({ csr: newCsr() })
    return { world, certificate_id }
  }

  it('says so a week ahead, opens no job, and opens one at once when there is a CSR', async () => {
    const { world, certificate_id } = await withoutReuse()
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'needs_csr', job_id: null })
    const { not_after } = await rowOf(world, certificate_id)
    expect(await told(world, certificate_id)).toMatchObject([
      { type: 'renewal_needs_csr', details: { deadline: not_after, owner: 'pr-alice' } },
    ])
    expect(await world.renew()).toMatchObject({ due: 0 })
    await world.call('alice', 'uploadNextCsr', { id: certificate_id, body: { csr: newCsr() } })
    expect(await world.renew()).toMatchObject({ due: 1, opened: 1 })
    await world.drain()
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(2)
  })

  it('whose CSR was brought ahead renews by itself, and uses it once', async () => {
    const { world, certificate_id } = await withoutReuse()
    await world.call('alice', 'uploadNextCsr', { id: certificate_id, body: { csr: newCsr() } })
    await sweepAtNext(world, certificate_id)
    // Nobody need be waited for: it renews at its own moment, not a week before.
    expect(await jobsOf(world, certificate_id)).toEqual([])
    await sweepAtNext(world, certificate_id)
    await world.drain()
    const [job] = await jobsOf(world, certificate_id)
    expect((await world.renewals.load(certificate_id))?.next_csr).toMatchObject({ used_by: job?.id })
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'needs_csr', certificate_version: 2 })
  })

  it('that fails keeps the CSR for its next attempt', async () => {
    const { world, certificate_id } = await withoutReuse()
    await sweepAtNext(world, certificate_id)
    await world.call('alice', 'uploadNextCsr', { id: certificate_id, body: { csr: newCsr() } })
    await world.renew()
    const [job] = await jobsOf(world, certificate_id)
    await world.call('alice', 'cancelJob', { id: job?.id ?? '' })
    await sweepAtNext(world, certificate_id)
    expect(await sweepAtNext(world, certificate_id)).toMatchObject({ opened: 1 })
    await world.drain()
    expect((await world.certificates.load(certificate_id))?.versions).toHaveLength(2)
  })

  it('takes the last of two that were brought, and is on behalf of whoever brought it', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await gated(world)
    await world.call('alice', 'uploadNextCsr', { id: certificate_id, body: { csr: newCsr() } })
    const last = newCsr('shop.example.com')
    await world.call('frank', 'uploadNextCsr', { id: certificate_id, body: { csr: last } })
    expect((await told(world, certificate_id)).map(({ type }) => type)).toEqual([
      'next_csr_uploaded',
      'next_csr_uploaded',
    ])
    await sweepAtNext(world, certificate_id)
    const [job] = await jobsOf(world, certificate_id)
    expect((await world.jobOf(job?.id ?? '')).content).toMatchObject({
      on_behalf_of: 'pr-frank',
      plan: { subject_alternative_names: [{ value: 'shop.example.com' }] },
    })
    await expect(world.call('frank', 'approve', { id: approvalOf(job?.id ?? '') })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
  })

  it('is used by somebody who renews without sending one, and is still theirs who brought it', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await gated(world)
    await world.call('frank', 'uploadNextCsr', { id: certificate_id, body: { csr: newCsr() } })
    const { body } = await world.call('alice', 'renewCertificate', { id: certificate_id })
    await expect(world.call('frank', 'approve', { id: body.approval.id })).rejects.toMatchObject({
      code: 'two_person_integrity',
    })
  })

  it.each([
    ['other names than the profile allows', () => newCsr('www.example.org'), 'profile_violation'],
    ['the key that it has', () => csrFor('www.example.com'), 'certificate_not_renewable'],
    ['no CSR at all', () => 'nonsense', 'csr_malformed'],
  ])('is refused with %s', async (_, csr, code) => {
    const world = await makeFurnishedWorld()
    await edit(world, 'p-dev-web', { allow_key_reuse: false })
    const { certificate_id } = await world.made({ csr: csrFor('www.example.com') })
    await expect(
      world.call('alice', 'uploadNextCsr', { id: certificate_id, body: { csr: csr() } }),
    ).rejects.toMatchObject({ code })
    expect((await world.renewals.load(certificate_id))?.next_csr).toBeNull()
  })

  it('has a deadline that leaves time for approval', async () => {
    const { world, certificate_id } = await withoutReuse({ requires_approval: true })
    void certificate_id
    const asked = await world.ask({ profile_id: 'p-dev-web', csr: newCsr('b.example.com') })
    await world.call('bob', 'approve', { id: asked.approval_id })
    await world.drain()
    await sweepAtNext(world, asked.certificate_id)
    const { body } = await world.call('alice', 'getRenewal', { id: asked.certificate_id })
    expect(Date.parse(body.not_after) - Date.parse(body.csr_deadline)).toBe(7 * day * 1000)
  })
})

describe('a certificate that is revoked', () => {
  it('is taken out of the index', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await world.call('alice', 'revokeCertificate', { id: certificate_id })
    await world.drain()
    await sweepAtNext(world, certificate_id)
    expect(await rowOf(world, certificate_id)).toMatchObject({ state: 'off', next_at: null })
    expect(await jobsOf(world, certificate_id)).toEqual([])
  })

  it('but only held renews once the hold ends', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await world.call('alice', 'revokeCertificate', {
      id: certificate_id,
      body: { reason: 'certificateHold' },
    })
    await world.drain()
    await sweepAtNext(world, certificate_id)
    await world.call('alice', 'releaseCertificate', { id: certificate_id })
    await world.drain()
    expect(await sweepAtNext(world, certificate_id)).toMatchObject({ opened: 1 })
  })
})

describe('what the API says of a renewal', () => {
  it('is where it stands', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const { body } = await world.call('dave', 'getRenewal', { id: certificate_id })
    expect(body).toMatchObject({ state: 'scheduled', attempts: 0, max_attempts: 5, next_csr: null })
    expect(body.next_at).toBe(body.window.at)
  })

  it.each(['getRenewal', 'getRenewalInfo'] as const)(
    'is nothing for what was never issued: %s',
    async (ask) => {
      const world = await makeFurnishedWorld()
      const { certificate_id } = await world.ask()
      for (const id of [certificate_id, 'mc-nobody'])
        await expect(world.call('dave', ask, { id })).rejects.toMatchObject({ code: 'not_found' })
    },
  )

  it('is the window that the schedule keeps to, for those who renew themselves', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const { body } = await world.call('dave', 'getRenewal', { id: certificate_id })
    const info = await world.call('dave', 'getRenewalInfo', { id: certificate_id })
    expect(info.body).toMatchObject({
      suggested_window: { start: body.window.start, end: body.window.end },
      because: 'policy',
      cert_id: expect.stringMatching(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/),
    })
  })

  it('is a window that has passed once the certificate is revoked', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await world.call('alice', 'revokeCertificate', { id: certificate_id })
    await world.drain()
    world.pass(60)
    const { body } = await world.call('dave', 'getRenewalInfo', { id: certificate_id })
    expect(body.because).toBe('revoked')
    expect(body.suggested_window.end < world.now().toISOString()).toBe(true)
  })

  it('is a window that has passed while a revocation in bulk waits for approval, and no longer', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await gated(world)
    const selection = { profile_id: 'p-prod-web' }
    const plan = await world.call('carol', 'planRevocation', { body: { selection } })
    const { body } = await world.call('carol', 'revokeInBulk', { body: { plan: plan.body.digest } })
    world.pass(60)
    const info = async () => (await world.call('dave', 'getRenewalInfo', { id: certificate_id })).body
    expect(await info()).toMatchObject({ because: 'revocation_planned' })
    expect((await info()).suggested_window.end < world.now().toISOString()).toBe(true)
    await world.call('bob', 'reject', { id: body.approval.id, body: { note: 'not those' } })
    expect(await info()).toMatchObject({ because: 'policy' })
  })
})
