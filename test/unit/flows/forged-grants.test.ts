import { beforeEach, describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { issueCertificate } from '../../../lib/flows/issue-certificate.ts'
import { planRequest } from '../../../lib/flows/request-certificate.ts'
import { step } from '../../../lib/model/change.ts'
import type { GrantPlace } from '../../../lib/model/grant.ts'
import type { JobContent } from '../../../lib/model/job.ts'
import { openJob } from '../../../lib/model/open-job.ts'
import { asked, day, type Granted, granted, issued, otherKeyCsr, renew } from '../../support/grants.ts'
import { offered, refused } from '../../support/offered.ts'
import { csrFor, makeFurnishedWorld, type Name, profileBody, type World } from '../../support/world.ts'

type Renewal = Extract<JobContent, { type: 'Renewal' }>

type Forgery = {
  readonly csr?: string
  readonly place?: Partial<GrantPlace>
  readonly lifetime?: string
  readonly requester?: Name
  readonly owner?: string
  readonly certificate_id?: string
}

/**
 * What `api-submit` could do if it were taken over: any job, with events that
 * tell of it without a gap, and no look at what the grants of a certificate say.
 */
const forge = async (world: World, grant: Granted, forgery: Forgery = {}): Promise<string> => {
  const profile = await world.profiles.current('p-prod-web')
  if (profile === null) throw new Error('no profile')
  const csr = forgery.csr ?? csrFor('www.example.com')
  const { requires: _, ...planned } = planRequest(world, profile, csr, forgery.lifetime)
  const certificate_id = forgery.certificate_id ?? grant.certificate_id
  const place = { id: grant.grant_id, number: 1, window: 0, ...forgery.place }
  const content: Renewal = {
    type: 'Renewal',
    certificate_id,
    team: null,
    replaces: 1,
    ...planned,
    grant: place,
  }
  const id = `job-forged${Buffer.from(world.random(5)).toString('hex')}`
  const requester = world.people[forgery.requester ?? 'alice']
  const owner = forgery.owner ?? 'pr-alice'
  const opening = { id, content, requester, owner, reason: null, requirement: null }
  const { job, ...change } = openJob(opening, [], world.now())
  expect(await world.jobs.commit({ ...change, job })).toBe('committed')
  return id
}

describe('the signer, offered a renewal under a standing grant that nobody checked', () => {
  let world: World
  let grant: Granted

  beforeEach(async () => {
    world = await makeFurnishedWorld()
    grant = await granted(world, { issuances: 3 })
  })

  it('signs what people approved, with whatever key of that kind: that is what a grant gives away', async () => {
    const csr = otherKeyCsr('ECDSA_P256', 'www.example.com')
    expect(await offered(world, await forge(world, grant, { csr }))).toMatchObject({ signed: 1 })
  })

  it.each<[string, Forgery, string]>([
    ['another name', { csr: csrFor('www.example.com', 'shop.example.com') }, 'it has no name dns:shop'],
    ['another subject', { csr: csrFor('shop.example.com') }, 'the subject is another one'],
    ['another kind of key', { csr: otherKeyCsr('RSA_2048', 'www.example.com') }, 'key RSA_2048 is none of'],
    ['a number beyond those granted', { place: { number: 4 } }, 'it allows 3 renewals, not 4'],
    ['a period to come', { place: { window: 1 } }, 'the period is another one'],
    ['a grant that is not there', { place: { id: 'gr-nothing0' } }, 'there is no job that gave gr-nothing0'],
    ['another owner', { owner: 'pr-erin' }, 'the grant was given for another owner'],
    ['a requester who approved the grant', { requester: 'bob' }, 'two-person integrity'],
  ])('refuses %s', async (_, forgery, message) => {
    expect(await offered(world, await forge(world, grant, forgery))).toEqual(refused(message))
  })

  it('refuses a longer life than was granted, although the profile would allow it', async () => {
    const longer = await makeFurnishedWorld({ validity: { default: 'P30D', max: 'P90D' } })
    const given = await granted(longer)
    const id = await forge(longer, given, { lifetime: 'P90D' })
    expect(await offered(longer, id)).toEqual(refused('a lifetime of 7776000 seconds is more than 2592000'))
  })

  it('refuses another key, where the grant is for one', async () => {
    const same = await granted(world, { same_key: true })
    const csr = otherKeyCsr('ECDSA_P256', 'www.example.com')
    expect(await offered(world, await forge(world, same, { csr }))).toEqual(refused('another public key'))
  })

  it('refuses a grant of another certificate', async () => {
    const certificate_id = await issued(world)
    expect(await offered(world, await forge(world, grant, { certificate_id }))).toEqual(
      refused(`it is for ${grant.certificate_id}`),
    )
  })

  it.each([
    ['a period that is over by more than one', 2 * 30 * day, 'the period is another one'],
    ['the end of the grant', 181 * day, 'the grant is expired: it ended at'],
  ])('refuses after %s', async (_, seconds, message) => {
    const id = await forge(world, grant)
    world.pass(seconds)
    expect(await offered(world, id)).toEqual(refused(message))
  })

  it('refuses a second job in a place, whatever the rows say who has it', async () => {
    const first = await renew(world, grant.certificate_id)
    await world.drain()
    expect((await world.jobOf(first.id)).job.status).toBe('Completed')
    // As if no place had ever been given away.
    world.table.tamper(keys.grantUse(grant.grant_id), () => null)
    const { id } = await renew(world, grant.certificate_id)
    expect(await offered(world, id)).toEqual(refused('another job was signed in this place'))
    const forged = await forge(world, grant)
    expect(await offered(world, forged)).toEqual(refused('another job was signed in this place'))
  })

  it('refuses a new number in the period of another, and a number in a period of its own', async () => {
    expect(await offered(world, await forge(world, grant))).toMatchObject({ signed: 1 })
    const again = await forge(world, grant, { place: { number: 2 } })
    expect(await offered(world, again)).toEqual(refused('another job was signed in this place'))
    world.pass(30 * day)
    const old = await forge(world, grant, { place: { number: 1, window: 1 } })
    expect(await offered(world, old)).toEqual(refused('another job was signed in this place'))
  })

  // The worst that a role can do which writes jobs and every row about places, and no more.
  it('signs as often as people approved, and once in a period, however many jobs are forged', {
    timeout: 30_000,
  }, async () => {
    const signedIn: number[] = []
    for (let half = 0; half < 6; half += 1) {
      for (const window of [Math.floor(half / 2), Math.floor(half / 2) - 1].filter((n) => n >= 0))
        for (const number of [1, 2, 3, 4]) {
          const { signed } = await offered(world, await forge(world, grant, { place: { number, window } }))
          if (signed > 0) signedIn.push(window)
        }
      world.pass(15 * day)
    }
    expect(signedIn).toEqual([0, 1, 2])
  })

  it('signs a second time neither for a job that says it was planned, nor with what was planned changed', async () => {
    const { id } = await renew(world, grant.certificate_id)
    await world.drain()
    const { issuance } = await world.jobOf(id)
    if (issuance === null) throw new Error('nothing planned')
    const forged = await forge(world, grant)
    const file = await world.jobOf(forged)
    if (!('plan' in file.content)) throw new Error('no plan')
    const { serial } = file.content.plan
    const planned = { ...issuance, job_id: forged, serial }
    const details = { digest: file.job.digest, serial, ...planned.period, tbs_sha256: planned.tbs_sha256 }
    const actor = { id: 'worker-kms', type: 'System' } as const
    const change = step(
      file,
      { status: 'Running' },
      [{ type: 'issuance_planned', actor, details }],
      world.now(),
    )
    expect(await world.jobs.commit(change)).toBe('committed')
    const before = world.signatures.length
    await world.issue(forged)
    expect(world.signatures).toHaveLength(before)
    expect((await world.jobOf(forged)).job.status).toBe('Failed')
  })

  it('signs once more what a dead worker had put on record, although the grant was withdrawn since', async () => {
    const { id } = await renew(world, grant.certificate_id)
    const dying = {
      ...world.kms,
      signer: {
        sign: async () => {
          throw new Error('killed')
        },
      },
    }
    await expect(issueCertificate(dying, id)).rejects.toThrow('killed')
    await world.call('bob', 'withdrawGrant', { id: grant.grant_id })
    world.pass(61)
    expect(await offered(world, id)).toMatchObject({ signed: 1, status: 'Completed' })
  })
})

describe('a standing grant that ends between the request and the signature', () => {
  const ends: readonly (readonly [string, (world: World, grant: Granted) => Promise<unknown>, string])[] = [
    [
      'is withdrawn',
      (world, { grant_id }) => world.call('erin', 'withdrawGrant', { id: grant_id }),
      'the grant is withdrawn: it was withdrawn by pr-erin',
    ],
    [
      'is under a profile that is edited',
      async (world) => {
        const body = { ...profileBody, requires_approval: true, name: 'Other' }
        const { body: answer } = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
        await world.call('bob', 'approve', { id: answer.approval.id })
        await world.applyJob(answer.job.id)
      },
      'the grant is ended: profile p-prod-web is at version 2',
    ],
    [
      'is of a certificate whose key is compromised',
      async (world, { certificate_id }) => {
        const serial = (await world.certificates.load(certificate_id))?.versions[0]?.serial
        const body = { serial, reason: 'keyCompromise' }
        const { body: answer } = await world.call('alice', 'revokeCertificate', { id: certificate_id, body })
        await world.applyJob(answer.job.id)
      },
      'a key of the certificate was reported compromised',
    ],
  ]

  /** A world with a grant that was used once, and a second version, so that the first can be revoked alone. */
  const prepared = async () => {
    const world = await makeFurnishedWorld()
    const grant = await granted(world)
    await renew(world, grant.certificate_id)
    await world.drain()
    world.pass(30 * day)
    const { id } = await renew(world, grant.certificate_id)
    return { world, grant, id: String(id) }
  }

  it.each(ends)('and %s fails the job, and a person decides on the next', async (_, end, message) => {
    const { world, grant, id } = await prepared()
    await end(world, grant)
    expect(await offered(world, id)).toEqual(refused(message))
    const next = await renew(world, grant.certificate_id)
    expect(next.status).toBe('AwaitingApproval')
    await world.call('bob', 'approve', { id: next.approval_id })
    await world.drain()
    expect((await world.jobOf(next.id)).job.status).toBe('Completed')
  })

  it.each(ends.slice(0, 2))('and %s after the signer looked is refused in the same step', async (_, end) => {
    const { world, grant, id } = await prepared()
    const rules = await world.profiles.rules('p-prod-web', 1)
    const known = await world.grants.of(grant.certificate_id)
    const seen = await world.jobOf(grant.job_id)
    await end(world, grant)
    const before = world.signatures.length
    const stale = {
      ...world.kms,
      grants: { of: async () => known },
      profiles: { ...world.profiles, rules: async () => rules, newest: async () => 1 },
      jobs: { ...world.jobs, load: async (of: string) => (of === grant.job_id ? seen : world.jobs.load(of)) },
    }
    await issueCertificate(stale, id)
    expect(world.signatures).toHaveLength(before)
    expect((await world.jobOf(id)).job).toMatchObject({
      status: 'Failed',
      error_message: expect.stringMatching(/the standing grant was withdrawn|the profile .* was changed/),
    })
  })
})

describe('a grant written into the table by hand', () => {
  let world: World
  let grant: Granted

  beforeEach(async () => {
    world = await makeFurnishedWorld()
    grant = await granted(world)
  })

  const row = () => keys.grant(grant.certificate_id, grant.grant_id)

  it('gives nothing more than the job that people approved', async () => {
    world.table.tamper(row(), (found) => ({
      ...found,
      issuances: 1000,
      valid_until: '2027-01-01T00:00:00.000Z',
      subject_alternative_names: [{ type: 'dns', value: 'shop.example.com' }],
      subject: [{ type: 'CN', value: 'shop.example.com' }],
    }))
    const { id, status } = await renew(world, grant.certificate_id, { csr: csrFor('shop.example.com') })
    expect(status).toBe('Pending')
    expect(await offered(world, id)).toEqual(refused('it has no name dns:shop.example.com'))
  })

  it('gives nothing under the id of a job that nobody approved', async () => {
    const waiting = await asked(world, grant.certificate_id)
    const found = world.table.rows.get(`${row().pk}\u0000${row().sk}`)
    const forged = { ...found, ...keys.grant(grant.certificate_id, waiting.grant_id), id: waiting.grant_id }
    world.table.write(forged)
    const id = await forge(world, { ...grant, grant_id: waiting.grant_id })
    expect(await offered(world, id)).toEqual(
      refused(`the job that gave ${waiting.grant_id} is AwaitingApproval`),
    )
  })

  it('gives nothing when its job was completed by hand', async () => {
    const waiting = await asked(world, grant.certificate_id)
    const file = await world.jobOf(waiting.job_id)
    if (file.job.approval === null) throw new Error('no approval')
    const approval = { ...file.job.approval, state: 'approved' as const }
    const actor = { id: 'worker-apply', type: 'System' } as const
    const pending = step(
      file,
      { status: 'Pending', approval },
      [{ type: 'approval_approved', actor, details: {} }],
      world.now(),
    )
    await world.jobs.commit(pending)
    const now = await world.jobOf(waiting.job_id)
    const details = { grant_id: waiting.grant_id }
    const done = step(now, { status: 'Completed' }, [{ type: 'grant_granted', actor, details }], world.now())
    await world.jobs.commit(done)
    const found = world.table.rows.get(`${row().pk}\u0000${row().sk}`)
    const forged = { ...found, ...keys.grant(grant.certificate_id, waiting.grant_id), id: waiting.grant_id }
    world.table.write(forged)
    const id = await forge(world, { ...grant, grant_id: waiting.grant_id })
    expect(await offered(world, id)).toEqual(refused('0 of 1 approvals'))
  })

  it('is no better for a row that says nobody withdrew it', async () => {
    const { id } = await renew(world, grant.certificate_id)
    await world.call('bob', 'withdrawGrant', { id: grant.grant_id })
    world.table.tamper(row(), (found) => ({ ...found, withdrawn_at: null, withdrawn_by: null }))
    expect(await offered(world, id)).toEqual(refused('the grant was withdrawn'))
  })

  it('is no grant when its row is gone', async () => {
    const { id } = await renew(world, grant.certificate_id)
    world.table.tamper(row(), () => null)
    expect(await offered(world, id)).toEqual(refused(`${grant.grant_id} is not on record`))
  })
})
