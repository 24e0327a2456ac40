import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { renewals } from '../../lib/aws/renewals.ts'
import { items, keys } from '../../lib/aws/table.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import type { Renewal } from '../../lib/model/renewal.ts'
import { eventually, jobCompleted, requested } from '../../scripts/local/api.ts'
import { invoke } from '../support/live-functions.ts'
import { carryThrough } from '../support/live-issuers.ts'
import { eventsOf, typesOf, versionsOf, writeRow } from '../support/live-jobs.ts'
import { filesOf, verifyStrictly } from '../support/live-openssl.ts'
import { approve, csrFor, issueGated, issueUngated, newHostName, suffix } from '../support/live-requests.ts'
import { access, as, stack } from '../support/stack.ts'

const table = tableClient(stack.table, access)
const rows = renewals(table)

const rowOf = async (id: string): Promise<Renewal> => {
  const row = (await rows.load(id))?.renewal
  if (row === null || row === undefined) throw new Error(`no renewal of ${id}`)
  return row
}

/** Lets the moment of a renewal have come, as if the certificate had been issued long ago. */
const makeDue = async (id: string, more: Partial<Renewal> = {}): Promise<void> => {
  const row = await rowOf(id)
  const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const due = { issued_at: ago(70), next_at: new Date(Date.now() - 1000).toISOString() }
  const left = new Date(Date.now() + 20 * 86_400_000).toISOString()
  await writeRow(items.renewal({ ...row, ...due, not_after: left, version: row.version + 1, ...more }))
}

/** Both versions, once there are two. */
const bothVersions = (id: string) =>
  eventually(`a second version of ${id}`, async () => {
    const found = await versionsOf(id)
    return found.length === 2 ? { found } : { seen: `${found.length} versions` }
  })

describe('a certificate whose time has come', () => {
  it('renews by itself, and OpenSSL verifies what it became', async () => {
    const { certificate_id } = await issueUngated()
    await makeDue(certificate_id)
    await Promise.all([invoke('schedule-renew'), invoke('schedule-renew')])
    const versions = await bothVersions(certificate_id)
    expect(versions[1]?.serial).not.toBe(versions[0]?.serial)
    const files = await filesOf(certificate_id, mkdtempSync(join(tmpdir(), 'renewal-')))
    expect(await verifyStrictly(files)).toContain(': OK')
    await invoke('schedule-renew')
    expect(await versionsOf(certificate_id)).toHaveLength(2)
    const shown = await as('alice').get(`/certificates/${certificate_id}/renewal`)
    expect(shown.json).toMatchObject({ state: 'scheduled', certificate_version: 2, attempts: 0 })
  })

  it('takes the CSR that was brought ahead, and says when it renews', async () => {
    const { certificate_id } = await issueUngated()
    const alice = as('alice')
    const info = await alice.get(`/certificates/${certificate_id}/renewal-info`)
    expect(info.json).toMatchObject({ because: 'policy', cert_id: expect.stringMatching(/^[\w-]+\.[\w-]+$/) })
    const csr = csrFor(newHostName())
    const brought = await alice.call('PUT', `/certificates/${certificate_id}/next-csr`, { csr })
    expect(brought).toMatchObject({ status: 200, json: { used_by: null } })
    await makeDue(certificate_id)
    await invoke('schedule-renew')
    await bothVersions(certificate_id)
    const shown = await alice.get(`/certificates/${certificate_id}/renewal`)
    expect(shown.json).toMatchObject({ next_csr: { used_by: expect.stringMatching(/^job-/) } })
  })

  it('takes a place of a standing grant, and waits for nobody', async () => {
    const { certificate_id } = await issueGated()
    const until = new Date(Date.now() + 100 * 86_400_000).toISOString()
    const body = { issuances: 3, period: 'P1D', until, reason: 'renews itself' }
    const alice = as('alice')
    const asked = await alice.expect(
      requested,
      202,
      alice.post(`/certificates/${certificate_id}/grants`, body),
    )
    await approve(asked.approval?.id ?? '')
    await jobCompleted(alice, asked.job.id)
    await makeDue(certificate_id)
    await invoke('schedule-renew')
    await bothVersions(certificate_id)
    const [, second] = await versionsOf(certificate_id)
    expect(typesOf(await eventsOf(second?.job_id ?? ''))).toContain('grant_consumed')
  })

  it('but whose row nobody can read is put off, and holds up no other', async () => {
    const [bad, good] = [await issueUngated(), await issueUngated()]
    const row = await rowOf(bad.certificate_id)
    await makeDue(bad.certificate_id, { state: 'nonsense' as Renewal['state'] })
    await makeDue(good.certificate_id)
    const stored = async () => (await table.get(keys.renewal(bad.certificate_id)))?.gsi5sk
    const before = await stored()
    await invoke('schedule-renew')
    await bothVersions(good.certificate_id)
    expect(String(await stored()) > String(before)).toBe(true)
    await writeRow(items.renewal({ ...row, next_at: null }))
  })

  it('under a profile that requires a ticket says what people can do about it', async () => {
    const profile_id = `p-${suffix()}`
    await carryThrough('/profiles', {
      id: profile_id,
      name: 'With tickets',
      issuer_id: 'iss-web',
      requires_approval: true,
      approval_policy: { ticket_required: true },
      key_algorithms: ['ECDSA_P256'],
      subject: { allowed: ['CN'] },
      subject_alternative_names: { dns: { domains: ['example.com'] } },
      extended_key_usage: ['serverAuth'],
      validity: { default: 'P90D', max: 'P90D' },
    })
    const { certificate_id } = await issueGated({ profile_id, ticket: 'SECOPS-1' })
    await makeDue(certificate_id)
    await invoke('schedule-renew')
    const shown = await as('alice').get(`/certificates/${certificate_id}/renewal`)
    expect(shown.json).toMatchObject({
      state: 'scheduled',
      attempts: 1,
      last_error: expect.stringContaining('requires a ticket, and the schedule names none'),
    })
  })

  it('opens an approval under a gated profile, on behalf of whoever brought the CSR', async () => {
    const { certificate_id } = await issueGated()
    await makeDue(certificate_id)
    await invoke('schedule-renew')
    const { job_id } = await rowOf(certificate_id)
    const approval_id = String(job_id).replace('job-', 'ar-')
    const shown = await as('bob').get(`/approvals/${approval_id}`)
    expect(shown.json).toMatchObject({
      state: 'pending',
      kind: 'Renewal',
      requested_by: 'pr-system-renewal',
      requested_by_name: 'Scheduled renewal',
      content: { on_behalf_of: stack.principals.alice.id },
    })
    await approve(approval_id)
    await bothVersions(certificate_id)
    const [first] = await eventsOf(String(job_id))
    expect(first).toMatchObject({ type: 'renewal_requested', actor: 'pr-system-renewal' })
  })
})
