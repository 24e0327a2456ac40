import { sign } from 'node:crypto'
import { SendTaskFailureCommand, SendTaskSuccessCommand } from '@aws-sdk/client-sfn'
import { describe, expect, it } from 'vitest'
import { keys } from '../../lib/aws/table.ts'
import { sealReceipt } from '../../lib/flows/receipts.ts'
import { requestCertificate } from '../../lib/flows/request-certificate.ts'
import type { Approval, Decision } from '../../lib/model/approval.ts'
import type { Change } from '../../lib/model/change.ts'
import { decide } from '../../lib/model/decide.ts'
import type { Job, JobContent, JobFile } from '../../lib/model/job.ts'
import { openJob } from '../../lib/model/open-job.ts'
import type { Identity } from '../../lib/model/principal.ts'
import type { ReceiptDraft } from '../../lib/model/receipt.ts'
import { jobCompleted } from '../../scripts/local/api.ts'
import {
  eventOf,
  eventsOf,
  fileOf,
  live,
  principalOf,
  receiptPorts,
  send,
  typesOf,
  versionsOf,
  writeJobRow,
  writeRow,
} from '../support/live-jobs.ts'
import {
  approve,
  csrFor,
  issueGated,
  newHostName,
  random,
  requestGated,
  suffix,
} from '../support/live-requests.ts'
import { executionEnded, executionOf, tokenOf, wasDispatched } from '../support/live-workflow.ts'
import { keyOf } from '../support/pki-keys.ts'
import { as, clients } from '../support/stack.ts'

/** A job that must never be signed, and how many versions its certificate has already. */
type Forged = { readonly job_id: string; readonly certificate_id: string; readonly versions: number }

const unused = (file: JobFile): string => ('plan' in file.content ? file.content.plan.serial : '')

const waiting = async (body: object = {}) => {
  const asked = await requestGated(body)
  await tokenOf(asked.approval_id)
  const file = await fileOf(asked.job_id)
  const { approval } = file.job
  if (approval === null) throw new Error('not gated')
  return { ...asked, file, approval, forged: { ...asked, versions: 0 } }
}

const word = (by: Identity, { job }: JobFile): Decision => ({
  by: by.id,
  name: by.name,
  email: by.email,
  for: null,
  verdict: 'approve',
  stage: 'approval',
  note: 'invented',
  digest: job.digest,
  time: new Date().toISOString(),
})

/** The row of a job as it would be if it had been approved. */
const approvedRow = ({ job }: JobFile, approval: Approval, changed: Partial<Approval>): Job => ({
  ...job,
  version: job.version + 1,
  status: 'Pending',
  approval: { ...approval, state: 'approved', ...changed },
})

const contentOf = ({ writes }: Change): JobContent => {
  const found = writes.find((write) => write.write === 'content')
  if (found === undefined) throw new Error('no content')
  return found.content
}

/** An honest plan for a new certificate, not stored. */
const planned = async () => {
  const alice = await principalOf('alice')
  const request = { profile_id: 'p-prod-web', csr: csrFor(newHostName()) }
  const { change, certificate } = await requestCertificate(live, alice, request)
  const content = contentOf(change)
  if (certificate === null) throw new Error('no certificate')
  const opening = { id: `job-${suffix()}`, content, requester: alice, owner: alice.id, reason: null }
  const writes = [{ write: 'new_certificate', certificate }] as const
  const opened = openJob({ ...opening, requirement: null }, writes, new Date())
  return { opened, forged: { job_id: opening.id, certificate_id: certificate.id, versions: 0 } }
}

/** Receipts that a writer of the table could put beside an invented decision. */
const receipts: readonly {
  readonly receipt: string
  readonly make: (draft: ReceiptDraft) => Promise<string>
}[] = [
  { receipt: 'no receipt', make: async () => '' },
  {
    receipt: 'the receipt of another decision of the same person',
    make: async () => {
      const { job_id } = await issueGated()
      return String((await eventOf(job_id, 'approval_approved')).details.receipt)
    },
  },
  {
    receipt: 'a receipt signed by another key',
    make: async (draft) => {
      const { receipts, environment, credential } = await receiptPorts()
      const { privateKey } = keyOf('ECDSA_P256')
      const mine = { kid: receipts.kid, sign: async (input: Uint8Array) => sign('sha256', input, privateKey) }
      return sealReceipt({ receipts: mine, environment, credential, random }, draft)
    },
  },
  {
    receipt: 'a receipt of another deployment',
    make: async (draft) => {
      const { receipts, credential } = await receiptPorts()
      return sealReceipt({ receipts, environment: '000000000000/us-east-1/other', credential, random }, draft)
    },
  },
]

/** A waiting job that bob approved, as far as row and events go, with this receipt. */
const accountWith = async (make: (draft: ReceiptDraft) => Promise<string>): Promise<Forged> => {
  const { file, forged } = await waiting()
  const outcome = decide(
    file,
    { by: await principalOf('bob'), giver: null },
    { verdict: 'approve', note: null },
    new Date(),
  )
  if (outcome.outcome !== 'step') throw new Error(outcome.outcome)
  expect(await live.jobs.commit(outcome.change(await make(outcome.receipt)))).toBe('committed')
  return forged
}

const forgeries: readonly { readonly made: string; readonly forge: () => Promise<Forged> }[] = [
  {
    made: 'a bare row',
    forge: async () => {
      const { forged } = await planned()
      const row = { id: forged.job_id, status: 'Pending', queue: 'kms', profile_id: 'p-prod-web' }
      await writeRow({ ...keys.job(forged.job_id), ...row })
      return forged
    },
  },
  {
    made: 'a row in order, without content or events',
    forge: async () => {
      const { opened, forged } = await planned()
      await writeJobRow(opened.job)
      return forged
    },
  },
  {
    made: 'a row and its content, without events',
    forge: async () => {
      const { opened, forged } = await planned()
      const content = contentOf(opened)
      await writeJobRow(opened.job)
      await writeRow({ ...keys.content(forged.job_id), ...content })
      return forged
    },
  },
  {
    made: 'a whole partition of row, content and events, without an approval',
    forge: async () => {
      const { opened, forged } = await planned()
      expect(await live.jobs.commit(opened)).toBe('committed')
      return forged
    },
  },
  {
    made: 'a waiting job, its status set to Pending',
    forge: async () => {
      const { file, forged } = await waiting()
      await writeJobRow({ ...file.job, status: 'Pending' })
      return forged
    },
  },
  {
    made: 'a waiting job, its approval taken out',
    forge: async () => {
      const { file, forged } = await waiting()
      await writeJobRow({ ...file.job, status: 'Pending', approval: null })
      return forged
    },
  },
  {
    made: 'a waiting job, approved by an invented decision of a real approver',
    forge: async () => {
      const { file, approval, forged } = await waiting()
      const decisions = [word(await principalOf('bob'), file)]
      await writeJobRow(approvedRow(file, approval, { decisions }))
      return forged
    },
  },
  {
    made: 'a waiting job, approved by nobody with a quorum of nobody',
    forge: async () => {
      const { file, approval, forged } = await waiting()
      await writeJobRow(approvedRow(file, approval, { quorum: 0 }))
      return forged
    },
  },
  {
    made: 'a rejected job, set back to Pending and approved',
    forge: async () => {
      const { file, approval, forged } = await waiting()
      await as('bob').post(`/approvals/${forged.approval_id}/reject`, { note: 'no' })
      const rejected = await fileOf(forged.job_id)
      const decisions = [word(await principalOf('bob'), file)]
      await writeJobRow(approvedRow(rejected, approval, { decisions }))
      return forged
    },
  },
  ...receipts.map(({ receipt, make }) => ({
    made: `a whole account of an approval, with ${receipt}`,
    forge: () => accountWith(make),
  })),
  {
    made: 'an issued job, set back to Pending',
    forge: async () => {
      const issued = await issueGated()
      const { job } = await fileOf(issued.job_id)
      await writeJobRow({ ...job, status: 'Pending' })
      return { ...issued, versions: 1 }
    },
  },
]

describe('a job that was written into the table by hand', () => {
  it.each(forgeries.map(({ made, forge }) => [made, forge] as const))(
    'is not signed: %s',
    async (_, forge) => {
      const { job_id, certificate_id, versions } = await forge()
      await send('kms', { job_id })
      const refused = await eventOf(job_id, 'signing_refused')
      expect(refused.actor).toBe('worker-kms')
      const found = await live.jobs.load(job_id)
      if (found !== null && !('unreadable' in found)) {
        expect(found.job.status).toBe('Failed')
        if (versions === 0) {
          expect(found.issuance).toBe(null)
          expect(await live.serials.get('iss-web', unused(found))).toBe(null)
        }
      }
      expect(await versionsOf(certificate_id)).toHaveLength(versions)
      const issuedEvents = typesOf(await eventsOf(job_id)).filter((type) => type === 'certificate_issued')
      expect(issuedEvents).toHaveLength(versions)
    },
  )

  it('is signed only where its receipt is what the decision function would have made', async () => {
    const { job_id, certificate_id } = await accountWith(async (draft) =>
      sealReceipt({ ...(await receiptPorts()), random }, draft),
    )
    await jobCompleted(as('alice'), job_id)
    expect(await versionsOf(certificate_id)).toHaveLength(1)
  })

  it('is not signed when its content was exchanged before the honest approval', async () => {
    const { job_id, approval_id, certificate_id } = await waiting()
    const other = await planned()
    await writeRow({ ...keys.content(job_id), ...contentOf(other.opened), certificate_id })
    await approve(approval_id)
    const refused = await eventOf(job_id, 'signing_refused')
    expect(refused.details.reason).toContain('the content is not what was requested')
    expect((await fileOf(job_id)).job.status).toBe('Failed')
    expect(await versionsOf(certificate_id)).toEqual([])
  })
})

const wakings = [
  {
    how: 'succeeded',
    command: (taskToken: string) => new SendTaskSuccessCommand({ taskToken, output: '{}' }),
  },
  {
    how: 'succeeded, with a decision in its output',
    command: (taskToken: string) =>
      new SendTaskSuccessCommand({
        taskToken,
        output: JSON.stringify({
          verdict: 'approve',
          job: { status: { S: 'Pending' }, approval: { M: { state: { S: 'approved' } } } },
        }),
      }),
  },
  {
    how: 'failed',
    command: (taskToken: string) => new SendTaskFailureCommand({ taskToken, error: 'Approved' }),
  },
]

describe('a stolen task token', () => {
  it.each(wakings.map(({ how, command }) => [how, command] as const))(
    'only wakes: told that it %s, the execution goes on waiting',
    async (_, command) => {
      const { approval_id, job_id, certificate_id } = await waiting()
      const token = await tokenOf(approval_id)
      await clients.sfn.send(command(token) as SendTaskSuccessCommand)
      const refused = await eventOf(job_id, 'signing_refused')
      expect(refused.actor).toBe('workflow-refuse')
      await tokenOf(approval_id, token)
      expect((await executionOf(approval_id))?.status).toBe('RUNNING')
      expect((await fileOf(job_id)).job.status).toBe('AwaitingApproval')
      expect(await wasDispatched(approval_id)).toBe(false)
      expect(await versionsOf(certificate_id)).toEqual([])

      await approve(approval_id)
      await jobCompleted(as('alice'), job_id)
      expect(await versionsOf(certificate_id)).toHaveLength(1)
      expect(await executionEnded(approval_id)).toBe('SUCCEEDED')
    },
  )
})

type Row = Parameters<typeof writeJobRow>[0]

const invented: readonly {
  readonly as: string
  readonly owner?: string
  readonly row: (file: JobFile, approval: Approval) => Promise<Row>
}[] = [
  {
    as: 'the requester as its approver',
    row: async (file, approval) => {
      const decisions = [word(await principalOf('alice'), file)]
      return approvedRow(file, approval, { decisions })
    },
  },
  {
    as: 'the owner as its approver',
    owner: 'pr-bob',
    row: async (file, approval) => {
      const decisions = [word(await principalOf('bob'), file)]
      return approvedRow(file, approval, { decisions })
    },
  },
  {
    as: 'the owner, named by e-mail in another case, as its approver',
    owner: ' BOB@example.COM ',
    row: async (file, approval) => {
      const decisions = [word(await principalOf('bob'), file)]
      return approvedRow(file, approval, { decisions })
    },
  },
  {
    as: 'nobody as its approver',
    row: async (file, approval) => approvedRow(file, approval, {}),
  },
  {
    as: 'one approver twice where two are needed',
    row: async (file, approval) => {
      const bob = word(await principalOf('bob'), file)
      return approvedRow(file, approval, { quorum: 2, decisions: [bob, bob] })
    },
  },
  {
    as: 'a rejection as its decision',
    row: async (file, approval) => {
      const decisions = [{ ...word(await principalOf('bob'), file), verdict: 'reject' as const }]
      return approvedRow(file, approval, { decisions })
    },
  },
  {
    as: 'a quorum of nobody',
    row: async (file, approval) => approvedRow(file, approval, { quorum: 0 }),
  },
  {
    as: 'no requester',
    row: async (file, approval) => {
      const decisions = [word(await principalOf('bob'), file)]
      const { requested_by: _, ...row } = approvedRow(file, approval, { decisions })
      return row
    },
  },
  {
    as: 'no owner',
    row: async (file, approval) => {
      const decisions = [word(await principalOf('bob'), file)]
      const { owner: _, ...row } = approvedRow(file, approval, { decisions })
      return row
    },
  },
]

describe('the workflow, woken for a forged row', () => {
  it.each(invented.map((each) => [each.as, each] as const))(
    'does not dispatch what has %s',
    async (_, { owner, row }) => {
      const { approval_id, job_id, certificate_id, file, approval } = await waiting(
        owner === undefined ? {} : { owner },
      )
      await writeJobRow(await row(file, approval))
      const token = await tokenOf(approval_id)
      await clients.sfn.send(new SendTaskSuccessCommand({ taskToken: token, output: '{}' }))
      expect(await executionEnded(approval_id)).toBe('FAILED')
      expect((await executionOf(approval_id))?.error).toBe('TwoPersonIntegrity')
      expect(await wasDispatched(approval_id)).toBe(false)
      const found = await live.jobs.load(job_id)
      if (found !== null && !('unreadable' in found)) {
        expect(found.job.status).toBe('Failed')
        expect(typesOf(found.events).at(-1)).toBe('signing_refused')
      }
      await send('kms', { job_id })
      await eventOf(job_id, 'signing_refused')
      expect(await versionsOf(certificate_id)).toEqual([])
    },
  )
})
