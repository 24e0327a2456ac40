import { AwsClient } from 'aws4fetch'
import type { OctetStream } from '../pki/crl.ts'
import type { AwsAccess } from './aws-call.ts'

/**
 * S3 by signed HTTP: three calls of its REST API are all that we use, and the
 * SDK's client would be a third of the function.
 */
export type Bucket = AwsAccess & { readonly name: string }

export type Objects = {
  readonly get: (path: string) => Promise<Uint8Array | null>
  /** Replaces the object unless a newer one (by `order`) is there already. */
  readonly put: (
    path: string,
    body: OctetStream,
    about: { readonly order: number; readonly headers: Readonly<Record<string, string>> },
  ) => Promise<'published' | 'newer_there'>
}

const baseOf = ({ name, region, endpoint }: Bucket): string =>
  endpoint === undefined ? `https://${name}.s3.${region}.amazonaws.com` : `${endpoint}/${name}`

/** Numbers objects, so that an older one never replaces a newer. */
const orderHeader = 'x-amz-meta-order'

/** A fresh copy of each piece: whoever sends them may still hold one when the next is written. */
async function* piecesOf({ chunks }: OctetStream): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks()) yield Uint8Array.from(chunk)
}

export const objects = (bucket: Bucket): Objects => {
  const settings = { ...bucket.credentials, service: 's3', region: bucket.region }
  const client = new AwsClient({ ...settings, retries: 4 })
  // A stream can be sent once; another try takes another stream.
  const sender = new AwsClient({ ...settings, retries: 0 })
  const base = baseOf(bucket)

  const present = async (url: string): Promise<{ etag: string; order: number } | null> => {
    const found = await client.fetch(url, { method: 'HEAD' })
    if (found.status === 404) return null
    if (!found.ok) throw new Error(`S3 answered HEAD with ${found.status}`)
    return { etag: found.headers.get('etag') ?? '', order: Number(found.headers.get(orderHeader) ?? 0) }
  }

  const send = (url: string, body: OctetStream, headers: Record<string, string>): Promise<Response> =>
    sender.fetch(url, {
      method: 'PUT',
      body: ReadableStream.from(piecesOf(body)),
      duplex: 'half',
      headers: { ...headers, 'content-length': String(body.length) },
    })

  return {
    get: async (path) => {
      const found = await client.fetch(`${base}/${path}`)
      if (found.status === 404) return null
      if (!found.ok) throw new Error(`S3 answered GET with ${found.status}`)
      return new Uint8Array(await found.arrayBuffer())
    },
    put: async (path, body, { order, headers }) => {
      const url = `${base}/${path}`
      for (let round = 0; round < 16; round += 1) {
        const there = await present(url)
        if (there !== null && there.order >= order) return 'newer_there'
        const put = await send(url, body, {
          ...headers,
          [orderHeader]: String(order),
          ...(there === null ? { 'if-none-match': '*' } : { 'if-match': there.etag }),
        })
        if (put.ok) return 'published'
        // 412 and 409: somebody else wrote between our look and our write. 5xx: S3 asks for another try. Look again.
        if (put.status !== 412 && put.status !== 409 && put.status < 500)
          throw new Error(`S3 answered PUT with ${put.status}`)
        await new Promise((resolve) => setTimeout(resolve, 50 * round))
      }
      throw new Error(`${path} is too contended`)
    },
  }
}
