import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { applyChange } from '../../../lib/flows/apply-change.ts'
import { follow } from '../../../lib/flows/follow-event.ts'
import { gatherEvidence } from '../../../lib/flows/gather-evidence.ts'
import { issueCertificate } from '../../../lib/flows/issue-certificate.ts'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { verifyEvidence } from '../../../lib/flows/verify-evidence.ts'
import { approvalBypass } from '../../../lib/lambda/approval-bypass.ts'
import { consequences } from '../../../lib/model/consequences.ts'
import { measuresOf } from '../../../lib/model/measures.ts'
import { lineJobId } from '../../../lib/model/renewal-batch.ts'
import { behindHttp } from '../../support/http-world.ts'
import { csrFor, environment, makeFurnishedWorld, receiptKeys, type World } from '../../support/world.ts'

const bypass = { environment }

let world: World
let http: Awaited<ReturnType<typeof behindHttp>>

beforeEach(async () => {
  world = await makeFurnishedWorld()
  http = await behindHttp({ ...world, bypass } as unknown as World)
})

const requested = async () => {
  const body = { profile_id: 'p-prod-web', csr: csrFor('www.example.com') }
  const { json } = await http.as('alice')('POST', '/certificates', body)
  return json as {
    readonly job: { readonly id: string; readonly status: string }
    readonly approval: { readonly id: string; readonly state: string; readonly decisions: readonly unknown[] }
    readonly certificate: { readonly id: string }
  }
}

const endOf = async (job_id: string) => {
  const { job } = await world.jobOf(job_id)
  return [job.status, job.error_message]
}

describe('A job whose approval is bypassed', () => {
  it('is Pending at once, with nobody’s word, on record as system-bypass in the same transaction', async () => {
    const before = world.table.calls.transact ?? 0
    const { job, approval } = await requested()
    expect([job.status, approval.state, approval.decisions]).toEqual(['Pending', 'approved', []])
    const { events } = await world.jobOf(job.id)
    expect(events.map(({ type, actor, actor_type }) => [type, actor, actor_type])).toEqual([
      ['certificate_requested', 'pr-alice', 'Person'],
      ['approval_requested', 'pr-alice', 'Person'],
      ['approval_bypassed', 'system-bypass', 'System'],
    ])
    expect((world.table.calls.transact ?? 0) - before).toBeLessThanOrEqual(2)
    const last = events.at(-1)
    if (last === undefined) throw new Error('no event')
    expect(consequences(last)).toContainEqual({ effect: 'dispatch', queue: 'kms', job_id: job.id })
    expect(measuresOf(last)[0]).toMatchObject({
      name: 'approval_decisions_total',
      dimensions: { outcome: 'bypassed', profile_id: 'p-prod-web' },
    })
  })

  it('has no execution: nobody decides on it', async () => {
    const { job } = await requested()
    const started: unknown[] = []
    const workflows = {
      start: async (input: unknown) => void started.push(input),
      wake: async () => 'over' as const,
    }
    const tokens = { take: async () => null, drop: async () => {} }
    const queues = { dispatch: async () => {}, publishStatus: async () => {}, notify: async () => {} }
    await follow({ ...world, workflows, tokens, queues }, { effect: 'start_workflow', job_id: job.id })
    expect(started).toEqual([])
  })

  it('is signed by the signer of this deployment that is told to', async () => {
    const { job } = await requested()
    await issueCertificate({ ...world.kms, bypass }, job.id)
    expect(await endOf(job.id)).toEqual(['Completed', null])
  })

  it('bypasses that of a batch, too: its renewals are signed there, and nowhere else', async () => {
    const certificates = [await requested(), await requested()]
    for (const { job } of certificates) await issueCertificate({ ...world.kms, bypass }, job.id)
    const selection = { ids: certificates.map(({ certificate }) => certificate.id) }
    const plan = await http.as('alice')('POST', '/certificates/renew/plan', { selection })
    const asked = await http.as('alice')('POST', '/certificates/renew', { plan: plan.json.digest })
    expect(asked.json.job.status).toBe('Pending')
    await applyChange({ ...world.apply, bypass }, asked.json.job.id)
    const [first = '', second = ''] = [0, 1].map((index) => lineJobId({ job_id: asked.json.job.id, index }))
    await issueCertificate({ ...world.kms, bypass }, first)
    expect(await endOf(first)).toEqual(['Completed', null])
    await issueCertificate(world.kms, second)
    expect(await endOf(second)).toEqual(['Failed', expect.stringContaining('the approval was bypassed')])
  })

  it('is refused by every signer that is not told to, and by that of another deployment', async () => {
    const [first, second] = [await requested(), await requested()]
    await issueCertificate(world.kms, first.job.id)
    expect(await endOf(first.job.id)).toEqual([
      'Failed',
      'signing refused: the approval was bypassed: nobody decided',
    ])
    await issueCertificate({ ...world.kms, bypass: { environment: 'other' } }, second.job.id)
    expect(await endOf(second.job.id)).toEqual([
      'Failed',
      'signing refused: the approval was bypassed in another deployment',
    ])
    expect((await world.certificates.load(first.certificate.id))?.versions).toEqual([])
  })

  it('makes rules and approvers that count where it is allowed, and nowhere else', async () => {
    const change = await http.as('carol')('PUT', '/principals/pr-alice', {
      name: 'alice',
      email: 'alice@example.com',
      roles: ['operator', 'approver'],
      status: 'active',
    })
    expect(change.json.job.status).toBe('Pending')
    expect(await applyChange({ ...world.apply, bypass }, change.json.job.id)).toBe('done')
    expect((await world.principals.get('pr-alice'))?.principal.granted_by).toBe(change.json.job.id)
    const gone = await http.as('carol')('DELETE', '/profiles/p-prod-web')
    expect(await applyChange(world.apply, gone.json.job.id)).toBe('refused')
    expect((await world.profiles.current('p-prod-web'))?.status).toBe('active')
  })

  it('is proof of nothing: the evidence of its certificate does not verify', async () => {
    const { job, certificate } = await requested()
    await issueCertificate({ ...world.kms, bypass }, job.id)
    const bundle = await gatherEvidence(world, certificate.id, 1)
    expect(verifyEvidence(bundle, receiptVerifier(receiptKeys, environment))).toContain(
      'the approval was bypassed: nobody decided',
    )
  })

  it('is found by one query', async () => {
    const { job } = await requested()
    const { json } = await http.as('dave')('GET', '/audit?actor=system-bypass')
    expect(json.map(({ type, chain }: { type: string; chain: string }) => [type, chain])).toEqual([
      ['approval_bypassed', job.id],
    ])
  })

  it('changes nothing about what needs nobody', async () => {
    const body = { profile_id: 'p-dev-web', csr: csrFor('www.example.com') }
    const { json } = await http.as('alice')('POST', '/certificates', body)
    const { events } = await world.jobOf(json.job.id)
    expect([json.approval, events.map(({ type }) => type)]).toEqual([null, ['certificate_requested']])
  })
})

describe('A function', () => {
  const started = (variables: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    const lines: string[] = []
    const terminal = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((line) => lines.push(String(line)) > 0)
    const found = approvalBypass()
    terminal.mockRestore()
    return { found, said: lines.map((line) => JSON.parse(line)) }
  }
  afterEach(() => vi.unstubAllEnvs())

  it('says at every cold start that approvals are bypassed', () => {
    const told = { APPROVAL_BYPASS: 'yes', STAGE: 'dev', ENVIRONMENT: 'e' }
    for (const _ of [1, 2]) {
      const { found, said } = started(told)
      expect(found).toEqual({ environment: 'e' })
      expect(said).toMatchObject([{ level: 'WARN', message: expect.stringContaining('bypassed') }])
    }
  })

  it('has people decide, and says nothing, where it is told nothing', () => {
    expect(started({ STAGE: 'dev', ENVIRONMENT: 'e' })).toEqual({ found: null, said: [] })
  })

  it.each([
    ['in production', { APPROVAL_BYPASS: 'yes', STAGE: 'prod' }],
    ['in a stage that it does not know', { APPROVAL_BYPASS: 'yes', STAGE: 'production' }],
    ['when it is told something else', { APPROVAL_BYPASS: 'true', STAGE: 'dev' }],
  ])('has people decide %s, and says so', (_, variables) => {
    const { found, said } = started({ ...variables, ENVIRONMENT: 'e' })
    expect(found).toBe(null)
    expect(said).toMatchObject([{ level: 'ERROR' }])
  })
})
