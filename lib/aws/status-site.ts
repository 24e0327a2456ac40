import { AwsClient } from 'aws4fetch'
import type { StatusSite } from '../ports.ts'

/**
 * S3 by signed HTTP: two calls of its REST API are all that we use, and the
 * SDK's client would be a third of the function.
 */
export type Bucket = {
  readonly name: string
  readonly region: string
  /** Where S3 is, if not where AWS has it. */
  readonly endpoint: string | undefined
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
}

const baseOf = ({ name, region, endpoint }: Bucket): string =>
  endpoint === undefined ? `https://${name}.s3.${region}.amazonaws.com` : `${endpoint}/${name}`

/** Numbers published objects, so that an older one never replaces a newer. */
const orderHeader = 'x-amz-meta-order'

export const statusSite = (bucket: Bucket): StatusSite => {
  const client = new AwsClient({ ...bucket.credentials, service: 's3', region: bucket.region, retries: 4 })
  const base = baseOf(bucket)

  const present = async (url: string): Promise<{ etag: string; order: number } | null> => {
    const found = await client.fetch(url, { method: 'HEAD' })
    if (found.status === 404) return null
    if (!found.ok) throw new Error(`S3 answered HEAD with ${found.status}`)
    return { etag: found.headers.get('etag') ?? '', order: Number(found.headers.get(orderHeader) ?? 0) }
  }

  return {
    publish: async ({ path, body, content_type, max_age_seconds, order }) => {
      const url = `${base}/${path}`
      for (let round = 0; round < 16; round += 1) {
        const there = await present(url)
        if (there !== null && there.order >= order) return 'newer_there'
        const put = await client.fetch(url, {
          method: 'PUT',
          body: Buffer.from(body),
          headers: {
            'content-type': content_type,
            'cache-control': `public, max-age=${max_age_seconds}`,
            [orderHeader]: String(order),
            ...(there === null ? { 'if-none-match': '*' } : { 'if-match': there.etag }),
          },
        })
        if (put.ok) return 'published'
        // 412 and 409: somebody else wrote between our look and our write. Look again.
        if (put.status !== 412 && put.status !== 409) throw new Error(`S3 answered PUT with ${put.status}`)
      }
      throw new Error(`${path} is too contended`)
    },
  }
}
