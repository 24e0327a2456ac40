import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import {
  type Api,
  apiFor,
  changed,
  eventually,
  jobCompleted,
  jobOver,
  requested,
} from '../../scripts/local/api.ts'
import { issuers, profiles } from '../../scripts/local/ceremony.ts'
import { clientsFor } from '../../scripts/local/clients.ts'
import { openssl } from '../../scripts/local/openssl.ts'
import type { Name } from '../../scripts/local/seed.ts'
import { type Proof, proofOf, proven } from '../support/live-evidence.ts'
import { metOf, type Planted, plant, pullUp, restartEmulator } from '../support/live-faults.ts'
import { forgetCalls } from '../support/live-permissions.ts'
import { csrFor, issueGated, newHostName, requestGated, requestUngated } from '../support/live-requests.ts'
import { copyInto, rowsOf } from '../support/live-tables.ts'
import { as, clients, stack } from '../support/stack.ts'
import { folder, newFolder, shell, steps } from './operator.ts'

const copy = 'countersign-copy'

/** For as long as there is anybody to sign. */
const unsigned: Planted = { function: 'worker-kms', action: 'kms:Sign', times: 1000, hold_ms: 60_000 }

const run = async (commands: string): Promise<string> => {
  const { said, failed } = await (await shell()).run(commands)
  expect(failed).toEqual([])
  return said.trim()
}

/** All that a region's API says of what was asked for. */
const shown = async (api: Api, asked: { readonly job_id: string; readonly certificate_id: string }) => ({
  certificate: (await api.get(`/certificates/${asked.certificate_id}`)).text,
  versions: (await api.get(`/certificates/${asked.certificate_id}/versions`)).text,
  job: (await api.get(`/jobs/${asked.job_id}`)).text,
})

describe('a region that is gone at once, with every key, and a stage that is deployed elsewhere on a copy of the table', () => {
  let before: Record<'issued' | 'waiting' | 'signing', { job_id: string; certificate_id: string }>
  let approval_id: string
  let known: Awaited<ReturnType<typeof shown>>
  let proof: Proof
  let api_url: string
  const there = (name: Name): Api => apiFor(api_url, stack.principals[name].api_key)

  beforeAll(async () => {
    const issued = await issueGated()
    const waiting = await requestGated()
    approval_id = waiting.approval_id
    await plant(unsigned)
    const signing = await requestUngated()
    await eventually('the key asked', async () =>
      (await metOf(unsigned)) > 0 ? { found: true } : { seen: 'not yet' },
    )
    before = { issued, waiting, signing }
    known = await shown(as('alice'), issued)
    proof = await proofOf(issued.certificate_id, newFolder())
    await run(`API=${stack.api_url}\n${steps('Keep outside the region').join('\n')}`)

    const TableName = await run('output TableName')
    const { Table } = await clients.dynamodb.send(new DescribeTableCommand({ TableName }))
    const rows = await rowsOf(clients.dynamodb, TableName)
    await restartEmulator('lost')
    await pullUp(unsigned)
    await copyInto(clientsFor(stack.emulator_url, 'us-west-2').dynamodb, {
      like: Table ?? {},
      TableName: copy,
      rows,
    })
    await run(steps('What a copy of the table is good for').join('\n'))
    await forgetCalls()
    api_url = `${stack.emulator_url}/_aws/execute-api/${await run('output ApiId')}`
  })
  afterAll(() => forgetCalls())

  it('shows everything as it was, and what was kept outside proves it', async () => {
    expect(await shown(there('alice'), before.issued)).toEqual(known)
    expect((await there('dave').get('/audit?limit=10')).status).toBe(200)
    expect(await proven(proof)).toContain('approved by pr-bob')
    const { certificate_id } = before.issued
    const bundle = join(folder, 'fetched-there.json')
    const evidence = await there('dave').get(`/certificates/${certificate_id}/versions/1/evidence`)
    writeFileSync(bundle, evidence.text)
    await expect(proven({ ...proof, bundle })).rejects.toThrow()
  })

  it('signs nothing under a profile of before, whenever it was asked for and whoever approves it', async () => {
    const alice = there('alice')
    const ask = (profile_id: string) =>
      alice.expect(requested, 202, alice.post('/certificates', { profile_id, csr: csrFor(newHostName()) }))
    const [ungated, gated] = [await ask('p-dev-web'), await ask('p-prod-web')]
    for (const id of [approval_id, gated.approval?.id])
      expect((await there('bob').post(`/approvals/${id}/approve`, {})).status).toBe(200)
    // What was sent to the workers before is gone with the region; the clock sends it again, this test sooner.
    for (const { job_id } of [before.waiting, before.signing])
      await run(
        `aws sqs send-message --queue-url "$(output Queues | jq -r .kms)" --message-body '{"job_id":"${job_id}"}'`,
      )
    const jobs = [before.waiting.job_id, ungated.job.id, gated.job.id]
    for (const id of jobs) {
      const job = await jobOver(alice, id)
      expect(job.status).toBe('Failed')
      expect(job.error_message).toContain('signing refused')
    }
    const asked = [before.waiting.certificate_id, before.signing.certificate_id]
    for (const id of [...asked, ungated.certificate.id, gated.certificate.id])
      expect((await alice.get(`/certificates/${id}/versions`)).json).toEqual([])
  })

  it('issues what its founders approve anew', async () => {
    const [carol, bob, alice] = [there('carol'), there('bob'), there('alice')]
    const carry = async (path: string, body: object) => {
      const { job, approval } = await carol.expect(changed, 202, carol.post(path, body))
      if (approval !== null) await bob.post(`/approvals/${approval.id}/approve`, {})
      await jobCompleted(carol, job.id)
    }
    const [root] = issuers
    const [gated] = profiles
    await carry('/issuers', { ...root, id: 'iss-anew' })
    await carry('/profiles', { ...gated, id: 'p-anew', issuer_id: 'iss-anew' })
    const asked = { profile_id: 'p-anew', csr: csrFor(newHostName()) }
    const made = await alice.expect(requested, 202, alice.post('/certificates', asked))
    await bob.post(`/approvals/${made.approval?.id}/approve`, {})
    await jobCompleted(alice, made.job.id)
    const files = newFolder()
    const [leaf, ca] = [join(files, 'leaf.pem'), join(files, 'ca.pem')]
    writeFileSync(leaf, (await alice.get(`/certificates/${made.certificate.id}/chain.pem`)).text)
    const issuer = await alice.expect(
      z.object({ chain_pem: z.string() }),
      200,
      alice.get('/issuers/iss-anew'),
    )
    writeFileSync(ca, issuer.chain_pem)
    expect(await openssl('verify', '-CAfile', ca, leaf)).toContain('OK')
  })

  it('puts the revocation of an old certificate on record, and can tell nobody', async () => {
    const alice = there('alice')
    const asked = alice.post(`/certificates/${before.issued.certificate_id}/revoke`, { reason: 'superseded' })
    const { job } = await alice.expect(changed, 202, asked)
    expect((await jobOver(alice, job.id)).status).toBe('Completed')
    const listed = await run('aws s3 ls --recursive "s3://$(output BucketName)"')
    expect(listed).toContain('/crl/iss-anew')
    expect(listed).not.toContain('/crl/iss-web')
  })
})
