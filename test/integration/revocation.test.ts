import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { revocationPlanView } from '../../lib/http/views.ts'
import { readCertificate } from '../../lib/pki/certificate-reader.ts'
import { readCrl, verifyCrl } from '../../lib/pki/crl-reader.ts'
import { decodePem } from '../../lib/pki/pem.ts'
import { changed, eventually, jobCompleted } from '../../scripts/local/api.ts'
import { openssl } from '../../scripts/local/openssl.ts'
import { carryThrough } from '../support/live-issuers.ts'
import { crlFile, filesOf, hexSerialOf, statusUrl } from '../support/live-openssl.ts'
import { csrFor, issueUngated, newHostName } from '../support/live-requests.ts'
import { plantedRows } from '../support/revocable.ts'
import { as, clients, stack } from '../support/stack.ts'

const shards = 4
const issuerPem = z.object({ chain_pem: z.string() })
const folder = mkdtempSync(join(tmpdir(), 'countersign-revocation-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const listAt = async (path: string) => {
  const answer = await fetch(statusUrl('crl', path))
  if (answer.status !== 200) return null
  expect(answer.headers.get('content-type')).toBe('application/pkix-crl')
  return readCrl(new Uint8Array(await answer.arrayBuffer()))
}

beforeAll(async () => {
  await carryThrough('/issuers', {
    id: 'iss-shards',
    name: 'Sharded',
    type: 'kms',
    key: 'issuing',
    parent_id: 'iss-root',
    subject: [{ type: 'CN', value: 'Sharded CA' }],
    lifetime: 'P365D',
    path_length: 0,
    crl_shards: shards,
  })
  await carryThrough('/profiles', {
    id: 'p-shards',
    name: 'Sharded',
    issuer_id: 'iss-shards',
    key_algorithms: ['ECDSA_P256'],
    subject: { allowed: ['CN'] },
    subject_alternative_names: { dns: { domains: ['example.com'] } },
    extended_key_usage: ['serverAuth'],
    validity: { default: 'P30D', max: 'P30D' },
  })
})

describe('a sharded issuer', () => {
  it('has its empty lists at the edge, and none without a shard', async () => {
    for (let shard = 0; shard < shards; shard += 1) {
      const list = await eventually(`list ${shard}`, async () => {
        const found = await listAt(`iss-shards/${shard}`)
        return found === null ? { seen: '404' } : { found }
      })
      expect(list).toMatchObject({ count: 0, is_shard: true })
    }
    expect((await fetch(statusUrl('crl', 'iss-shards'))).status).toBe(404)
    expect((await fetch(statusUrl('crl', `iss-shards/${shards}`))).status).toBe(404)
  })

  it('lets OpenSSL follow the distribution point: good before, revoked after', async () => {
    const body = { profile_id: 'p-shards', csr: csrFor(newHostName()) }
    const asked = await as('alice').expect(changed, 202, as('alice').post('/certificates', body))
    const { certificate_id } = await jobCompleted(as('alice'), asked.job.id)
    const files = await filesOf(certificate_id ?? '', folder)
    const text = await openssl('x509', '-in', files.leaf, '-noout', '-ext', 'crlDistributionPoints')
    const [, url = ''] = /URI:(\S+)/.exec(text) ?? []
    expect(url).toMatch(/iss-shards\/[0-3]$/)
    const verdict = async (): Promise<string> => {
      const list = join(folder, 'shard.crl')
      writeFileSync(list, new Uint8Array(await (await fetch(url)).arrayBuffer()))
      const root = join(folder, 'root.crl')
      writeFileSync(root, new Uint8Array(await (await fetch(statusUrl('crl', 'iss-root'))).arrayBuffer()))
      const lists = ['-crl_check_all', '-CRLfile', root, '-CRLfile', list]
      const about = ['-CAfile', files.root, '-untrusted', files.issuer, files.leaf]
      return openssl('verify', '-x509_strict', ...lists, ...about).catch((error: Error) => error.message)
    }
    expect(await verdict()).toContain('OK')
    const before = performance.now()
    const answer = as('alice').post(`/certificates/${certificate_id}/revoke`, { reason: 'keyCompromise' })
    const { job } = await as('alice').expect(changed, 202, answer)
    const since = (): string => `${(performance.now() - before).toFixed(0)} ms`
    const ocsp = eventually('revoked by OCSP', async () => {
      const about = ['-issuer', files.issuer, '-cert', files.leaf, '-CAfile', files.root]
      const seen = await openssl('ocsp', ...about, '-url', statusUrl('ocsp', 'iss-shards'))
      return seen.includes(': revoked') ? { found: since() } : { seen }
    })
    const list = eventually('revoked by list', async () => {
      const seen = await verdict()
      return seen.includes('certificate revoked') ? { found: since() } : { seen }
    })
    console.log(
      `from the request: OCSP says revoked after ${await ocsp}, the list at the edge after ${await list}`,
    )
    await jobCompleted(as('alice'), job.id)
  })
})

describe('a CA certificate', () => {
  it("is put on its parent's list by two people, and ends its issuer", async () => {
    await carryThrough('/issuers', {
      id: 'iss-doomed',
      name: 'Doomed',
      type: 'kms',
      key: 'issuing',
      parent_id: 'iss-root',
      subject: [{ type: 'CN', value: 'Doomed CA' }],
      lifetime: 'P30D',
      path_length: 0,
    })
    await carryThrough('/issuers/iss-doomed/revoke', { reason: 'cACompromise', note: 'INC-4711' })
    const shown = z.object({ status: z.string(), revoked_at: z.string(), chain_pem: z.string() })
    const issuer = await as('carol').expect(shown, 200, as('carol').get('/issuers/iss-doomed'))
    expect(issuer.status).toBe('retired')
    const [own = '', root = ''] = issuer.chain_pem.split(/(?<=-----END CERTIFICATE-----\n)/)
    const [ca, above] = [join(folder, 'doomed.pem'), join(folder, 'above.pem')]
    writeFileSync(ca, own)
    writeFileSync(above, root)
    const serial = await hexSerialOf(ca)
    await eventually(`${serial} on the list of the root`, async () => {
      const text = await openssl('crl', '-in', await crlFile('iss-root', folder), '-noout', '-text')
      return text.includes(serial) ? { found: true } : { seen: 'a list without it' }
    })
    const asked = ['-issuer', above, '-cert', ca, '-CAfile', above, '-url', statusUrl('ocsp', 'iss-root')]
    expect(await openssl('ocsp', ...asked)).toMatch(/: revoked[\s\S]*Reason: cACompromise/)
  })
})

describe('the edge', () => {
  it('answers conditional requests for lists and OCSP with 304, and errors shortly', async () => {
    const { certificate_id } = await issueUngated()
    const { leaf } = await filesOf(certificate_id, folder)
    const serial = (await openssl('x509', '-in', leaf, '-noout', '-serial')).trim().replace('serial=', '')
    for (const url of [statusUrl('crl', 'iss-web'), `${statusUrl('ocsp', 'iss-web')}/${serial}`]) {
      const first = await fetch(url)
      const etag = first.headers.get('etag') ?? ''
      const bytes = Buffer.from(await first.arrayBuffer())
      expect(first.status).toBe(200)
      expect(first.headers.get('cache-control')).toMatch(/max-age=[1-9]/)
      expect(first.headers.has('last-modified')).toBe(true)
      const second = await fetch(url, { headers: { 'if-none-match': etag } })
      expect([url, second.status]).toEqual([url, 304])
      if (url.includes('/ocsp/'))
        expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(bytes)).toBe(true)
    }
    for (const path of ['iss-nothing/01', ''])
      expect((await fetch(`${stack.status_url}/.well-known/pki/ocsp/${path}`)).status).toBe(404)
  })
})

describe('a revocation in bulk', () => {
  it('of two thousand: what matched is what was revoked is what the lists have', async () => {
    const table = DynamoDBDocumentClient.from(clients.dynamodb)
    const planted = plantedRows(
      { count: 2000, issuer_id: 'iss-shards', profile_id: 'p-shards', owner: 'bulk', crl_shards: shards },
      new Date(),
    )
    const rows = planted.flatMap(({ rows: some }) => some)
    for (let at = 0; at < rows.length; at += 25)
      await table.send(
        new BatchWriteCommand({
          RequestItems: {
            [stack.table]: rows.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } })),
          },
        }),
      )
    const selection = { owner: 'bulk' }
    const asked = { selection, reason: 'cessationOfOperation' }
    for (const who of ['alice', 'bob', 'dave'] as const) {
      expect((await as(who).post('/revocations/plan', asked)).status).toBe(403)
      expect((await as(who).post('/revocations', { plan: 'ab'.repeat(32) })).status).toBe(403)
    }
    const plan = await as('carol').expect(
      revocationPlanView,
      200,
      as('carol').post('/revocations/plan', asked),
    )
    expect(plan).toMatchObject({ matched: 2000, owners: [{ owner: 'bulk', matched: 2000 }] })
    expect(plan.lists).toHaveLength(shards)
    const before = performance.now()
    const { job } = await as('carol').expect(
      changed,
      202,
      as('carol').post('/revocations', { plan: plan.digest }),
    )
    const over = await eventually('the job over', async () => {
      const now = await as('carol').expect(changed.shape.job, 200, as('carol').get(`/jobs/${job.id}`))
      return now.status === 'Completed' ? { found: now } : { seen: JSON.stringify(now.progress) }
    })
    expect(over.progress).toEqual({ matched: 2000, done: 2000, changed: 2000 })
    console.log(`two thousand revoked in ${((performance.now() - before) / 1000).toFixed(1)} s`)
    const { chain_pem } = await as('carol').expect(issuerPem, 200, as('carol').get('/issuers/iss-shards'))
    const [first = ''] = chain_pem.split(/(?<=-----END CERTIFICATE-----\n)/)
    const issuer = decodePem(first, ['CERTIFICATE'], 'the issuer')
    const wanted = new Set(planted.map(({ serial }) => serial))
    await eventually('every serial on a list', async () => {
      const listed = new Set<string>()
      for (let shard = 0; shard < shards; shard += 1) {
        const body = new Uint8Array(
          await (await fetch(statusUrl('crl', `iss-shards/${shard}`))).arrayBuffer(),
        )
        expect(verifyCrl(body, readCertificate(issuer).spki)).toBe(true)
        for (const { serial } of readCrl(body).entries()) if (wanted.has(serial)) listed.add(serial)
      }
      return listed.size === 2000 ? { found: true } : { seen: `${listed.size}` }
    })
  }, 180_000)
})
