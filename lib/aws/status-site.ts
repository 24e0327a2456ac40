import { HeadObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3'
import type { StatusSite } from '../ports.ts'

const isStatus = (error: unknown, ...codes: readonly number[]): boolean =>
  error instanceof S3ServiceException && codes.includes(error.$metadata.httpStatusCode ?? 0)

export const statusSite = (bucket: string, client = new S3Client({})): StatusSite => {
  const present = async (path: string): Promise<{ etag: string | undefined; order: number } | null> => {
    try {
      const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: path }))
      return { etag: found.ETag, order: Number(found.Metadata?.order ?? 0) }
    } catch (error) {
      if (isStatus(error, 404)) return null
      throw error
    }
  }
  return {
    publish: async ({ path, body, content_type, max_age_seconds, order }) => {
      for (;;) {
        const there = await present(path)
        if (there !== null && there.order >= order) return 'newer_there'
        const put = new PutObjectCommand({
          Bucket: bucket,
          Key: path,
          Body: body,
          ContentType: content_type,
          CacheControl: `public, max-age=${max_age_seconds}`,
          Metadata: { order: String(order) },
          ...(there === null ? { IfNoneMatch: '*' } : { IfMatch: there.etag }),
        })
        try {
          await client.send(put)
          return 'published'
        } catch (error) {
          // Somebody else wrote between our look and our write: look again.
          if (!isStatus(error, 412, 409)) throw error
        }
      }
    },
  }
}
