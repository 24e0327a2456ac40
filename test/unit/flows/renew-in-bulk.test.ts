import { beforeEach, describe, expect, it } from 'vitest'
import { applyChange } from '../../../lib/flows/apply-change.ts'
import { gatherEvidence } from '../../../lib/flows/gather-evidence.ts'
import { planRenewals } from '../../../lib/flows/plan-renewals.ts'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { verifyEvidence } from '../../../lib/flows/verify-evidence.ts'
import { contentDigest } from '../../../lib/model/job.ts'
import { lineJobId, skippedIn } from '../../../lib/model/renewal-batch.ts'
import { batchApproved, batchAsked, issuedFor, linesOf, planned, versionsOf } from '../../support/batches.ts'
import { day, issued, otherKeyCsr } from '../../support/grants.ts'
import { csrFor, makeFurnishedWorld, profileBody, receiptKeys, type World } from '../../support/world.ts'

const gated = { profile_id: 'p-prod-web' }

/** What became of all lines of a batch, as alice is told. */
const statuses = async (world: World, job_id: string): Promise<readonly string[]> =>
  (await linesOf(world, job_id)).map(({ status }: { status: string }) => status)

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'answered',
    ({ code }) => String(code),
  )

const nextCsr = (world: World, id: string, csr: string, who: 'alice' | 'frank' = 'alice') =>
  world.call(who, 'uploadNextCsr', { id, body: { csr } })

/** Edits a profile, with bob as the second person. */
const edit = async (world: World, id: string, change: object): Promise<void> => {
  const body = { ...profileBody, requires_approval: id === 'p-prod-web', ...change }
  const { body: answer } = await world.call('carol', 'changeProfile', { id, body })
  await world.call('bob', 'approve', { id: answer.approval.id })
  await world.drain()
}

describe('the dry run of a renewal in bulk', () => {
  let world: World

  beforeEach(async () => {
    world = await makeFurnishedWorld()
  })

  it('says which, whose and with which keys, and neither asks for anything nor changes anything', async () => {
    const [first = '', second = ''] = await issuedFor(world, 'a', 'b')
    await nextCsr(world, first, otherKeyCsr('ECDSA_P256', (await world.certificates.get(first))?.name ?? ''))
    const before = [...world.table.rows.keys()]
    const answer = await planned(world, gated)
    expect(answer).toMatchObject({
      matched: 2,
      renewable: 2,
      not_renewable: 0,
      requires_approval: true,
      quorum: 1,
      profiles: [{ id: 'p-prod-web', version: 1, matched: 2 }],
      owners: [{ owner: 'pr-alice', matched: 2 }],
      first: [
        { certificate_id: first, replaces: 1, brought_by: 'pr-alice', csr_from: 'next-csr' },
        { certificate_id: second, replaces: 1, brought_by: 'pr-alice', csr_from: 'reuse' },
      ],
    })
    const added = [...world.table.rows.keys()].filter((key) => !before.includes(key))
    expect(added).toEqual([expect.stringContaining(`BATCH#${answer.digest}`)])
    const kept = (await world.renewalPlans.get(answer.digest))?.batch
    expect(kept === undefined ? null : contentDigest(kept)).toBe(answer.digest)
    const { body: listed } = await world.call('dave', 'listPlannedRenewals', { id: answer.digest })
    expect(listed).toEqual(kept?.lines)
  })

  it('says of each certificate that is left out why it is', async () => {
    const ids = await issuedFor(world, 'a', 'b', 'c', 'd')
    const [revoked = '', open = '', other = '', good = ''] = ids
    await world.call('alice', 'revokeCertificate', { id: revoked })
    await world.drain()
    await world.call('alice', 'renewCertificate', { id: open })
    const name = (await world.certificates.get(other))?.name ?? ''
    await nextCsr(world, other, csrFor(name, 'more.example.com'))
    const requested = (await world.ask()).certificate_id
    const all = [...ids, requested, 'mc-nothing']
    const answer = await planned(world, { ids: all })
    expect(answer).toMatchObject({ matched: 6, renewable: 1, not_renewable: 5 })
    expect(answer.first).toMatchObject([{ certificate_id: good }])
    const why = new Map(
      answer.excluded.map((one: { certificate_id: string; reason: string }) => [
        one.certificate_id,
        one.reason,
      ]),
    )
    expect(Object.fromEntries(why)).toEqual({
      [revoked]: 'not_active',
      [open]: 'renewal_open',
      [other]: 'other_names',
      [requested]: 'not_active',
      'mc-nothing': 'not_found',
    })
    expect(answer.reasons[0]).toEqual({ reason: 'not_active', matched: 2 })
  })

  it.each<[string, string, object]>([
    ['a CSR is needed', 'needs_csr', { allow_key_reuse: false }],
    ['the profile has other rules by now', 'not_allowed', { key_algorithms: ['RSA_2048'] }],
  ])('leaves out what cannot be renewed, because %s', async (_, reason, change) => {
    await issuedFor(world, 'a')
    await edit(world, 'p-prod-web', change)
    expect(await planned(world, gated)).toMatchObject({
      digest: null,
      renewable: 0,
      reasons: [{ reason, matched: 1 }],
      first: [],
    })
  })

  it('leaves out what nobody answers for having brought, and what comes from an issuer that is retired', async () => {
    const [id = ''] = await issuedFor(world, 'a')
    world.table.tamper({ pk: `CERTIFICATE#${id}`, sk: 'RENEWAL' }, () => null)
    expect(await planned(world, gated)).toMatchObject({ reasons: [{ reason: 'csr_of_nobody' }] })
    world.table.tamper({ pk: 'ISSUER#iss-web', sk: 'ISSUER' }, (row) => ({ ...row, status: 'retired' }))
    expect(await planned(world, gated)).toMatchObject({ reasons: [{ reason: 'issuer_inactive' }] })
  })

  it('takes those with all that is named', async () => {
    const [one = ''] = await issuedFor(world, 'a')
    const { certificate_id: teamed } = await world.made({ team: 'web' })
    const soon = new Date(world.now().getTime() + 89 * day * 1000).toISOString()
    const chosen = async (selection: object): Promise<readonly string[]> =>
      (await planned(world, selection)).first.map(
        ({ certificate_id }: { certificate_id: string }) => certificate_id,
      )
    expect(await chosen(gated)).toEqual([one])
    expect(await chosen({ team: 'web' })).toEqual([teamed])
    expect(await chosen({ owner: 'PR-ALICE', profile_id: 'p-dev-web' })).toEqual([teamed])
    expect(await chosen({ issuer_id: 'iss-web' })).toEqual([one, teamed].toSorted())
    expect(await chosen({ ids: [one, teamed], owner: 'pr-alice', team: 'web' })).toEqual([teamed])
    expect(await chosen({ issuer_id: 'iss-web', expires_before: soon })).toEqual([])
    expect(await chosen({ ids: [one], owner: 'pr-bob' })).toEqual([])
    world.pass(2 * day)
    expect(
      await chosen({ expires_before: new Date(world.now().getTime() + 89 * day * 1000).toISOString() }),
    ).toHaveLength(2)
    await expect(world.call('alice', 'planRenewals', { body: { selection: {} } })).rejects.toThrow(
      'nothing of which',
    )
  })

  it('refuses to look through more of an inventory than it has the time for', async () => {
    const list: typeof world.certificates.list = async () => ({ rows: [], next: 'more' })
    const deps = { ...world, certificates: { ...world.certificates, list } }
    await expect(planRenewals(deps, { issuer_id: 'iss-web' })).rejects.toMatchObject({
      code: 'invalid_body',
      message: expect.stringContaining('too many certificates to look through'),
    })
  })

  it('refuses more text than a batch can hold, and says how much it would be', async () => {
    const labels = ['a', 'b', 'c'].map((letter) => letter.repeat(63)).join('.')
    const names = (of: number): readonly string[] =>
      Array.from({ length: 60 }, (_, n) => `${labels}.n${of}-${n}.example.com`)
    for (let n = 0; n < 30; n += 1) {
      const [first = '', ...rest] = names(n)
      await world.made({ csr: csrFor(`n${n}.example.com`, first, ...rest) })
    }
    await expect(planned(world, { profile_id: 'p-dev-web' })).rejects.toMatchObject({
      code: 'invalid_body',
      message: expect.stringMatching(/1 profiles \(20 at most\), \d{6} octets \(360000 at most\)/),
    })
  })

  it('refuses more than a batch can have, and says how many match', async () => {
    const [id = ''] = await issuedFor(world, 'a')
    const row = world.table.rows.get(`CERTIFICATE#${id}\u0000CERTIFICATE`)
    for (let n = 0; n < 500; n += 1)
      world.table.write({
        ...row,
        pk: `CERTIFICATE#mc-x${n}`,
        sk: 'CERTIFICATE',
        id: `mc-x${n}`,
        gsi2sk: `2026-03-02#mc-x${n}`,
      })
    await expect(planned(world, gated)).rejects.toMatchObject({
      code: 'invalid_body',
      message: '501 certificates match, and a batch renews 500 at most',
    })
  })
})

describe('a renewal in bulk', () => {
  let world: World

  beforeEach(async () => {
    world = await makeFurnishedWorld()
  })

  it('takes one approval, of exactly what was planned, and renews every certificate once', async () => {
    const ids = await issuedFor(world, 'a', 'b', 'c')
    const batch = await batchAsked(world, gated, { reason: 'before the freeze' })
    const before = world.signatures.length
    await world.drain()
    expect(world.signatures).toHaveLength(before)
    const shown = (await world.call('bob', 'getApproval', { id: batch.approval_id })).body
    expect(shown).toMatchObject({
      kind: 'RenewalBatch',
      state: 'pending',
      digest: batch.digest,
      summary: 'renew 3 certificates with the names that they have, under p-prod-web (3), of pr-alice (3)',
      reason: 'before the freeze',
      content: {
        count: 3,
        lines: ids.map((certificate_id) => ({
          certificate_id,
          names: [expect.stringMatching(/^dns:[abc]\./)],
        })),
      },
    })
    await world.call('bob', 'approve', { id: batch.approval_id })
    await world.drain()
    const { job, events } = await world.jobOf(batch.job_id)
    expect(job).toMatchObject({ status: 'Completed', progress: { matched: 3, done: 3, changed: 3 } })
    expect(events.map(({ type }) => type)).toEqual([
      'renewal_batch_requested',
      'approval_requested',
      'approval_approved',
      'renewals_opened',
      'renewals_opened',
    ])
    expect(await versionsOf(world, ids)).toEqual([2, 2, 2])
    expect(await linesOf(world, batch.job_id)).toMatchObject(
      ids.map((certificate_id, index) => ({ index, certificate_id, status: 'Completed', detail: null })),
    )
    const child = await world.jobOf(lineJobId({ job_id: batch.job_id, index: 0 }))
    expect(child.job).toMatchObject({
      approval: null,
      batch: { job_id: batch.job_id, index: 0 },
      requested_by: 'pr-alice',
      owner: 'pr-alice',
      reason: 'before the freeze',
    })
    expect(child.events[0]?.details).toMatchObject({ batch: { job_id: batch.job_id, index: 0 } })
  })

  it('is proven by the evidence of each certificate, which leads to the receipts of the batch', async () => {
    const ids = await issuedFor(world, 'a', 'b')
    const { certificate_id: ungated } = await world.made()
    const all = [...ids, ungated].toSorted()
    const batch = await batchApproved(world, { issuer_id: 'iss-web' })
    await world.drain()
    expect(await versionsOf(world, all)).toEqual([2, 2, 2])
    for (const id of all) {
      const bundle = await gatherEvidence(world, id, 2)
      const verify = receiptVerifier(receiptKeys, bundle.environment)
      expect(verifyEvidence(bundle, verify)).toEqual([])
      expect(bundle.batched_by?.events[0]?.chain).toBe(batch.job_id)
      expect(bundle.batch_rules_made_by).toHaveLength(1)
      const { batched_by: _, ...without } = bundle
      expect(verifyEvidence(without, verify)).toContain(`there is no batch ${batch.job_id}`)
      const { batch_rules_made_by: __, ...ruleless } = bundle
      expect(verifyEvidence(ruleless, verify)).not.toEqual([])
    }
    const alone = await gatherEvidence(world, ids[0] ?? '', 1)
    const { batched_by } = await gatherEvidence(world, ids[0] ?? '', 2)
    const verify = receiptVerifier(receiptKeys, alone.environment)
    expect(verifyEvidence({ ...alone, batched_by }, verify)).toContain('it was renewed in no batch')
  })

  it('waits for nobody where no profile asks for anybody', async () => {
    const { certificate_id } = await world.made()
    const batch = await batchAsked(world, { profile_id: 'p-dev-web' })
    expect(batch.approval_id).toBe('')
    await world.drain()
    expect(await versionsOf(world, [certificate_id])).toEqual([2])
  })

  it('gives the same answer to the same request again, and refuses another under its key', async () => {
    await issuedFor(world, 'a')
    const { digest } = await planned(world, gated)
    const ask = (body: object) => world.call('alice', 'renewInBulk', { idempotency_key: 'once', body })
    const first = await ask({ plan: digest })
    expect((await ask({ plan: digest })).body).toEqual(first.body)
    expect(await codeOf(ask({ plan: digest, reason: 'another' }))).toBe('idempotency_conflict')
    expect(await codeOf(ask({ plan: '0'.repeat(64) }))).toBe('idempotency_conflict')
    expect(await codeOf(world.call('alice', 'renewInBulk', { body: { plan: '0'.repeat(64) } }))).toBe(
      'not_found',
    )
    const other = world.call('alice', 'planRenewals', { idempotency_key: 'plan', body: { selection: gated } })
    const again = world.call('alice', 'planRenewals', { idempotency_key: 'plan', body: { selection: gated } })
    expect((await other).body.digest).toBe((await again).body.digest)
  })

  it.each<[string, (world: World, approval_id: string, job_id: string) => Promise<unknown>, string]>([
    [
      'rejected',
      (at, id) => at.call('bob', 'reject', { id, body: { note: 'not before the freeze' } }),
      'rejected: not before the freeze',
    ],
    ['withdrawn', (at, id) => at.call('alice', 'withdraw', { id }), 'withdrawn by requester'],
    ['cancelled', (at, _, id) => at.call('alice', 'cancelJob', { id }), 'cancelled by pr-alice'],
    [
      'left to expire',
      async (at) => {
        at.pass(8 * day)
        await at.sweep()
      },
      'approval expired',
    ],
  ])('that is %s opens nothing, and leaves every certificate renewable', async (_, end, message) => {
    const ids = await issuedFor(world, 'a', 'b')
    const { approval_id, job_id } = await batchAsked(world, gated)
    await end(world, approval_id, job_id)
    await world.drain()
    expect((await world.jobOf(job_id)).job).toMatchObject({ status: 'Cancelled', error_message: message })
    expect(await statuses(world, job_id)).toEqual(['NotOpened', 'NotOpened'])
    expect(await versionsOf(world, ids)).toEqual([1, 1])
    expect(await codeOf(world.call('alice', 'renewCertificate', { id: ids[0] ?? '' }))).toBe('answered')
  })

  it('skips what was renewed, revoked, given another CSR or asked for by itself since, and counts it', async () => {
    const ids = await issuedFor(world, 'a', 'b', 'c', 'd', 'e')
    const [renewed = '', revoked = '', brought = '', open = '', kept = ''] = ids
    const batch = await batchAsked(world, gated)
    const renewal = (await world.call('alice', 'renewCertificate', { id: renewed })).body
    await world.call('bob', 'approve', { id: renewal.approval.id })
    await world.call('alice', 'revokeCertificate', { id: revoked })
    await world.drain()
    const name = (await world.certificates.get(brought))?.name ?? ''
    await nextCsr(world, brought, otherKeyCsr('ECDSA_P256', name))
    await world.call('alice', 'renewCertificate', { id: open })
    await world.call('bob', 'approve', { id: batch.approval_id })
    await world.drain()
    const { job } = await world.jobOf(batch.job_id)
    expect(job).toMatchObject({ status: 'Completed', progress: { matched: 5, done: 5, changed: 1 } })
    const lines = await linesOf(world, batch.job_id)
    const shown = Object.fromEntries(
      lines.map((line: { certificate_id: string; status: string }) => [line.certificate_id, line.status]),
    )
    expect(shown).toEqual({
      [renewed]: 'Skipped',
      [revoked]: 'Skipped',
      [brought]: 'Skipped',
      [open]: 'Skipped',
      [kept]: 'Completed',
    })
    expect(await versionsOf(world, ids)).toEqual([2, 1, 1, 1, 2])
  })

  it('is refused a week after it was planned, whether or not the plan was cleared away', async () => {
    await issuedFor(world, 'a')
    const { digest } = await planned(world, gated)
    world.pass(7 * day + 1)
    expect(await codeOf(world.call('alice', 'renewInBulk', { body: { plan: digest } }))).toBe(
      'version_conflict',
    )
  })

  it('is refused where a profile of it was changed since it was planned', async () => {
    await issuedFor(world, 'a')
    const { digest } = await planned(world, gated)
    await edit(world, 'p-prod-web', { name: 'Other' })
    expect(await codeOf(world.call('alice', 'renewInBulk', { body: { plan: digest } }))).toBe(
      'version_conflict',
    )
  })

  it('opens nothing where a profile of it was changed since it was approved', async () => {
    const ids = await issuedFor(world, 'a')
    const batch = await batchApproved(world, gated)
    const body = { ...profileBody, requires_approval: true, name: 'Other' }
    const { body: answer } = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
    await world.call('bob', 'approve', { id: answer.approval.id })
    await world.applyJob(answer.job.id)
    await world.drain()
    expect((await world.jobOf(batch.job_id)).job).toMatchObject({
      status: 'Failed',
      error_message: expect.stringContaining('profile p-prod-web is not as it was when this was planned'),
    })
    expect(await versionsOf(world, ids)).toEqual([1])
  })
})

describe('who decides on a renewal in bulk', () => {
  let world: World

  beforeEach(async () => {
    world = await makeFurnishedWorld()
  })

  it('is not whoever asked for it, brought a CSR of it or owns any of it, nor somebody in their place', async () => {
    const [mine = ''] = await issuedFor(world, 'a')
    const asked = await world.ask({ owner: 'erin@example.com', csr: csrFor('b.example.com') }, 'frank')
    await world.call('bob', 'approve', { id: asked.approval_id })
    await world.drain()
    const { approval_id, job_id } = await batchAsked(world, { ids: [mine, asked.certificate_id] })
    await world.standIn('bob', 'frank')
    await world.standIn('bob', 'erin')
    for (const [who, body, message] of [
      ['frank', {}, 'whoever brought the CSR'],
      ['erin', {}, 'the owner of what is requested'],
      ['alice', {}, 'nobody decides their own request'],
      ['bob', { for: 'pr-frank' }, 'in the place of whoever brought the CSR'],
      ['bob', { for: 'pr-erin' }, 'in the place of the owner'],
    ] as const)
      await expect(world.call(who, 'approve', { id: approval_id, body })).rejects.toMatchObject({
        code: 'two_person_integrity',
        message: expect.stringContaining(message),
      })
    const { events } = await world.jobOf(job_id)
    expect(events.filter(({ type }) => type === 'approval_refused')).toHaveLength(5)
    await world.call('bob', 'approve', { id: approval_id })
    await world.drain()
    expect(await versionsOf(world, [mine, asked.certificate_id])).toEqual([2, 2])
  })

  it('is warned of names that pose as others, line by line, and of no name that does not', async () => {
    const [odd = ''] = await issuedFor(world, 'xn--bcher-kva')
    await issuedFor(world, 'plain')
    const { approval_id } = await batchAsked(world, gated)
    const { warnings } = (await world.call('bob', 'getApproval', { id: approval_id })).body
    expect(new Set(warnings)).toEqual(
      new Set([`${odd} is an internationalized name: xn--bcher-kva.example.com`]),
    )
  })

  it('is looked for when it is asked: where owners and bringers are all there is, it is refused', async () => {
    const own = {
      approval_policy: {
        stages: [{ name: 'one', quorum: 1, eligible: { principals: ['pr-frank', 'pr-bob'] } }],
      },
    }
    const small = await makeFurnishedWorld(own)
    const asked = await small.ask({ owner: 'pr-bob', csr: csrFor('b.example.com') }, 'alice')
    await small.call('frank', 'approve', { id: asked.approval_id })
    await small.drain()
    await nextCsr(small, asked.certificate_id, otherKeyCsr('ECDSA_P256', 'b.example.com'), 'frank')
    const { digest } = await planned(small, gated)
    await expect(small.call('alice', 'renewInBulk', { body: { plan: digest } })).rejects.toMatchObject({
      code: 'no_approver',
      message: expect.stringContaining('pr-bob'),
    })
  })

  it('is as many as the strictest of its profiles asks for, with the reason and the ticket that any wants', async () => {
    const strict = await makeFurnishedWorld({
      approval_policy: { quorum: 2, ticket_required: true, expires_after: 'P2D' },
    })
    await edit(strict, 'p-dev-web', { requires_approval: true, approval_policy: { reason_required: true } })
    const one = await issued(strict, { profile_id: 'p-dev-web', reason: 'first' })
    const asked = await strict.ask({ ticket: 'SECOPS-1' })
    await strict.call('bob', 'approve', { id: asked.approval_id })
    await strict.call('erin', 'approve', { id: asked.approval_id })
    await strict.drain()
    const { digest, quorum } = await planned(strict, { issuer_id: 'iss-web' })
    expect(quorum).toBe(2)
    await expect(strict.call('alice', 'renewInBulk', { body: { plan: digest } })).rejects.toThrow(
      'a reason and a ticket',
    )
    const body = { plan: digest, reason: 'all of it', ticket: 'SECOPS-2' }
    const { approval, job } = (await strict.call('alice', 'renewInBulk', { body })).body
    expect(Date.parse(approval.expires_at) - Date.parse(approval.created_at)).toBe(2 * day * 1000)
    await strict.call('bob', 'approve', { id: approval.id })
    await strict.drain()
    expect((await strict.jobOf(job.id)).job.status).toBe('AwaitingApproval')
    await strict.call('erin', 'approve', { id: approval.id })
    await strict.drain()
    expect(await versionsOf(strict, [one, asked.certificate_id])).toEqual([2, 2])
  })

  it('is never somebody whom only the other profile names: profiles that ask for different people are not mixed', async () => {
    const named = (id: string) => ({
      approval_policy: { stages: [{ name: 'one', quorum: 1, eligible: { principals: [id] } }] },
    })
    const mixed = await makeFurnishedWorld(named('pr-bob'))
    await issued(mixed)
    await edit(mixed, 'p-dev-web', { requires_approval: true, ...named('pr-erin') })
    const asked = await mixed.ask({ profile_id: 'p-dev-web' })
    await mixed.call('erin', 'approve', { id: asked.approval_id })
    await mixed.drain()
    await expect(planned(mixed, { issuer_id: 'iss-web' })).rejects.toMatchObject({
      code: 'profile_violation',
      message: expect.stringContaining('the profiles ask for different people'),
    })
    expect(await planned(mixed, gated)).toMatchObject({ renewable: 1 })
  })

  it('is the team of the certificates, of one team at a time, where the profile routes by it', async () => {
    const routed = await makeFurnishedWorld({
      approval_policy: { stages: [{ name: 'team', quorum: 1, eligible: { owner_team: true } }] },
    })
    routed.become('alice', { teams: ['web', 'platform'] })
    const ids: string[] = []
    for (const team of ['web', 'platform']) {
      const asked = await routed.ask({ team, csr: csrFor(`${team}.example.com`) })
      await routed.call('frank', 'approve', { id: asked.approval_id })
      await routed.drain()
      ids.push(asked.certificate_id)
    }
    await expect(planned(routed, gated)).rejects.toThrow('route by the team of the owner')
    const batch = await batchAsked(routed, { ...gated, team: 'platform' })
    await expect(routed.call('bob', 'approve', { id: batch.approval_id })).rejects.toThrow('not among those')
    await routed.call('erin', 'approve', { id: batch.approval_id })
    await routed.drain()
    expect(await versionsOf(routed, ids)).toEqual([1, 2])
  })
})

describe('a batch whose worker', () => {
  let world: World

  beforeEach(async () => {
    world = await makeFurnishedWorld()
  })

  it('dies between two renewals goes on where it was, and opens nothing twice', async () => {
    const ids = await issuedFor(world, 'a', 'b', 'c')
    const batch = await batchApproved(world, gated)
    let commits = 0
    const commit: typeof world.jobs.commit = (change) => {
      commits += 1
      if (commits > 3) throw new Error('killed')
      return world.jobs.commit(change)
    }
    await expect(
      applyChange({ ...world.apply, jobs: { ...world.jobs, commit } }, batch.job_id),
    ).rejects.toThrow('killed')
    await expect(world.call('alice', 'cancelJob', { id: batch.job_id })).rejects.toMatchObject({
      code: 'job_not_cancellable',
    })
    expect(await world.applyJob(batch.job_id)).toBe('in_other_hands')
    world.pass(61)
    expect(await world.applyJob(batch.job_id)).toBe('done')
    expect((await world.jobOf(batch.job_id)).job).toMatchObject({
      status: 'Completed',
      progress: { matched: 3, done: 3, changed: 3 },
    })
    await world.drain()
    expect(await versionsOf(world, ids)).toEqual([2, 2, 2])
  })

  it.each(['JOB', 'EVENT#00000001'])(
    'finds that somebody took the place of a line (%s) skips that one, says so, and opens the others',
    async (sk) => {
      const ids = await issuedFor(world, 'a', 'b', 'c')
      const { job_id } = await batchApproved(world, { ids: [...ids] })
      const taken = lineJobId({ job_id, index: 1 })
      const other = [...world.table.rows.values()].find((row) => row.pk === `JOB#${job_id}` && row.sk === sk)
      world.table.write({ ...other, pk: `JOB#${taken}`, sk })
      await world.drain()
      expect((await world.jobOf(job_id)).job).toMatchObject({
        status: 'Completed',
        progress: { matched: 3, done: 3, changed: 2 },
      })
      expect(skippedIn((await world.jobOf(job_id)).events)).toEqual(
        new Map([[ids[1], `there is something else in the place of its job, ${taken}`]]),
      )
      expect(await versionsOf(world, ids)).toEqual([2, 1, 2])
      expect(await linesOf(world, job_id)).toMatchObject([
        { status: 'Completed' },
        { status: 'Skipped', job_id: null, detail: expect.stringContaining(taken) },
        { status: 'Completed' },
      ])
    },
  )

  it('has no time left leaves the rest to another run', async () => {
    const ids = await issuedFor(world, ...Array.from({ length: 28 }, (_, n) => `host${n}`))
    const batch = await batchApproved(world, gated)
    const load: typeof world.renewals.load = (id) => {
      world.pass(1)
      return world.renewals.load(id)
    }
    await applyChange({ ...world.apply, renewals: { ...world.renewals, load } }, batch.job_id)
    expect((await world.jobOf(batch.job_id)).job).toMatchObject({ status: 'Pending', progress: { done: 25 } })
    await world.drain()
    expect((await world.jobOf(batch.job_id)).job).toMatchObject({
      status: 'Completed',
      progress: { matched: 28, done: 28, changed: 28 },
    })
    expect(new Set(await versionsOf(world, ids))).toEqual(new Set([2]))
  }, 30_000)

  it('finds a profile changed midway stops; what was signed by then stays proven', async () => {
    const ids = await issuedFor(world, ...Array.from({ length: 26 }, (_, n) => `host${n}`))
    const batch = await batchApproved(world, gated)
    const load: typeof world.renewals.load = (id) => {
      world.pass(1)
      return world.renewals.load(id)
    }
    await applyChange({ ...world.apply, renewals: { ...world.renewals, load } }, batch.job_id)
    const [first = '', second = ''] = [0, 1].map((index) => lineJobId({ job_id: batch.job_id, index }))
    await world.issue(first)
    const body = { ...profileBody, requires_approval: true, name: 'Other' }
    const { body: answer } = await world.call('carol', 'changeProfile', { id: 'p-prod-web', body })
    await world.call('bob', 'approve', { id: answer.approval.id })
    await world.applyJob(answer.job.id)
    await world.drain()
    expect((await world.jobOf(batch.job_id)).job).toMatchObject({ status: 'Failed', progress: { done: 25 } })
    expect((await world.jobOf(second)).job).toMatchObject({ status: 'Failed' })
    expect((await versionsOf(world, ids)).filter((number) => number === 2)).toHaveLength(1)
    const bundle = await gatherEvidence(world, ids[0] ?? '', 2)
    expect(verifyEvidence(bundle, receiptVerifier(receiptKeys, bundle.environment))).toEqual([])
  }, 30_000)

  it('is asked twice at once opens each renewal once', async () => {
    const ids = await issuedFor(world, 'a', 'b')
    const batch = await batchApproved(world, gated)
    const results = await Promise.all([world.applyJob(batch.job_id), world.applyJob(batch.job_id)])
    expect(results.toSorted()).toEqual(['done', 'in_other_hands'])
    await world.drain()
    expect(await versionsOf(world, ids)).toEqual([2, 2])
  })

  it('finds it cancelled at the last moment opens nothing', async () => {
    const ids = await issuedFor(world, 'a')
    const batch = await batchApproved(world, gated)
    const get: typeof world.principals.get = async (id) => {
      await world.call('alice', 'cancelJob', { id: batch.job_id })
      return world.principals.get(id)
    }
    const principals = { ...world.principals, get }
    expect(await applyChange({ ...world.apply, principals }, batch.job_id)).toBe('in_other_hands')
    await world.drain()
    expect(await versionsOf(world, ids)).toEqual([1])
  })
})
