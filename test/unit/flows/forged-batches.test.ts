import { beforeEach, describe, expect, it } from 'vitest'
import { keys } from '../../../lib/aws/table.ts'
import { batchedRenewal } from '../../../lib/flows/batched-renewal.ts'
import { decideApproval } from '../../../lib/flows/decide-job.ts'
import { issueCertificate, prepare } from '../../../lib/flows/issue-certificate.ts'
import { step } from '../../../lib/model/change.ts'
import { append, type Event } from '../../../lib/model/event.ts'
import { contentDigest, type JobContent } from '../../../lib/model/job.ts'
import { openJob } from '../../../lib/model/open-job.ts'
import { type BatchContent, type BatchLine, lineOf } from '../../../lib/model/renewal-batch.ts'
import { requirementFor } from '../../../lib/model/requirement.ts'
import {
  type Batch,
  batchApproved,
  batchAsked,
  issuedFor,
  planned,
  versionsOf,
} from '../../support/batches.ts'
import { day, granted, otherKeyCsr } from '../../support/grants.ts'
import { offered, refused } from '../../support/offered.ts'
import { credentialOf, makeFurnishedWorld, type Name, profileBody, type World } from '../../support/world.ts'

type Renewal = Extract<JobContent, { type: 'Renewal' }>

const batchIn = async (world: World, job_id: string): Promise<BatchContent> => {
  const { content } = await world.jobOf(job_id)
  if (content.type !== 'RenewalBatch') throw new Error('no batch')
  return content
}

/** The renewal that a line of a batch is for, as an honest worker would make it. */
const renewalFor = async (world: World, batch: BatchContent, index: number): Promise<Renewal> => {
  const made = await batchedRenewal(world, batch.lines[index]?.certificate_id ?? '', batch.seed)
  if ('excuse' in made) throw new Error(made.detail)
  return made.renewal
}

type Forgery = {
  /** The line that it says it is, where that is not the one that it is made from. */
  readonly index?: number
  readonly job_id?: string
  readonly content?: Partial<Renewal>
  readonly requester?: Name
  readonly owner?: string
}

let forged = 0

/** What a writer of job rows can do: a renewal that says that it is a line of a batch, without a gap in its events. */
const forge = async (
  world: World,
  batch_job: string,
  line: number,
  forgery: Forgery = {},
): Promise<string> => {
  const batch = await batchIn(world, batch_job)
  const renewal = await renewalFor(world, batch, line)
  const place = { job_id: forgery.job_id ?? batch_job, index: forgery.index ?? line }
  const content = { ...renewal, batch: place, ...forgery.content }
  forged += 1
  const id = `job-forged${forged}`
  const requester = world.people[forgery.requester ?? 'alice']
  const owner = forgery.owner ?? batch.lines[line]?.owner ?? ''
  const opening = { id, content, requester, owner, reason: null, requirement: null }
  const { job, ...change } = openJob(opening, [], world.now())
  expect(await world.jobs.commit({ ...change, job })).toBe('committed')
  return id
}

/** A batch of one's own making, asked for without the plan of an honest function. */
const forgeBatch = async (world: World, change: (batch: BatchContent) => BatchContent): Promise<Batch> => {
  const { digest } = await planned(world, { profile_id: 'p-prod-web' })
  const plan = (await world.renewalPlans.get(digest))?.batch
  if (plan === undefined) throw new Error('no plan')
  const content = change(plan)
  const current = await world.profiles.current('p-prod-web')
  const rules = { pinned: null, current: null, affected: current === null ? [] : [current] }
  const id = `job-batch${contentDigest(content).slice(0, 10)}`
  const requirement = requirementFor({ ...content, profiles: plan.profiles, team: null }, rules)
  const requester = world.people.alice
  const opening = { id, content, requester, owner: 'pr-alice', reason: null, requirement }
  const { job, ...opened } = openJob(opening, [], world.now())
  expect(await world.jobs.commit({ ...opened, job })).toBe('committed')
  return { job_id: id, approval_id: id.replace('job-', 'ar-'), digest: job.digest }
}

const withLine = (batch: BatchContent, edit: Partial<BatchLine>): BatchContent => ({
  ...batch,
  lines: batch.lines.map((line, n) => (n === 0 ? { ...line, ...edit } : line)),
})

describe('the signer, offered a renewal that says it is a line of a batch', () => {
  let world: World
  let ids: readonly string[]
  let batch: Batch

  beforeEach(async () => {
    world = await makeFurnishedWorld()
    ids = await issuedFor(world, 'a', 'b')
    batch = await batchApproved(world, { profile_id: 'p-prod-web' })
  })

  it('signs what people approved there', async () => {
    expect(await offered(world, await forge(world, batch.job_id, 0))).toMatchObject({ signed: 1 })
  })

  const csr = otherKeyCsr('ECDSA_P256', 'evil.example.com')

  it.each<[string, Forgery, string]>([
    ['the line of another certificate', { index: 1 }, 'line 1 of the batch is for another renewal'],
    ['a line beyond the last', { index: 2 }, 'the batch has no line 2'],
    ['another version to replace', { content: { replaces: 2 } }, 'is for another renewal'],
    ['another CSR', { content: { csr: Buffer.from(csr).toString('base64') } }, 'is for another renewal'],
    ['another bringer of its CSR', { content: { on_behalf_of: 'pr-carol' } }, 'is for another renewal'],
    ['another team', { content: { team: 'web' } }, 'is for another renewal'],
    ['another owner', { owner: 'pr-carol' }, 'is for another renewal'],
    ['another requester', { requester: 'frank' }, 'the batch was requested by somebody else'],
    ['a batch that is not there', { job_id: 'job-nothing0' }, 'there is no batch job-nothing0'],
    [
      'a place of a grant beside it',
      { content: { grant: { id: 'gr-nothing0', number: 1, window: 0 } } },
      'a place of a grant or of a batch, not of both',
    ],
  ])('refuses %s', async (_, forgery, message) => {
    expect(await offered(world, await forge(world, batch.job_id, 0, forgery))).toEqual(refused(message))
  })

  it('refuses a job that is no batch, although people approved it', async () => {
    const { job_id } = await granted(world)
    expect(await offered(world, await forge(world, batch.job_id, 0, { job_id }))).toEqual(
      refused(`there is no batch ${job_id}`),
    )
  })

  it('refuses a line that was signed for, in whatever job, and whatever the rows say of the certificate', async () => {
    await world.drain()
    expect(await versionsOf(world, ids)).toEqual([2, 2])
    for (const id of ids) {
      world.table.tamper(keys.certificate(id), (row) => ({ ...row, current_version: 1, version: 2 }))
      world.table.tamper({ pk: `CERTIFICATE#${id}`, sk: 'VERSION#00000002' }, () => null)
      world.table.tamper(keys.renewal(id), (row) => ({ ...row, state: 'scheduled', job_id: null }))
    }
    // As if the serial had never been issued.
    for (const key of [...world.table.rows.keys()].filter((one) => one.startsWith('SERIAL#')))
      world.table.rows.delete(key)
    const again = await forge(world, batch.job_id, 0)
    expect(await offered(world, again)).toEqual(refused('another job was signed for this line of the batch'))
  })

  it('signs a second time neither for a job that says it was planned, nor for another serial', async () => {
    const first = await forge(world, batch.job_id, 0)
    await offered(world, first)
    const { issuance } = await world.jobOf(first)
    if (issuance === null) throw new Error('nothing planned')
    world.table.tamper(keys.certificate(ids[0] ?? ''), (row) => ({ ...row, current_version: 1 }))
    world.table.tamper({ pk: `CERTIFICATE#${ids[0]}`, sk: 'VERSION#00000002' }, () => null)
    const second = await forge(world, batch.job_id, 0)
    const file = await world.jobOf(second)
    const details = {
      digest: file.job.digest,
      serial: issuance.serial,
      ...issuance.period,
      tbs_sha256: issuance.tbs_sha256,
    }
    const actor = { id: 'worker-kms', type: 'System' } as const
    const draft = { type: 'issuance_planned', actor, details } as const
    const change = step(file, { status: 'Running' }, [draft], world.now())
    expect(await world.jobs.commit(change)).toBe('committed')
    const before = world.signatures.length
    await world.issue(second)
    expect(world.signatures).toHaveLength(before)
    expect((await world.jobOf(second)).job.status).toBe('Failed')
  })

  it('signs nothing that only says it was planned in time', async () => {
    const id = await forge(world, batch.job_id, 0)
    const file = await world.jobOf(id)
    if (!('plan' in file.content)) throw new Error('no plan')
    const issuer = await world.issuers.get('iss-web')
    const { issuance } = prepare(file, file.content, { issuer, now: world.now() })
    const details = {
      digest: file.job.digest,
      serial: issuance.serial,
      ...issuance.period,
      tbs_sha256: issuance.tbs_sha256,
    }
    const actor = { id: 'worker-kms', type: 'System' } as const
    const draft = { type: 'issuance_planned', actor, details } as const
    expect(await world.jobs.commit(step(file, { status: 'Running' }, [draft], world.now()))).toBe('committed')
    world.pass(8 * day)
    expect(await offered(world, id)).toEqual(refused('another job was signed for this line of the batch'))
  })

  it('signs once more what a dead worker had put on record, although its time is over since', async () => {
    const id = await forge(world, batch.job_id, 0)
    const dying = {
      ...world.kms,
      signer: {
        sign: async () => {
          throw new Error('killed')
        },
      },
    }
    await expect(issueCertificate(dying, id)).rejects.toThrow('killed')
    world.pass(8 * day)
    expect(await offered(world, id)).toMatchObject({ signed: 1, status: 'Completed' })
  })

  it('refuses a certificate that was renewed since, although its line was never used', async () => {
    const id = await forge(world, batch.job_id, 0)
    const own = (await world.call('alice', 'renewCertificate', { id: ids[0] ?? '' })).body
    await world.call('bob', 'approve', { id: own.approval.id })
    await world.issue(own.job.id)
    expect(await offered(world, id)).toMatchObject({
      signed: 0,
      status: 'Failed',
      message: expect.stringContaining('was renewed since this was planned'),
    })
  })

  it('refuses it under a profile that was changed since', async () => {
    const id = await forge(world, batch.job_id, 0)
    const body = { ...profileBody, requires_approval: true, name: 'Other' }
    const { body: answer } = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
    await world.call('bob', 'approve', { id: answer.approval.id })
    await world.applyJob(answer.job.id)
    expect(await offered(world, id)).toEqual(
      refused('version 1 of profile p-prod-web is not in force any more'),
    )
  })

  it('refuses it when the approval is over, and when somebody put off its deadline in the record', async () => {
    const late = await forge(world, batch.job_id, 0)
    world.pass(7 * day + 60)
    expect(await offered(world, late)).toEqual(refused('the approval of the batch expired'))
    const { job, events } = await world.jobOf(batch.job_id)
    const expires_at = new Date(world.now().getTime() + 30 * day * 1000).toISOString()
    const rewritten: Event[] = []
    for (const { actor, actor_type, time, details, ...event } of events) {
      const more = event.type === 'approval_requested' ? { ...details, expires_at } : details
      const draft = { ...event, actor: { id: actor, type: actor_type }, details: more }
      rewritten.push(...append(job.id, rewritten, [draft], new Date(time)))
    }
    for (const event of rewritten)
      world.table.tamper(keys.event(`JOB#${job.id}`, event.sequence), (row) => ({ ...row, ...event }))
    world.table.tamper(keys.job(job.id), (row) => ({
      ...row,
      approval: { ...(row.approval as object), expires_at },
    }))
    const put_off = await forge(world, batch.job_id, 1)
    expect(await offered(world, put_off)).toEqual(refused('the approval of the batch expired'))
  })
})

describe('the signer, offered a renewal in a batch that', () => {
  let world: World

  beforeEach(async () => {
    world = await makeFurnishedWorld()
    await issuedFor(world, 'a', 'b')
  })

  it('waits, was rejected or was withdrawn refuses it', async () => {
    const waiting = await batchAsked(world, { profile_id: 'p-prod-web' })
    const early = await forge(world, waiting.job_id, 0)
    expect(await offered(world, early)).toEqual(refused('the batch is AwaitingApproval'))
    const id = await forge(world, waiting.job_id, 0)
    await world.call('bob', 'reject', { id: waiting.approval_id, body: { note: 'no' } })
    expect(await offered(world, id)).toEqual(refused('the batch is Cancelled'))
  })

  it('was completed by hand refuses it', async () => {
    const { job_id } = await batchAsked(world, { profile_id: 'p-prod-web' })
    const file = await world.jobOf(job_id)
    if (file.job.approval === null) throw new Error('no approval')
    const approval = { ...file.job.approval, state: 'approved' as const }
    const actor = { id: 'pr-bob', type: 'Person' } as const
    const draft = { type: 'approval_approved', actor, details: {} } as const
    await world.jobs.commit(step(file, { status: 'Pending', approval }, [draft], world.now()))
    expect(await offered(world, await forge(world, job_id, 0))).toEqual(refused('0 of 1 approvals'))
  })

  it('says other names than it is for refuses it: nobody was shown what this is', async () => {
    const batch = await forgeBatch(world, (plan) => withLine(plan, { names: ['dns:harmless.example.com'] }))
    await world.call('bob', 'approve', { id: batch.approval_id })
    expect(await offered(world, await forge(world, batch.job_id, 0))).toEqual(
      refused('line 0 of the batch is for another renewal'),
    )
  })

  it.each<[string, (plan: BatchContent) => BatchContent, string]>([
    [
      'has a certificate twice',
      (plan) => ({ ...plan, count: 3, lines: [...plan.lines, ...plan.lines.slice(0, 1)] }),
      'the batch has a certificate twice',
    ],
    ['says another count', (plan) => ({ ...plan, count: 1 }), 'says that it has 1 lines, and has 2'],
    ['says another team', (plan) => ({ ...plan, team: 'web' }), 'for another team than its lines'],
    [
      'names its profile twice',
      (plan) => ({ ...plan, profiles: [...plan.profiles, ...plan.profiles] }),
      'the batch has a profile twice',
    ],
    [
      'is for an earlier version of the profile',
      (plan) => ({ ...plan, profiles: [{ id: 'p-prod-web', version: 2 }] }),
      'is not for version 1 of profile p-prod-web',
    ],
    [
      'is for another profile, which asks for nobody',
      (plan) => ({ ...plan, profiles: [{ id: 'p-dev-web', version: 1 }] }),
      'the batch is not for version 1 of profile p-prod-web',
    ],
  ])('%s refuses it, although people approved it', async (_, change, message) => {
    const batch = await forgeBatch(world, change)
    await world.call('bob', 'approve', { id: batch.approval_id })
    const id = await forge(world, batch.job_id, 0)
    const before = world.signatures.length
    await world.issue(id)
    expect(world.signatures).toHaveLength(before)
    const { job } = await world.jobOf(id)
    expect(job.status).toBe('Failed')
    // The rules of such a batch may be none at all: then that is said first, and alone.
    expect(job.error_message).toMatch(new RegExp(`${message}|is not as it was when this was planned`))
  })

  it('was approved by whoever brought a CSR of it, or owns some of it, refuses all of it', async () => {
    for (const edit of [{ brought_by: 'pr-frank' }, { owner: 'frank@example.com' }]) {
      const batch = await forgeBatch(world, (plan) => withLine(plan, edit))
      // The honest function would not hear frank: this one is shown another list.
      const load: typeof world.jobs.load = async (id) => {
        const file = await world.jobs.load(id)
        if (file === null || 'unreadable' in file || file.content.type !== 'RenewalBatch') return file
        return { ...file, content: withLine(file.content, { brought_by: 'pr-alice', owner: 'pr-alice' }) }
      }
      const deps = { ...world, jobs: { ...world.jobs, load }, credential: credentialOf('frank') }
      const word = { verdict: 'approve', note: null } as const
      await decideApproval(deps, world.people.frank, batch.approval_id, word)
      const id = await forge(world, batch.job_id, 1)
      expect(await offered(world, id)).toEqual(refused('two-person integrity'))
    }
  })

  it('somebody else of its kind was approved for refuses it: a receipt is for one batch', async () => {
    const good = await batchApproved(world, { profile_id: 'p-prod-web' })
    const other = await batchAsked(world, { profile_id: 'p-prod-web' })
    const id = await forge(world, other.job_id, 0)
    world.table.tamper(keys.job(other.job_id), (row) => ({ ...row, status: 'Completed' }))
    expect(await offered(world, id)).toMatchObject({ signed: 0, status: 'Failed' })
    const swapped = await forge(world, other.job_id, 0, { job_id: good.job_id })
    expect(await offered(world, swapped)).toEqual(refused('is for another renewal'))
  })
})

describe('a line of a batch', () => {
  it('is what its renewal says of itself, and nothing else', async () => {
    const world = await makeFurnishedWorld()
    await issuedFor(world, 'a')
    const { job_id } = await batchAsked(world, { profile_id: 'p-prod-web' })
    const batch = await batchIn(world, job_id)
    const renewal = await renewalFor(world, batch, 0)
    expect(lineOf(renewal, 'pr-alice')).toEqual(batch.lines[0])
    expect(lineOf({ ...renewal, batch: { job_id, index: 0 } }, 'pr-alice')).toEqual(batch.lines[0])
  })
})
