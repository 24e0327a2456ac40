import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AwsAccess } from '../../lib/aws/aws-call.ts'

export type AskedOfAws = {
  readonly operation: string
  // biome-ignore lint/suspicious/noExplicitAny: a request of AWS's APIs, read by a test that knows which
  readonly input: any
  readonly headers: IncomingHttpHeaders
}

export type AwsAnswer = { readonly status?: number; readonly body: unknown }

export type StandIn = { readonly access: AwsAccess; readonly stop: () => void }

/** Stands in for AWS on a port of this machine: takes requests of its JSON services, and answers what a test says. */
export async function standInForAws(
  answer: (asked: AskedOfAws) => AwsAnswer | Promise<AwsAnswer>,
): Promise<StandIn> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const operation = String(request.headers['x-amz-target'] ?? '').replace(/^.*\./, '')
    const input = JSON.parse(Buffer.concat(chunks).toString() || '{}')
    const { status = 200, body } = await answer({ operation, input, headers: request.headers })
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  return {
    access: {
      region: 'us-east-1',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
