import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { type IssueDeps, issueCertificate } from '../../../lib/flows/issue-certificate.ts'
import type { Change } from '../../../lib/model/change.ts'
import { digestOf, type Json } from '../../../lib/model/digest.ts'
import { append, isUnbroken } from '../../../lib/model/event.ts'
import { measuresOf } from '../../../lib/model/measures.ts'
import { readCertificate } from '../../../lib/pki/certificate-reader.ts'
import { csrFor, makeFurnishedWorld, sha256Of, type World } from '../../support/world.ts'

type Row = { readonly [name: string]: Json }

const typesOf = async (world: World, job_id: string) =>
  (await world.jobOf(job_id)).events.map(({ type }) => type)

const newestOf = async (world: World, certificate_id: string) => {
  const found = await world.certificates.load(certificate_id)
  const version = found?.versions.at(-1)
  if (version === undefined) throw new Error('nothing was issued')
  return version
}

const derOf = async (world: World, certificate_id: string) =>
  Buffer.from((await newestOf(world, certificate_id)).der, 'base64')

/** The worker with one thing about it changed. */
const workerWith = (world: World, changes: Partial<IssueDeps>) => (job_id: string) =>
  issueCertificate({ ...world.kms, ...changes }, job_id)

/** A signer that fails this often before it signs. */
const failing = (world: World, times: number) => {
  let left = times
  return workerWith(world, {
    signer: {
      sign: async (...given) => {
        left -= 1
        if (left >= 0) throw new Error('KMS is throttled')
        return world.signer.sign(...given)
      },
    },
  })
}

const lease = 61

describe('issuing', () => {
  it('issues what somebody else approved, each step with its event', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, approval_id } = await world.ask()
    await world.drain()
    await world.call('bob', 'approve', { id: approval_id, body: { note: 'ok' } })
    await world.drain()
    const { job, events } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'Completed', error_message: null, attempts: 1, lease: null })
    expect(events.map(({ type }) => type)).toEqual([
      'certificate_requested',
      'approval_requested',
      'approval_approved',
      'issuance_planned',
      'certificate_issued',
    ])
    expect(isUnbroken(job_id, events)).toBe(true)
  })

  it('issues without a person where the profile asks for none', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, certificate_id } = await world.made()
    const { job } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'Completed', approval: null, queue: 'kms' })
    expect(await typesOf(world, job_id)).toEqual([
      'certificate_requested',
      'issuance_planned',
      'certificate_issued',
    ])
    expect(await world.certificates.get(certificate_id)).toMatchObject({
      status: 'Active',
      current_version: 1,
      owner: 'pr-alice',
      name: 'www.example.com',
    })
  })

  it('makes the certificate that was asked for, and verifies with its issuer', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made({ csr: csrFor('a.example.com', 'b.example.com') })
    const issuer = await world.issuers.get('iss-web')
    const made = new X509Certificate(await derOf(world, certificate_id))
    const ca = new X509Certificate(Buffer.from(issuer?.chain[0] ?? '', 'base64'))
    expect(made.checkIssued(ca) && made.verify(ca.publicKey)).toBe(true)
    expect(made.subjectAltName).toBe('DNS:a.example.com, DNS:b.example.com')
    expect(made.ca).toBe(false)
    // The CA is younger than the five minutes by which its profile backdates.
    expect(made.validFromDate).toEqual(ca.validFromDate)
    const days = (made.validToDate.getTime() - world.now().getTime()) / 86_400_000
    expect(Math.ceil(days)).toBe(90)
  })

  it('puts the serial and the hash of what is signed on record before the key is used', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
    const seen: unknown[] = []
    const watching = workerWith(world, {
      signer: {
        sign: async (...given) => {
          const { job, issuance, events } = await world.jobOf(job_id)
          seen.push(job.status, issuance, events.at(-1)?.type)
          return world.signer.sign(...given)
        },
      },
    })
    await watching(job_id)
    const { content, issuance } = await world.jobOf(job_id)
    if (!('plan' in content) || issuance === null) throw new Error('nothing was issued')
    expect(seen).toEqual(['Running', issuance, 'issuance_planned'])
    expect(issuance.serial).toBe(content.plan.serial)
    expect(world.signatures).toEqual([issuance.tbs_sha256])
  })

  it('makes a serial known as good from the moment its certificate exists', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    const { serial } = await newestOf(world, certificate_id)
    expect(await world.serials.get('iss-web', serial)).toMatchObject({ status: 'good', certificate_id })
  })

  it('leaves out CRL and OCSP of what is short-lived, and says so', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made({ lifetime: 'PT59M' })
    const version = await newestOf(world, certificate_id)
    const text = Buffer.from(version.der, 'base64').toString('latin1')
    expect(version.short_lived).toBe(true)
    expect(text).not.toContain('/.well-known/pki/crl/')
    expect(text).not.toContain('/.well-known/pki/ocsp/')
    expect(text).toContain('/.well-known/pki/ca/iss-web')
    const { certificate_id: longer } = await world.made({ lifetime: 'PT1H' })
    const other = (await derOf(world, longer)).toString('latin1')
    expect(other).toContain('/.well-known/pki/crl/iss-web')
    expect(other).toContain('/.well-known/pki/ocsp/iss-web')
  })

  it('fails a job that would outlive its issuer, and leaves the certificate renewable', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    world.pass(1800 * 86_400)
    const { body } = await world.call('alice', 'renewCertificate', { id: certificate_id })
    await world.drain()
    const { job } = await world.jobOf(body.job.id)
    expect(job.status).toBe('Failed')
    expect(await typesOf(world, body.job.id)).toEqual(['renewal_requested', 'issuance_failed'])
    expect((await world.certificates.get(certificate_id))?.status).toBe('Active')
    expect((await world.call('alice', 'renewCertificate', { id: certificate_id })).status).toBe(202)
  })

  it.each([
    ['a retired issuer', { status: 'retired' }, 'issuer iss-web does not issue'],
    ['a missing issuer', null, 'issuer iss-web does not issue'],
    [
      'another CA certificate than was approved',
      { facts: { key_id: 'ab'.repeat(20) } },
      expect.stringMatching(/another key identifier/),
    ],
  ] as const)('fails under %s, and uses no key', async (_, change, error_message) => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
    world.table.tamper(keys.issuer('iss-web'), (row) =>
      change === null
        ? null
        : {
            ...row,
            ...change,
            facts: { ...(row.facts as object), ...('facts' in change ? change.facts : {}) },
          },
    )
    await world.drain()
    expect((await world.jobOf(job_id)).job).toMatchObject({ status: 'Failed', error_message })
    expect(await typesOf(world, job_id)).toEqual(['certificate_requested', 'issuance_failed'])
    expect(world.signatures).toEqual([])
  })

  it('fails for good when the signature that comes back is not of its key', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, certificate_id } = await world.ask({ profile_id: 'p-dev-web' })
    const lying = workerWith(world, {
      signer: { sign: (_, algorithm, what) => world.signer.sign('root', algorithm, what) },
    })
    await lying(job_id)
    expect((await world.jobOf(job_id)).job.status).toBe('Failed')
    expect(await typesOf(world, job_id)).toContain('issuance_failed')
    expect((await world.certificates.load(certificate_id))?.versions).toEqual([])
  })

  it('has nothing to do for a job that is not there', async () => {
    const world = await makeFurnishedWorld()
    expect(await world.issue('job-nothing0here')).toBe('nothing_to_do')
  })

  it('refuses, on record, what is not its own to carry out', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id, job_id: issuance } = await world.made()
    const { body } = await world.call('alice', 'revokeCertificate', { id: certificate_id })
    expect(await world.issue(body.job.id)).toBe('refused')
    expect(await typesOf(world, body.job.id)).toEqual(['revocation_requested', 'signing_refused'])
    const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
    expect(await world.applyJob(job_id)).toBe('refused')
    expect((await world.jobOf(job_id)).job.status).toBe('Failed')
    expect((await world.jobOf(issuance)).job.status).toBe('Completed')
  })
})

describe('a job that was written by hand', () => {
  const waitingJob = async () => {
    const world = await makeFurnishedWorld()
    const asked = await world.ask()
    const file = await world.jobOf(asked.job_id)
    return { world, ...asked, file }
  }

  it('as one row gets no signature, and the attempt is put on record', async () => {
    const { world, file } = await waitingJob()
    const id = 'job-forged0forged0'
    world.table.write({ ...keys.job(id), ...file.job, id, status: 'Pending', approval: null })
    expect(await world.issue(id)).toBe('refused')
    expect(world.signatures).toEqual([])
    expect(await world.table.get(keys.event(`JOB#${id}`, 1))).toMatchObject({
      type: 'signing_refused',
      actor: 'worker-kms',
      resource: id,
    })
  })

  it('as a row of nonsense gets no signature, and the attempt is put on record', async () => {
    const world = await makeFurnishedWorld()
    const id = 'job-nonsense0000'
    world.table.write({ ...keys.job(id), status: 'Pending', gsi5pk: 'DUE', gsi5sk: '2000' })
    expect(await world.issue(id)).toBe('refused')
    expect(await world.applyJob(id)).toBe('refused')
    const events = [...world.table.rows.values()].filter(({ chain }) => chain === id)
    expect(events.map(({ type, actor }) => [type, actor])).toEqual([
      ['signing_refused', 'worker-kms'],
      ['signing_refused', 'worker-apply'],
    ])
    expect(await world.sweep()).toMatchObject({ expired: [] })
    expect(world.signatures).toEqual([])
  })

  it('whole, but for its events, gets no signature, and the attempt is put on record', async () => {
    const { world, file } = await waitingJob()
    const id = 'job-forged0forged0'
    world.table.write({ ...keys.job(id), ...file.job, id, status: 'Pending', approval: null })
    world.table.write({ ...keys.content(id), ...file.content })
    expect(await world.issue(id)).toBe('refused')
    const forged = await world.jobOf(id)
    expect(forged.job).toMatchObject({
      status: 'Failed',
      error_message: expect.stringContaining('the chain of events is broken'),
    })
    expect(forged.events.map(({ type }) => type)).toEqual(['signing_refused'])
    expect(world.signatures).toEqual([])
  })

  it('whole, with the events of an honest one, gets no signature', async () => {
    const { world, job_id, approval_id, file } = await waitingJob()
    await world.call('bob', 'approve', { id: approval_id })
    const approved = await world.jobOf(job_id)
    const id = 'job-forged0forged0'
    world.table.write({ ...keys.job(id), ...approved.job, id })
    world.table.write({ ...keys.content(id), ...file.content })
    for (const event of approved.events)
      world.table.write({ ...keys.event(`JOB#${id}`, event.sequence), ...event })
    expect(await world.issue(id)).toBe('refused')
    expect((await world.jobOf(id)).job.status).toBe('Failed')
    expect(world.signatures).toEqual([])
  })

  it('whole, with a chain of events of its own but no second person in it, gets no signature', async () => {
    const { world, file } = await waitingJob()
    const id = 'job-forged0forged0'
    const approval = {
      ...file.job.approval,
      state: 'approved',
      decisions: [
        {
          by: 'pr-bob',
          name: 'bob',
          email: null,
          verdict: 'approve',
          stage: 'approval',
          note: null,
          digest: file.job.digest,
          time: file.job.created_at,
        },
      ],
    }
    const snapshot = { ...file.events[0]?.job, id, status: 'Pending', approval_state: 'approved' }
    const drafts = file.events.map(({ type, resource, details, actor, actor_type }) => ({
      type,
      resource,
      details,
      actor: { id: actor, type: actor_type },
      job: snapshot as NonNullable<(typeof file.events)[number]['job']>,
    }))
    world.table.write({ ...keys.job(id), ...file.job, id, status: 'Pending', approval })
    world.table.write({ ...keys.content(id), ...file.content })
    for (const event of append(id, [], drafts, world.now()))
      world.table.write({ ...keys.event(`JOB#${id}`, event.sequence), ...event })
    expect(await world.issue(id)).toBe('refused')
    expect((await world.jobOf(id)).job.error_message).toBe('signing refused: a decision is not on record')
    expect((await typesOf(world, id)).at(-1)).toBe('signing_refused')
    expect(world.signatures).toEqual([])
  })

  it('to be Pending while it waits gets no signature, and fails', async () => {
    const { world, job_id, approval_id } = await waitingJob()
    world.table.tamper(keys.job(job_id), (row) => ({ ...row, status: 'Pending' }))
    expect(await world.issue(job_id)).toBe('refused')
    const { job } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'Failed', error_message: expect.stringContaining('signing refused') })
    expect((await typesOf(world, job_id)).at(-1)).toBe('signing_refused')
    expect(world.signatures).toEqual([])
    await world.call('bob', 'approve', { id: approval_id }).catch(() => undefined)
    await world.drain()
    expect(world.signatures).toEqual([])
  })

  it('to be approved while it waits gets no signature, and fails', async () => {
    const { world, job_id } = await waitingJob()
    world.table.tamper(keys.job(job_id), (row) => ({
      ...row,
      status: 'Pending',
      approval: { ...(row.approval as object), state: 'approved' },
    }))
    expect(await world.issue(job_id)).toBe('refused')
    expect((await typesOf(world, job_id)).at(-1)).toBe('signing_refused')
    expect(world.signatures).toEqual([])
  })

  it('to carry another plan than was approved gets no signature, and fails', async () => {
    const { world, job_id, approval_id } = await waitingJob()
    const other = await world.ask({ csr: csrFor('evil.example.com') })
    const content = (await world.jobOf(other.job_id)).content
    await world.call('bob', 'approve', { id: approval_id })
    world.table.write({ ...keys.content(job_id), ...content })
    expect(await world.issue(job_id)).toBe('refused')
    expect((await world.jobOf(job_id)).job.error_message).toContain('the content is not what was requested')
    expect(world.signatures).toEqual([])
  })

  it.each([
    ['as it was', (event: Row) => event],
    ['made to fit', ({ hash: _, ...event }: Row) => ({ ...event, hash: digestOf(event) })],
  ])(
    'to run already, with a period of its own choice and its hash %s, gets no signature',
    async (_, rehash) => {
      const { world, job_id, approval_id } = await waitingJob()
      await world.call('bob', 'approve', { id: approval_id })
      await failing(world, 1)(job_id).catch(() => undefined)
      const planned = (await world.jobOf(job_id)).events.find(({ type }) => type === 'issuance_planned')
      if (planned === undefined) throw new Error('nothing planned')
      const chosen = { not_before: '2030-01-01T00:00:00.000Z', not_after: '2030-04-01T00:04:59.000Z' }
      world.table.tamper(keys.event(`JOB#${job_id}`, planned.sequence), (row) => ({
        ...row,
        ...rehash({ ...planned, details: { ...planned.details, ...chosen } }),
      }))
      world.pass(lease)
      await world.issue(job_id)
      expect((await world.jobOf(job_id)).job.status).toBe('Failed')
      expect(world.signatures).toEqual([])
    },
  )

  it.each([
    [
      'was approved and then cancelled',
      (world: World, id: string) => world.call('alice', 'cancelJob', { id }),
    ],
    ['was issued', (world: World, id: string) => world.issue(id)],
  ])('to be Pending again after it %s gets no signature, whatever is recorded next to it', async (_, end) => {
    const { world, job_id, approval_id } = await waitingJob()
    await world.call('bob', 'approve', { id: approval_id })
    await end(world, job_id)
    const before = world.signatures.length
    world.table.tamper(keys.job(job_id), (row) => ({ ...row, status: 'Pending' }))
    await expect(world.call('alice', 'approve', { id: approval_id })).rejects.toThrow('two-person integrity')
    expect((await world.jobOf(job_id)).events.at(-1)?.job?.status).toBe('Pending')
    expect(await world.issue(job_id)).toBe('refused')
    expect(world.signatures).toHaveLength(before)
  })

  it('that waits honestly is refused a signature, and goes on waiting', async () => {
    const { world, job_id, approval_id } = await waitingJob()
    expect(await world.issue(job_id)).toBe('refused')
    expect((await world.jobOf(job_id)).job.status).toBe('AwaitingApproval')
    expect((await typesOf(world, job_id)).at(-1)).toBe('signing_refused')
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
  })

  it('for a profile that became gated since gets no signature', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, certificate_id } = await world.ask({ profile_id: 'p-dev-web' })
    const document = (await world.profiles.current('p-dev-web'))?.document
    const edit = await world.call('carol', 'changeProfile', {
      id: 'p-dev-web',
      body: { ...document, requires_approval: true },
    })
    await world.call('bob', 'approve', { id: edit.body.approval.id })
    await world.applyJob(edit.body.job.id)
    expect(await world.issue(job_id)).toBe('refused')
    expect((await world.jobOf(job_id)).job.error_message).toContain('needs approval and has none')
    expect(world.signatures).toEqual([])
    expect((await world.certificates.get(certificate_id))?.status).toBe('Requested')
  })
})

describe('a worker that fails', () => {
  it('leaves the job to another after its lease, which signs the very same', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, certificate_id } = await world.ask({ profile_id: 'p-dev-web' })
    await expect(failing(world, 1)(job_id)).rejects.toThrow('KMS is throttled')
    const { job, issuance } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'Running', attempts: 1 })
    expect(await world.issue(job_id)).toBe('in_other_hands')
    world.pass(lease)
    expect(await world.sweep()).toMatchObject({ touched: 0, reclaimed: 0 })
    // Its queue delivers it again.
    expect(await world.issue(job_id)).toBe('done')
    const after = await world.jobOf(job_id)
    expect(after.job).toMatchObject({ status: 'Completed', attempts: 2, lease: null })
    expect(after.issuance).toEqual(issuance)
    expect(world.signatures).toEqual([issuance?.tbs_sha256])
    expect((await newestOf(world, certificate_id)).serial).toBe(issuance?.serial)
    const planned = after.events.filter(({ type }) => type === 'issuance_planned')
    expect(planned.map(({ details }) => details.attempt)).toEqual([1, 2])
    expect(planned.flatMap(measuresOf)).toMatchObject([{ name: 'leases_reclaimed', value: 1 }])
    expect(new Set(planned.map(({ details }) => details.tbs_sha256)).size).toBe(1)
  })

  it('whose message is lost too leaves the job to the sweep, five minutes after it was asked for', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
    await expect(failing(world, 1)(job_id)).rejects.toThrow('KMS is throttled')
    world.pass(301)
    expect(await world.sweep()).toMatchObject({ touched: 1, reclaimed: 1 })
    const { job, events } = await world.jobOf(job_id)
    expect(job).toMatchObject({ status: 'Completed', attempts: 2 })
    // The sweep has counted it.
    expect(events.filter(({ type }) => type === 'issuance_planned').flatMap(measuresOf)).toEqual([])
  })

  it('between signature and storing leaves one serial: the next signs the same and stores it', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, certificate_id } = await world.ask({ profile_id: 'p-dev-web' })
    const dying = workerWith(world, {
      jobs: {
        load: world.jobs.load,
        commit: async (change: Change) => {
          if (change.job?.status === 'Completed') throw new Error('the function was stopped')
          return world.jobs.commit(change)
        },
      },
    })
    await expect(dying(job_id)).rejects.toThrow('the function was stopped')
    world.pass(lease + 3600)
    expect(await world.issue(job_id)).toBe('done')
    const { issuance } = await world.jobOf(job_id)
    expect(world.signatures).toEqual([issuance?.tbs_sha256, issuance?.tbs_sha256])
    const der = await derOf(world, certificate_id)
    expect(sha256Of(readCertificate(der, 'plan_mismatch').tbs)).toBe(issuance?.tbs_sha256)
    expect((await typesOf(world, job_id)).filter((type) => type === 'certificate_issued')).toHaveLength(1)
  })

  it('again and again fails the job for good after five attempts', async () => {
    const world = await makeFurnishedWorld()
    const { job_id, certificate_id } = await world.made()
    const { body } = await world.call('alice', 'renewCertificate', { id: certificate_id })
    const work = failing(world, 1000)
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await expect(work(body.job.id)).rejects.toThrow('KMS is throttled')
      expect((await world.jobOf(body.job.id)).job).toMatchObject({ status: 'Running', attempts: attempt })
      world.pass(lease)
    }
    expect(await work(body.job.id)).toBe('done')
    const { job, events } = await world.jobOf(body.job.id)
    expect(job).toMatchObject({ status: 'Failed', attempts: 5, lease: null })
    expect(events.at(-1)).toMatchObject({ type: 'issuance_failed', actor: 'worker-kms' })
    expect(await world.issue(body.job.id)).toBe('nothing_to_do')
    expect((await world.jobOf(job_id)).job.status).toBe('Completed')
    const again = await world.call('alice', 'renewCertificate', { id: certificate_id })
    await world.drain()
    expect((await world.jobOf(again.body.job.id)).job.status).toBe('Completed')
  })

  it('before it put anything on record leaves the job as it was', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.ask({ profile_id: 'p-dev-web' })
    const settled = await world.jobOf(job_id)
    const dying = workerWith(world, {
      issuers: {
        get: async () => {
          throw new Error('the table does not answer')
        },
      },
    })
    await expect(dying(job_id)).rejects.toThrow('the table does not answer')
    expect(await world.jobOf(job_id)).toEqual(settled)
  })
})

describe('many workers', () => {
  const shuffled = <T>(all: readonly T[]): T[] =>
    all
      .map((one) => [Math.random(), one] as const)
      .sort(([a], [b]) => a - b)
      .map(([, one]) => one)

  const work = async (world: World, deliveries: readonly string[], run: (id: string) => Promise<unknown>) => {
    const queue = [...deliveries]
    const worker = async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        await run(id).catch(() => undefined)
        if (Math.random() < 0.3) await new Promise((done) => setImmediate(done))
      }
    }
    await Promise.all(Array.from({ length: 8 }, worker))
    return world
  }

  const outcome = async (world: World, asked: readonly { job_id: string; certificate_id: string }[]) => {
    const serials = new Set<string>()
    for (const { job_id, certificate_id } of asked) {
      const { job, events } = await world.jobOf(job_id)
      const versions = (await world.certificates.load(certificate_id))?.versions ?? []
      expect(job.status).toBe('Completed')
      expect(isUnbroken(job_id, events)).toBe(true)
      expect(events.filter(({ type }) => type === 'certificate_issued')).toHaveLength(1)
      expect(versions).toHaveLength(1)
      for (const { serial } of versions) serials.add(serial)
    }
    return serials
  }

  const waiting = async (world: World) => {
    const csr = csrFor('www.example.com')
    return Promise.all(Array.from({ length: 40 }, () => world.ask({ profile_id: 'p-dev-web', csr })))
  }

  it('given every message twice issue 40 certificates for 40 jobs, no serial twice, none claimed twice', async () => {
    const world = await makeFurnishedWorld()
    const asked = await waiting(world)
    const ids = asked.map(({ job_id }) => job_id)
    await work(world, shuffled([...ids, ...ids]), world.issue)
    expect((await outcome(world, asked)).size).toBe(40)
    expect(world.signatures).toHaveLength(40)
    expect(new Set(world.signatures).size).toBe(40)
    for (const id of ids) expect((await world.jobOf(id)).job.attempts).toBe(1)
  })

  it('that die between signature and storing every third time still issue each certificate once', async () => {
    const world = await makeFurnishedWorld()
    const asked = await waiting(world)
    const ids = asked.map(({ job_id }) => job_id)
    let stored = 0
    const mortal = workerWith(world, {
      jobs: {
        load: world.jobs.load,
        commit: async (change: Change) => {
          if (change.job?.status === 'Completed') stored += 1
          if (change.job?.status === 'Completed' && stored % 3 === 0) throw new Error('stopped')
          return world.jobs.commit(change)
        },
      },
    })
    for (let round = 0; round < 4; round += 1) {
      await work(world, shuffled([...ids, ...ids]), mortal)
      world.pass(lease)
    }
    await work(world, ids, world.issue)
    expect((await outcome(world, asked)).size).toBe(40)
    expect(new Set(world.signatures).size).toBe(40)
    expect(world.signatures.length).toBeGreaterThan(40)
  })
})
