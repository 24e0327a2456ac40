import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { changed, jobCompleted } from '../../scripts/local/api.ts'
import { profiles } from '../../scripts/local/ceremony.ts'
import { asNew, keyOf, newPerson } from '../support/live-people.ts'
import { approve, issueGated, issueUngated, requestGated, suffix } from '../support/live-requests.ts'
import { as, stack } from '../support/stack.ts'

const hasJq = spawnSync('jq', ['--version']).status === 0

/** A command as operators know it, with the host, the keys and the ids of this stack. */
const run = async (
  command: string,
  ids: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const known = Object.entries(ids).reduce((text, [from, to]) => text.replaceAll(from, to), command)
  const written = hasJq ? known : known.replace(/ \| jq.*$/, '')
  const { alice, bob } = stack.principals
  const env = {
    ...process.env,
    API: stack.api_url,
    API_KEY: alice.api_key,
    APPROVER_API_KEY: bob.api_key,
    ...more,
  }
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', written], { env })
  return stdout
}

const json = async (
  command: string,
  ids: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, string>> = {},
) => JSON.parse(await run(command, ids, more))

describe('the commands that operators know', () => {
  it('list what waits for approval', async () => {
    const { approval_id } = await requestGated()
    const rows = await json(
      `curl -s "$API/api/v1/approvals?state=pending&limit=200" -H "Authorization: Bearer $API_KEY" | jq`,
    )
    expect(rows.every(({ state }: { state: string }) => state === 'pending')).toBe(true)
    expect(rows.map(({ id }: { id: string }) => id)).toContain(approval_id)
    const plain = await json(
      `curl -s "$API/api/v1/approvals?state=pending" -H "Authorization: Bearer $API_KEY" | jq`,
    )
    expect(Array.isArray(plain)).toBe(true)
  })

  it('show one approval whole', async () => {
    const { approval_id, certificate_id, job_id } = await requestGated()
    const shown = await json(
      `curl -s "$API/api/v1/approvals/ar-abc123" -H "Authorization: Bearer $API_KEY" | jq`,
      { 'ar-abc123': approval_id },
    )
    expect(shown).toMatchObject({
      id: approval_id,
      state: 'pending',
      kind: 'Issuance',
      certificate_id,
      job_id,
      profile_id: 'p-prod-web',
      profile_version: 1,
      requested_by: stack.principals.alice.id,
      decisions: [],
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(shown.content.plan.subject_alternative_names).toHaveLength(1)
  })

  it('approve with a note', async () => {
    const { approval_id, job_id } = await requestGated()
    const approved = await json(
      `curl -X POST "$API/api/v1/approvals/ar-abc123/approve" -H "Authorization: Bearer $APPROVER_API_KEY" \\
     -H "Content-Type: application/json" -d '{"note":"approved per ticket SECOPS-12345"}'`,
      { 'ar-abc123': approval_id },
    )
    expect(approved).toMatchObject({
      id: approval_id,
      state: 'approved',
      decisions: [{ by: stack.principals.bob.id, note: 'approved per ticket SECOPS-12345' }],
    })
    await jobCompleted(as('alice'), job_id)
  })

  it('list the jobs of a certificate by id, status and type', async () => {
    const { certificate_id, job_id } = await issueUngated()
    const said = await run(
      `curl -s "$API/api/v1/jobs?certificate_id=mc-foo" -H "Authorization: Bearer $API_KEY" | jq '.[] | {id,status,type}'`,
      { 'mc-foo': certificate_id },
    )
    const row = { id: job_id, status: 'Completed', type: 'Issuance' }
    const parsed = JSON.parse(said)
    if (hasJq) expect(parsed).toEqual(row)
    else expect(parsed).toEqual([expect.objectContaining(row)])
  })

  it('make a profile gated, which itself takes a second person', async () => {
    const id = `p-cdn-${suffix()}`
    const admin = stack.principals.carol.api_key
    const [{ id: _, ...profile }] = profiles
    const document = { ...profile, name: 'Production CDN', requires_approval: false }
    const answer = as('carol').post('/profiles', { id, ...document })
    const { job, approval } = await as('carol').expect(changed, 202, answer)
    if (approval !== null) await approve(approval.id)
    await jobCompleted(as('carol'), job.id)
    const change = { ...document, requires_approval: true }
    const asked = await json(
      `curl -X PUT "$API/api/v1/profiles/p-prod-cdn" -H "Authorization: Bearer ${admin}" \\
     -H "Content-Type: application/json" -d '${JSON.stringify(change)}'`,
      { 'p-prod-cdn': id },
    )
    expect(asked.approval).toMatchObject({ state: 'pending', kind: 'ProfileChange', profile_id: id })
    const own = await as('carol').post(`/approvals/${asked.approval.id}/approve`, {})
    expect(own.status).toBe(403)
    await approve(asked.approval.id)
    await jobCompleted(as('carol'), asked.job.id)
    const shown = await (await asNew('operator')).get(`/profiles/${id}`)
    expect(shown.json).toMatchObject({ version: 2, requires_approval: true, name: 'Production CDN' })
  })

  it('renew without a body', async () => {
    const { certificate_id } = await issueUngated()
    const renewed = await json(
      `curl -X POST "$API/api/v1/certificates/mc-foo/renew" -H "Authorization: Bearer $API_KEY"`,
      { 'mc-foo': certificate_id },
    )
    expect(renewed.job).toMatchObject({ type: 'Renewal', certificate_id })
    await jobCompleted(as('alice'), renewed.job.id)
  })

  it('let somebody decide in the place of another, and take that back', async () => {
    const [giver, delegate] = [await newPerson('approver'), await newPerson('approver')]
    const env = { APPROVER_API_KEY: await keyOf(giver), GIVER: giver.id, DELEGATE: delegate.id }
    const given = await json(
      `curl -s -X POST "$API/api/v1/principals/$GIVER/delegations" -H "Authorization: Bearer $APPROVER_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"delegate_id":"'$DELEGATE'","until":"2030-07-22T00:00:00Z","from":"2030-07-01T00:00:00Z","note":"on leave"}'`,
      {},
      env,
    )
    expect(given).toMatchObject({ delegate_id: delegate.id, ended_at: null })
    for (const path of ['$GIVER/delegations', '$DELEGATE/delegations?side=received']) {
      const command = `curl -s "$API/api/v1/principals/${path}" -H "Authorization: Bearer $API_KEY" | jq`
      expect(await json(command, {}, env)).toEqual([given])
    }
    const ended = await json(
      `curl -s -X DELETE "$API/api/v1/principals/$GIVER/delegations/${given.id}" -H "Authorization: Bearer $APPROVER_API_KEY"`,
      {},
      env,
    )
    expect(ended.ended_at).toEqual(expect.any(String))
  })

  it('show an auditor who decided, as whom, and refuse a bundle of which a byte is another', async () => {
    const { certificate_id } = await issueGated({ ticket: 'SECOPS-12345' })
    const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
    const steps = [
      `curl -s "$API/api/v1/certificates/mc-foo/versions/1/evidence" -H "Authorization: Bearer $API_KEY" > $FOLDER/bundle.json`,
      `curl -s "$API/.well-known/countersign/jwks.json" > $FOLDER/jwks.json`,
      `npm run verify-receipt -- $FOLDER/bundle.json --jwks $FOLDER/jwks.json >&2`,
      `sed 's/SECOPS/SECOPT/' $FOLDER/bundle.json > $FOLDER/forged.json`,
      `npm run verify-receipt -- $FOLDER/forged.json --jwks $FOLDER/jwks.json >&2 || echo refused`,
    ].join('\n')
    expect(await run(steps, { 'mc-foo': certificate_id }, { FOLDER: folder })).toBe('refused\n')
    if (!hasJq) return
    const receipts = await run(
      `jq -r '.issued_by.events[].details.receipt // empty | split(".")[1] | gsub("-";"+") | gsub("_";"/") | @base64d' $FOLDER/bundle.json |
  jq -c '{verdict, decider, for, stage, ticket, time}'`,
      {},
      { FOLDER: folder },
    )
    const { id, roles } = stack.principals.bob
    const shown = { verdict: 'approve', decider: { id, roles }, for: null, ticket: 'SECOPS-12345' }
    expect(JSON.parse(receipts)).toMatchObject(shown)
  }, 60_000)
})
