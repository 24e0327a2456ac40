import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jobCompleted } from '../../scripts/local/api.ts'
import { eventOf, eventsOf, typesOf } from '../support/live-jobs.ts'
import { filesOf, keyKinds, opensslRequest, verifyStrictly } from '../support/live-openssl.ts'
import { approve, type Gated, issueUngated, newHostName, requestGated } from '../support/live-requests.ts'
import { executionEnded, executionOf, releasesOf, statesOf, tokenOf } from '../support/live-workflow.ts'
import { as, stack } from '../support/stack.ts'

const kinds = Object.keys(keyKinds) as (keyof typeof keyKinds)[]

describe.each(kinds)('a gated certificate with a %s key, from OpenSSL to OpenSSL', (kind) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-way-'))
  const dns = newHostName()
  let asked: Gated

  beforeAll(async () => {
    asked = await requestGated({ csr: await opensslRequest(folder, dns, kind) })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('waits as an execution that is named after its approval and says what it waits for', async () => {
    await tokenOf(asked.approval_id)
    const execution = await executionOf(asked.approval_id)
    expect(execution?.status).toBe('RUNNING')
    expect(execution?.name).toBe(asked.approval_id)
    const input = JSON.parse(execution?.input ?? '{}')
    expect(input).toMatchObject({
      approval_id: asked.approval_id,
      job_id: asked.job_id,
      job_type: 'Issuance',
      requested_by: stack.principals.alice.id,
      requested_by_name: 'alice',
      profile_id: 'p-prod-web',
      quorum: 1,
    })
    expect(input.summary).toContain(dns)
    expect(input.summary).toContain(kind === 'P-256' ? 'ECDSA_P256' : 'RSA_2048')
  })

  it('is not approved by whoever asked for it, and the attempt is on record', async () => {
    const answer = await as('alice').post(`/approvals/${asked.approval_id}/approve`, { note: 'surely' })
    expect(answer.status).toBe(403)
    expect(answer.json).toMatchObject({
      code: 'two_person_integrity',
      detail: expect.stringContaining('two-person integrity'),
    })
    const refused = await eventOf(asked.job_id, 'approval_refused')
    expect(refused.actor).toBe(stack.principals.alice.id)
    expect((await executionOf(asked.approval_id))?.status).toBe('RUNNING')
  })

  it('is issued once somebody else approves, each step with its event', async () => {
    await approve(asked.approval_id)
    await jobCompleted(as('alice'), asked.job_id)
    expect(typesOf(await eventsOf(asked.job_id))).toEqual([
      'certificate_requested',
      'approval_requested',
      'approval_refused',
      'approval_approved',
      'issuance_planned',
      'certificate_issued',
    ])
  })

  it('holds before OpenSSL: chain, purpose and every CRL', async () => {
    const files = await filesOf(asked.certificate_id, folder)
    expect(await verifyStrictly(files)).toContain(`${files.leaf}: OK`)
  })

  it('is valid within the life of its CA, which is younger than its profile backdates', async () => {
    const { leaf, issuer } = await filesOf(asked.certificate_id, folder)
    const [own, above] = [leaf, issuer].map((file) => new X509Certificate(readFileSync(file)))
    expect(Number(own?.validFromDate)).toBeGreaterThanOrEqual(Number(above?.validFromDate))
    expect(Number(own?.validToDate)).toBeLessThanOrEqual(Number(above?.validToDate))
  })

  it('ends its execution after two states, of which one is the release that dispatched it', async () => {
    expect(await executionEnded(asked.approval_id)).toBe('SUCCEEDED')
    expect(await statesOf(asked.approval_id)).toEqual(['Wait for a decision', 'Release'])
    expect(await releasesOf(asked.approval_id)).toEqual([
      ['Read the decision', 'Two people?', 'Dispatch', 'Say what was done'],
    ])
  })
})

describe('a certificate that needs nobody', () => {
  it('is issued by itself, without an execution', async () => {
    const { certificate_id, job_id } = await issueUngated()
    expect(typesOf(await eventsOf(job_id))).toEqual([
      'certificate_requested',
      'issuance_planned',
      'certificate_issued',
    ])
    expect(await executionOf(job_id.replace(/^job-/, 'ar-'))).toBe(null)
    const approvals = await as('alice').get(`/approvals/${job_id.replace(/^job-/, 'ar-')}`)
    expect(approvals.status).toBe(404)
    const folder = mkdtempSync(join(tmpdir(), 'countersign-dev-'))
    try {
      const files = await filesOf(certificate_id, folder)
      expect(await verifyStrictly(files)).toContain(`${files.leaf}: OK`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
