import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { openssl } from '../../scripts/local/openssl.ts'
import { listed, publishedCa, publishedNumber, revoke } from '../support/live-lists.ts'
import { crlFile, filesOf, statusUrl } from '../support/live-openssl.ts'
import { issueUngated } from '../support/live-requests.ts'
import { clients, stack } from '../support/stack.ts'
import { folder, newFolder, shell, steps } from './operator.ts'

const issuers = ['iss-root', 'iss-web'] as const

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
  it('comes back by the commands of the page: the same CA certificates, later lists that OpenSSL verifies, what was revoked still is', async () => {
    const { certificate_id } = await issueUngated()
    const files = await filesOf(certificate_id, newFolder())
    await revoke(certificate_id)
    await listed(files.leaf)
    const before = {
      numbers: await Promise.all(issuers.map(publishedNumber)),
      ca: await Promise.all(issuers.map(publishedCa)),
    }

    await emptyBucket()
    for (const issuer of issuers) expect(await publishedNumber(issuer)).toBe(0n)
    const operator = await shell()
    const { said, failed } = await operator.run(steps('The status bucket is empty').join('\n'))

    // The first look, and nothing after it.
    expect(failed).toEqual(['npm run verify-lists -- --stage "$STAGE"'])
    for (const issuer of issuers) {
      expect(said).toMatch(new RegExp(`^${issuer} 0: .*: not served$`, 'm'))
      expect(said).toMatch(new RegExp(`^${issuer} 0: .*: equal$`, 'm'))
    }
    expect(said).toContain('verify OK')
    expect(await Promise.all(issuers.map(publishedCa))).toEqual(before.ca)
    for (const [n, issuer] of issuers.entries())
      expect(await publishedNumber(issuer)).toBeGreaterThan(before.numbers[n] ?? 0n)
    const list = await crlFile('iss-web', folder)
    expect(await openssl('crl', '-in', list, '-CAfile', files.issuer, '-noout', '-verify')).toContain(
      'verify OK',
    )
    await listed(files.leaf)
    const about = ['-issuer', files.issuer, '-cert', files.leaf, '-CAfile', files.root]
    expect(await openssl('ocsp', ...about, '-url', statusUrl('ocsp', 'iss-web'))).toContain(': revoked')
  })
})
