import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, describe, expect, it } from 'vitest'
import { readCrl } from '../../lib/pki/crl-reader.ts'
import { changed, eventually, jobCompleted } from '../../scripts/local/api.ts'
import { withEmulator } from '../../scripts/local/environment.ts'
import { repository } from '../../scripts/local/folders.ts'
import { openssl } from '../../scripts/local/openssl.ts'
import { crlFile, fetched, filesOf, hexSerialOf, statusUrl } from '../support/live-openssl.ts'
import { issueUngated } from '../support/live-requests.ts'
import { as, clients, stack } from '../support/stack.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-recovery-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const issuers = ['iss-root', 'iss-web'] as const

/** Not synchronously: connections to the edge would be closed meanwhile. */
const verifyLists = (...more: readonly string[]) =>
  new Promise<{ readonly status: number | null; readonly said: string }>((resolve) => {
    const args = ['run', '--silent', 'verify-lists', '--', '--stage', 'local', ...more]
    const child = spawn('npm', args, { cwd: repository, env: withEmulator(stack.emulator_url) })
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    child.on('close', (status) => resolve({ status, said }))
  })

const listOf = async (issuer: string) => {
  const { status, body } = await fetched(statusUrl('crl', issuer))
  return status === 200 ? readCrl(new Uint8Array(body)) : null
}

const caOf = async (issuer: string) => (await fetched(statusUrl('ca', issuer))).body.toString('base64')

const numbers = async () => Promise.all(issuers.map(async (issuer) => (await listOf(issuer))?.number ?? 0n))

async function emptyBucket(): Promise<void> {
  const Bucket = stack.bucket
  for (;;) {
    const { Contents = [] } = await clients.s3.send(new ListObjectsV2Command({ Bucket }))
    if (Contents.length === 0) return
    const Objects = Contents.map(({ Key = '' }) => ({ Key }))
    await clients.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
  }
}

describe('a status site of which everything was deleted', () => {
  it('comes back from the table: the same CA certificates, later lists that OpenSSL verifies, what was revoked still is', async () => {
    const { certificate_id } = await issueUngated()
    const files = await filesOf(certificate_id, folder)
    const serial = await hexSerialOf(files.leaf)
    const revoke = as('alice').post(`/certificates/${certificate_id}/revoke`, { reason: 'superseded' })
    await jobCompleted(as('alice'), (await as('alice').expect(changed, 202, revoke)).job.id)
    const listed = async () =>
      (await openssl('crl', '-in', await crlFile('iss-web', folder), '-noout', '-text')).includes(serial)
    await eventually('the list with it', async () =>
      (await listed()) ? { found: true } : { seen: 'not yet' },
    )
    const before = { numbers: await numbers(), ca: await Promise.all(issuers.map(caOf)) }

    await emptyBucket()
    for (const issuer of issuers) expect(await listOf(issuer)).toBeNull()
    const found = await verifyLists('--repair')
    expect(found.status).toBe(1)
    for (const issuer of issuers) expect(found.said).toMatch(new RegExp(`^${issuer} 0: .*: not served$`, 'm'))

    await eventually('both lists', async () => {
      const seen = await numbers()
      return seen.every((number) => number > 0n) ? { found: seen } : { seen: seen.join() }
    })
    expect(await Promise.all(issuers.map(caOf))).toEqual(before.ca)
    for (const [n, number] of (await numbers()).entries())
      expect(number).toBeGreaterThan(before.numbers[n] ?? 0n)
    const list = await crlFile('iss-web', folder)
    expect(await openssl('crl', '-in', list, '-CAfile', files.issuer, '-noout', '-verify')).toContain(
      'verify OK',
    )
    expect(await listed()).toBe(true)
    const about = ['-issuer', files.issuer, '-cert', files.leaf, '-CAfile', files.root]
    expect(await openssl('ocsp', ...about, '-url', statusUrl('ocsp', 'iss-web'))).toContain(': revoked')
    const { said } = await verifyLists()
    for (const issuer of issuers) expect(said).toMatch(new RegExp(`^${issuer} 0: .*: equal$`, 'm'))
  })
})
