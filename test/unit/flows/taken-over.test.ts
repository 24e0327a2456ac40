import { describe, expect, it } from 'vitest'
import { type FunctionId, functionIds } from '../../../infra/access.ts'
import { jobs } from '../../../lib/aws/jobs.ts'
import { items, keys } from '../../../lib/aws/table.ts'
import { batchedRenewal } from '../../../lib/flows/batched-renewal.ts'
import { decideApproval } from '../../../lib/flows/decide-job.ts'
import { snapshotOf, step } from '../../../lib/model/change.ts'
import { decide } from '../../../lib/model/decide.ts'
import { append } from '../../../lib/model/event.ts'
import type { Job } from '../../../lib/model/job.ts'
import { oidcSubjectIdOf } from '../../../lib/model/oidc-subject.ts'
import { openJob } from '../../../lib/model/open-job.ts'
import { type Principal, principal } from '../../../lib/model/principal.ts'
import type { Credential, ReceiptDraft } from '../../../lib/model/receipt.ts'
import { lineJobId } from '../../../lib/model/renewal-batch.ts'
import { batchApproved, batchAsked, issuedFor } from '../../support/batches.ts'
import { Denied, type Hands, handsOf } from '../../support/taken-over.ts'
import { credentialOf, makeFurnishedWorld, profileBody, type World } from '../../support/world.ts'

type Attack = {
  readonly what: string
  /** The roles whose rights suffice to try it. */
  readonly tried_by: readonly FunctionId[]
  /** Those of them with which it leads to a signature; nobody, where it is left out. */
  readonly signed_by?: readonly FunctionId[]
  /** Prepares honestly, then does it; the job that is offered to the signer, or null where there is a signature without one. */
  readonly attack: (world: World, hands: Hands) => Promise<string | null>
}

const job_writers: readonly FunctionId[] = [
  'api-submit',
  'api-rules',
  'api-decide',
  'api-administer',
  'workflow-refuse',
  'worker-kms',
  'worker-acm-pca',
  'worker-apply',
  'schedule-tend',
  'schedule-renew',
  'worker-publish-status',
]

const people_writers: readonly FunctionId[] = ['api-administer', 'worker-apply']

const fingerprint = 'cd'.repeat(32)

const mallory: Principal = principal.parse({
  id: 'pr-mallory',
  version: 1,
  kind: 'person',
  name: 'Mallory',
  email: null,
  roles: ['approver'],
  status: 'active',
  created_at: '2026-03-01T12:00:00.000Z',
  granted_by: 'bootstrap',
})

const keyRow = (principal_id: string, id: string) =>
  items.apiKey({
    id,
    principal_id,
    secret_sha256: fingerprint,
    created_at: mallory.created_at,
    expires_at: null,
    disabled_at: null,
    granted_by: 'bootstrap',
  })

const waiting = async (world: World, profile_id = 'p-prod-web') => (await world.ask({ profile_id })).job_id

/** Bob's word on a job, as whoever writes job rows could put it there. */
const invented = async (
  world: World,
  hands: Hands,
  receipt: (draft: ReceiptDraft) => Promise<string>,
): Promise<string> => {
  const id = await waiting(world)
  const word = { verdict: 'approve', note: null } as const
  const outcome = decide(await world.jobOf(id), { by: world.people.bob, giver: null }, word, world.now())
  if (outcome.outcome !== 'step') throw new Error(outcome.outcome)
  const change = outcome.change(await receipt(outcome.receipt))
  // Whoever attacks sets themselves no conditions.
  const writes = change.writes.filter(({ write }) => !write.startsWith('require_'))
  await jobs(hands.table).commit({ ...change, writes })
  return id
}

/** The honest function that decides, asked by somebody whose rows say that they may. */
const decidedBy = async (world: World, who: Principal, credential: Credential): Promise<string> => {
  const id = await waiting(world)
  const word = { verdict: 'approve', note: null } as const
  await decideApproval({ ...world, credential }, who, id.replace('job-', 'ar-'), word)
  return id
}

/** What an admin takes away from bob, a minute ago. */
const takenAway = async (world: World, edit: Partial<Principal>): Promise<void> => {
  const { name, email, roles, teams, status } = { ...world.people.bob, ...edit }
  const body = { name, email, roles: [...roles], teams: [...teams], status }
  await world.call('carol', 'changePrincipal', { id: 'pr-bob', body })
  world.pass(61)
}

const attacks: readonly Attack[] = [
  {
    what: 'hands a waiting job to its worker',
    tried_by: ['relay'],
    attack: async (world, hands) => {
      hands.dispatch()
      return waiting(world)
    },
  },
  {
    what: 'writes that a waiting job is Pending and approved',
    tried_by: job_writers,
    attack: async (world, hands) => {
      const id = await waiting(world)
      const { job } = await world.jobOf(id)
      if (job.approval === null) throw new Error('not gated')
      const approval = { ...job.approval, state: 'approved' } as const
      hands.write(items.job({ ...job, status: 'Pending', approval }))
      return id
    },
  },
  {
    what: 'writes a whole account of a decision, without a receipt',
    tried_by: job_writers,
    attack: (world, hands) => invented(world, hands, async () => ''),
  },
  {
    what: 'writes a decision with the receipt of a deadline',
    tried_by: ['schedule-tend'],
    attack: (world, hands) =>
      invented(world, hands, (draft) => hands.seal('clock-key', draft, credentialOf('bob'))),
  },
  {
    what: 'writes a decision with a receipt of its own making',
    tried_by: ['api-decide'],
    signed_by: ['api-decide'],
    attack: (world, hands) =>
      invented(world, hands, (draft) => hands.seal('decision-key', draft, credentialOf('bob'))),
  },
  {
    what: 'writes that the approval was bypassed',
    tried_by: job_writers,
    attack: async (world, hands) => {
      const id = await waiting(world)
      const { job, events } = await world.jobOf(id)
      if (job.approval === null) throw new Error('not gated')
      const approval = { ...job.approval, state: 'approved' } as const
      const passed: Job = { ...job, version: job.version + 1, status: 'Pending', approval }
      const draft = {
        type: 'approval_bypassed',
        actor: { id: 'system-bypass', type: 'System' },
        resource: id,
        job: snapshotOf(passed),
        details: { environment: world.environment, digest: job.digest },
      } as const
      const [event] = append(id, events, [draft], world.now())
      if (event === undefined) throw new Error('no event')
      await jobs(hands.table).commit({ job: passed, events: [event], writes: [] })
      return id
    },
  },
  {
    what: 'writes that an issued job is Pending again',
    tried_by: job_writers,
    attack: async (world, hands) => {
      const { job_id } = await world.made()
      const { job } = await world.jobOf(job_id)
      hands.write(items.job({ ...job, status: 'Pending' }))
      return job_id
    },
  },
  {
    what: 'writes a version of a profile that asks for nobody',
    tried_by: ['worker-apply'],
    attack: async (world, hands) => {
      const current = await world.profiles.current('p-prod-web')
      if (current === null) throw new Error('no profile')
      const open = { ...current.document, requires_approval: false }
      const forged = { ...current, version: 2, document: open }
      hands.write(items.profile(forged))
      hands.write({ ...keys.profileVersion(forged.id, 2), ...forged })
      return waiting(world)
    },
  },
  {
    what: 'brings back an earlier version of a profile, approved in its time, that asks for nobody',
    tried_by: ['worker-apply'],
    attack: async (world, hands) => {
      const earlier = await world.profiles.current('p-dev-web')
      if (earlier === null) throw new Error('no profile')
      const body = { ...profileBody, requires_approval: true }
      const asked = await waiting(world, 'p-dev-web')
      const edit = await world.call('carol', 'changeProfile', { id: 'p-dev-web', body })
      await world.call('bob', 'approve', { id: edit.body.approval.id })
      await world.applyJob(edit.body.job.id)
      hands.write(items.profile(earlier))
      // What can be written over, but not taken away: whoever asks now is told so, and the signer sees it of what was asked before.
      hands.write({ ...keys.profileVersion('p-dev-web', 2), ...earlier })
      await expect(world.ask({ profile_id: 'p-dev-web' })).rejects.toMatchObject({ code: 'version_conflict' })
      return asked
    },
  },
  {
    what: 'writes an approver with a key',
    tried_by: people_writers,
    attack: async (world, hands) => {
      hands.write(items.principal(mallory))
      hands.write(keyRow('pr-mallory', 'mallory-00000000'))
      return decidedBy(world, mallory, { id: 'mallory-00000000', fingerprint, granted_by: 'bootstrap' })
    },
  },
  {
    what: 'writes a key for an honest approver',
    tried_by: people_writers,
    attack: async (world, hands) => {
      hands.write(keyRow('pr-bob', 'bob-00000000'))
      return decidedBy(world, world.people.bob, { id: 'bob-00000000', fingerprint, granted_by: 'bootstrap' })
    },
  },
  {
    what: 'writes another secret for a key of an honest approver',
    tried_by: people_writers,
    attack: async (world, hands) => {
      const { id } = credentialOf('bob')
      hands.write(keyRow('pr-bob', id))
      return decidedBy(world, world.people.bob, { id, fingerprint, granted_by: 'bootstrap' })
    },
  },
  {
    what: 'gives back to somebody the role of an approver that an admin took away',
    tried_by: people_writers,
    attack: async (world, hands) => {
      const { bob } = world.people
      await takenAway(world, { roles: ['operator'] })
      hands.write(items.principal({ ...bob, version: 3 }))
      return decidedBy(world, { ...bob, version: 3 }, credentialOf('bob'))
    },
  },
  {
    what: 'lets somebody in again whom an admin disabled, and writes over the row that says so',
    tried_by: people_writers,
    attack: async (world, hands) => {
      const { bob } = world.people
      await takenAway(world, { status: 'disabled' })
      for (const { pk, sk } of world.table.rows.values())
        if (pk === 'PRINCIPAL#pr-bob' && String(sk).startsWith('ENDED#'))
          hands.write({ pk, sk: String(sk), granted_by: 'nobody', what: 'nothing' })
      hands.write(items.principal({ ...bob, version: 3 }))
      return decidedBy(world, { ...bob, version: 3 }, credentialOf('bob'))
    },
  },
  {
    what: 'lets a key of an honest approver live again that was disabled',
    tried_by: people_writers,
    attack: async (world, hands) => {
      const { id } = credentialOf('bob')
      world.table.write(keyRow('pr-bob', id))
      await world.call('carol', 'disableApiKey', { id: 'pr-bob', params: { key: id } })
      world.pass(61)
      hands.write(keyRow('pr-bob', id))
      return decidedBy(world, world.people.bob, credentialOf('bob'))
    },
  },
  {
    what: 'maps a subject of its own to an honest approver',
    tried_by: people_writers,
    attack: async (world, hands) => {
      const [issuer, subject] = ['https://id.example.com', 'mallory']
      const id = oidcSubjectIdOf(issuer, subject)
      const about = { id, version: 1, principal_id: 'pr-bob', issuer, subject, disabled_at: null }
      hands.write(items.oidcSubject({ ...about, created_at: mallory.created_at, granted_by: 'bootstrap' }))
      return decidedBy(world, world.people.bob, { id, fingerprint: id, granted_by: 'bootstrap' })
    },
  },
  {
    what: 'writes a founder',
    tried_by: [],
    signed_by: [],
    attack: async (world, hands) => {
      const { id, name, email, roles, teams } = mallory
      const credential = { id: 'mallory-00000000', fingerprint }
      hands.write({ ...keys.founder(id), id, name, email, roles, teams })
      hands.write({ ...keys.founderCredential(id, credential.id), ...credential })
      hands.write(items.principal(mallory))
      hands.write(keyRow('pr-mallory', credential.id))
      return decidedBy(world, mallory, { ...credential, granted_by: 'bootstrap' })
    },
  },
  {
    what: 'writes a renewal in a batch that people approved, for a line that was renewed',
    tried_by: job_writers,
    attack: async (world, hands) => {
      const [certificate_id = ''] = await issuedFor(world, 'a')
      const { job_id } = await batchApproved(world, { ids: [certificate_id] })
      await world.drain()
      const { content, job } = await world.jobOf(lineJobId({ job_id, index: 0 }))
      const opening = { id: 'job-again0', content, requester: world.people.alice, owner: job.owner }
      const again = openJob({ ...opening, reason: null, requirement: null }, [], world.now())
      await jobs(hands.table).commit(again)
      return 'job-again0'
    },
  },
  {
    what: 'writes a renewal in a batch that nobody approved, completed by its own word',
    tried_by: job_writers,
    attack: async (world, hands) => {
      const [certificate_id = ''] = await issuedFor(world, 'a')
      const batch = await batchAsked(world, { ids: [certificate_id] })
      const file = await world.jobOf(batch.job_id)
      if (file.content.type !== 'RenewalBatch' || file.job.approval === null) throw new Error('not gated')
      const approval = { ...file.job.approval, state: 'approved' } as const
      const actor = { id: 'pr-bob', type: 'Person' } as const
      const draft = { type: 'approval_approved', actor, details: {} } as const
      await jobs(hands.table).commit(step(file, { status: 'Pending', approval }, [draft], world.now()))
      const made = await batchedRenewal(world, certificate_id, file.content.seed)
      if ('excuse' in made) throw new Error(made.detail)
      const content = { ...made.renewal, batch: { job_id: batch.job_id, index: 0 } }
      const opening = { id: 'job-line00', content, requester: world.people.alice, owner: 'pr-alice' }
      const line = openJob({ ...opening, reason: null, requirement: null }, [], world.now())
      await jobs(hands.table).commit(line)
      return 'job-line00'
    },
  },
  {
    what: 'signs with a CA key, without a job',
    tried_by: ['worker-kms', 'worker-publish-status'],
    signed_by: ['worker-kms', 'worker-publish-status'],
    attack: async (world, hands) => {
      hands.useCaKey()
      const issuer = await world.issuers.get('iss-web')
      if (issuer === null) throw new Error('no issuer')
      await world.signer.sign(issuer.key, issuer.facts.signing_algorithm, {
        digest: Buffer.alloc(32),
        event_id: 'ev-none-1',
      })
      return null
    },
  },
]

const outcomeOf = async (id: FunctionId, { attack }: Attack): Promise<'denied' | 'refused' | 'signed'> => {
  const world = await makeFurnishedWorld()
  try {
    const job_id = await attack(world, handsOf(world, id))
    if (job_id === null) return 'signed'
    const before = world.signatures.length
    await world.issue(job_id)
    return world.signatures.length > before ? 'signed' : 'refused'
  } catch (error) {
    if (error instanceof Denied) return 'denied'
    throw error
  }
}

/** docs/threat-model.md, held to: every function, with exactly the rights of its row, tries everything. */
describe.each(attacks)('whoever takes over a function and $what', (each) => {
  it.each(functionIds)('as %s', async (id) => {
    const expected = !each.tried_by.includes(id)
      ? 'denied'
      : each.signed_by?.includes(id) === true
        ? 'signed'
        : 'refused'
    expect(await outcomeOf(id, each)).toBe(expected)
  })
})
