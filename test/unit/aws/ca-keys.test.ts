import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { signer } from '../../../lib/aws/ca-keys.ts'
import { keyUseOf, signRecord } from '../../../lib/model/key-use.ts'
import { signEvent } from '../../support/trail.ts'

/** The user agent that KMS, and so CloudTrail, is sent with a signature for this event. */
const userAgentFor = async (event_id: string): Promise<string> => {
  const seen: string[] = []
  const kms = createServer((request, response) => {
    seen.push(request.headers['user-agent'] ?? '')
    response.setHeader('content-type', 'application/x-amz-json-1.1')
    response.end(JSON.stringify({ Signature: 'AAAA' }))
  })
  await new Promise<void>((resolve) => kms.listen(0, '127.0.0.1', resolve))
  const address = kms.address()
  const port = typeof address === 'object' ? address?.port : 0
  const access = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  }
  await signer({ issuing: 'arn:aws:kms:us-east-1:111122223333:key/issuing' }, access).sign(
    'issuing',
    'ECDSA_SHA_256',
    { digest: new Uint8Array(32), event_id },
  )
  kms.closeAllConnections()
  kms.close()
  return seen.join()
}

describe('a signature asked of KMS', () => {
  it.each(['ev-job-0a1b2c3d4e5f-4', 'ev-crl-iss-web-12-345'])(
    'says which event it is for, so that CloudTrail keeps it: %s',
    async (event_id) => {
      const userAgent = await userAgentFor(event_id)
      const arn = 'arn:aws:kms:us-east-1:111122223333:key/issuing'
      const event = signEvent({
        key_arn: arn,
        role_arn: 'arn:aws:iam::111122223333:role/signer',
        event_id: null,
        time: '2026-11-01T12:00:00Z',
        request_id: 'request-1',
      })
      const record = signRecord.parse({ ...event.detail, userAgent })
      expect(keyUseOf(record)).toEqual({
        request_id: 'request-1',
        time: '2026-11-01T12:00:00.000Z',
        key_arn: arn,
        by: 'arn:aws:iam::111122223333:role/signer',
        event_id,
        error: null,
      })
    },
  )
})
