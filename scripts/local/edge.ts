import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { Trouble } from './trouble.ts'

export type Edge = { readonly stop: () => Promise<void> }

type Site = {
  readonly port: number
  readonly emulator_url: string
  readonly distribution_domain: string
  readonly bucket: string
}

/**
 * Makes the distribution reachable by plain URLs: every request goes, byte for
 * byte, to the emulator's CloudFront with the distribution's own host name.
 */
export async function startEdge(site: Site): Promise<Edge> {
  const handler = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    forward(site, incoming, outgoing)
  }
  // Clients try whichever address `localhost` has first.
  const first = await listen(handler, site.port, '127.0.0.1')
  if (first === null) throw new Trouble(`port ${site.port} is taken; choose another with --edge-port`)
  const servers = [first, await listen(handler, site.port, '::1')].filter((server) => server !== null)
  return { stop: async () => void (await Promise.all(servers.map(close))) }
}

function forward(site: Site, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { hostname, port } = new URL(site.emulator_url)
  const origin = request(
    {
      hostname,
      port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, host: site.distribution_domain },
    },
    (answer) => {
      if (answer.statusCode === 403 && incoming.method !== 'POST') {
        answer.resume()
        askBucket(site, incoming, outgoing)
      } else relay(answer, outgoing)
    },
  )
  origin.on('error', () => outgoing.writeHead(502).end())
  incoming.pipe(origin)
}

/**
 * The emulator's CloudFront says 403 for a missing object even where it may
 * list the bucket; S3 itself knows whether it is missing.
 */
function askBucket(site: Site, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { hostname, port } = new URL(site.emulator_url)
  const path = `/${site.bucket}${incoming.url}`
  const origin = request({ hostname, port, method: incoming.method, path }, (answer) => {
    if (answer.statusCode === 404) return relay(answer, outgoing)
    answer.resume()
    outgoing.writeHead(403).end()
  })
  origin.on('error', () => outgoing.writeHead(502).end())
  origin.end()
}

function relay(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  answer.pipe(outgoing)
}

type Handler = (incoming: IncomingMessage, outgoing: ServerResponse) => void

function listen(handler: Handler, port: number, host: string): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer(handler)
    server.once('error', () => resolve(null))
    server.listen(port, host, () => resolve(server))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.closeAllConnections()
    server.close(() => resolve())
  })
}
