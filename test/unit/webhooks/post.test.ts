import { createServer as createPlain, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import type { Post } from '../../../lib/ports/notifications.ts'
import { poster, type Resolve, resolveBySystem } from '../../../lib/webhooks/post.ts'
import { selfSigned } from '../../support/tls.ts'

const nowhere: Resolve = async () => []
const at =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses

const strict = (resolve: Resolve = nowhere): Post => poster({ resolve, loopback: false, deadline_ms: 2000 })
const local = (resolve: Resolve = resolveBySystem): Post =>
  poster({ resolve, loopback: true, deadline_ms: 1000 })

const call = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body: '{"a":1}' })

const servers: Server[] = []

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    servers.push(server)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

/** A receiver of a test's own, and what it was sent. */
const receiver = async (answer: RequestListener) => {
  const seen: { readonly request: IncomingMessage; readonly body: string }[] = []
  const server = createPlain((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ request, body: Buffer.concat(chunks).toString() })
      answer(request, response)
    })
  })
  const port = await listening(server)
  return { url: `http://127.0.0.1:${port}/hook`, port, seen }
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) (server as ReturnType<typeof createPlain>).closeAllConnections()
    server.close()
  }
})

describe('what is refused before anything is looked up', () => {
  it.each([
    ['plain HTTP', 'http://hooks.example.com/', 'not https'],
    ['another scheme', 'ftp://hooks.example.com/', 'not https'],
    ['a file', 'file:///etc/passwd', 'not https'],
    ['script', 'javascript:alert(1)', 'not https'],
    ['no URL', 'hooks.example.com', 'none'],
    ['nothing', '', 'none'],
    ['credentials', 'https://user:word@hooks.example.com/', 'credentials'],
    ['a user', 'https://user@hooks.example.com/', 'credentials'],
    ['the port of SSH', 'https://hooks.example.com:22/', 'port'],
    ['the port of a database', 'https://hooks.example.com:5432/', 'port'],
    ['port 80 over TLS', 'https://hooks.example.com:80/', 'port'],
  ])('%s: %s', async (_, url, reason) => {
    const looked: string[] = []
    const post = strict(async (host) => {
      looked.push(host)
      return ['8.8.8.8']
    })
    expect(await post(call(url))).toEqual({ delivered: false, reason: expect.stringContaining(reason) })
    expect(looked).toEqual([])
  })
})

describe('an address inside', () => {
  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://0/',
    'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fd00:ec2::254]/',
    'https://[fe80::1]/',
    'https://1⑦2.16.0.1/',
    'https://①②⑦.⓪.⓪.①/',
  ])('is refused as a URL writes it: %s', async (url) => {
    expect(await strict()(call(url))).toEqual({
      delivered: false,
      reason: expect.stringContaining('not public'),
    })
  })

  it.each([
    ['loopback', ['127.0.0.1']],
    ['metadata', ['169.254.169.254']],
    ['a private network', ['10.0.0.7']],
    ['loopback over IPv6', ['::1']],
    ['IPv4-mapped loopback', ['::ffff:127.0.0.1']],
    ['NAT64 of metadata', ['64:ff9b::a9fe:a9fe']],
    ['a public address and one inside', ['8.8.8.8', '10.0.0.7']],
    ['one inside and a public address', ['10.0.0.7', '8.8.8.8']],
  ])('is refused as a name has it: %s', async (_, addresses) => {
    expect(await strict(at(...addresses))(call('https://hooks.example.com/'))).toEqual({
      delivered: false,
      reason: 'refused: the host is at an address that is not public',
    })
  })

  it('is refused as the system resolves it', async () => {
    expect(await strict(resolveBySystem)(call('https://localhost/'))).toMatchObject({ delivered: false })
    expect(await strict(resolveBySystem)(call('https://localhost./'))).toMatchObject({ delivered: false })
  })

  it('is refused in the stage local too, where it is not this machine itself', async () => {
    for (const address of ['10.0.0.7', '169.254.169.254', '192.168.1.1', '::ffff:127.0.0.1'])
      expect(await local(at(address))(call('http://hooks.example.com/'))).toEqual({
        delivered: false,
        reason: expect.stringContaining('not public'),
      })
  })

  it('of a name that has none, or that is never answered, is nowhere', async () => {
    expect(await strict()(call('https://hooks.example.com/'))).toEqual({
      delivered: false,
      reason: 'refused: the host has no address',
    })
    const never = poster({ resolve: () => new Promise(() => {}), loopback: false, deadline_ms: 50 })
    expect(await never(call('https://hooks.example.com/'))).toEqual({
      delivered: false,
      reason: 'the name was not looked up in time',
    })
  })
})

describe('a name', () => {
  it('is looked up once: the connection goes to the address that was checked, whatever it answers next', async () => {
    const there = await receiver((_, response) => response.end())
    const answers = [['127.0.0.1'], ['169.254.169.254'], ['10.0.0.7']]
    let asked = 0
    const rebinding: Resolve = async () => answers[asked++] ?? []
    const sent = await local(rebinding)(call(`http://rebinding.example.com:${there.port}/`))
    expect(sent).toEqual({ delivered: true })
    expect(asked).toBe(1)
    expect(there.seen[0]?.request.headers.host).toBe(`rebinding.example.com:${there.port}`)
  })

  it('is not looked up by the connection: one that only our check knows is reached', async () => {
    const there = await receiver((_, response) => response.end())
    const sent = await local(at('127.0.0.1'))(call(`http://does-not-exist.invalid:${there.port}/`))
    expect(sent).toEqual({ delivered: true })
  })
})

describe('a receiver', () => {
  it('gets the body and the headers, once', async () => {
    const there = await receiver((_, response) => response.end())
    expect(await local()(call(there.url))).toEqual({ delivered: true })
    expect(
      there.seen.map(({ body, request }) => [request.method, body, request.headers['content-type']]),
    ).toEqual([['POST', '{"a":1}', 'application/json']])
  })

  it.each([200, 201, 202, 204, 299])('that answers %d was told', async (status) => {
    const there = await receiver((_, response) => response.writeHead(status).end())
    expect(await local()(call(there.url))).toEqual({ delivered: true })
  })

  it.each([400, 401, 404, 410, 429, 500, 503])('that answers %d was not told', async (status) => {
    const there = await receiver((_, response) => response.writeHead(status).end('a secret of the receiver'))
    expect(await local()(call(there.url))).toEqual({ delivered: false, reason: `answered ${status}` })
  })

  it.each([301, 302, 303, 307, 308])('that redirects (%d) to metadata is not followed', async (status) => {
    const metadata = await receiver((_, response) => response.end())
    const there = await receiver((_, response) =>
      response.writeHead(status, { location: metadata.url }).end(),
    )
    expect(await local()(call(there.url))).toEqual({
      delivered: false,
      reason: `answered ${status}: redirects are not followed`,
    })
    expect(metadata.seen).toEqual([])
  })

  it('that sends without end is not listened to', async () => {
    const there = await receiver((_, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    expect(await local()(call(there.url))).toEqual({ delivered: true })
  })

  it('that sends headers without end was not told', async () => {
    const there = await receiver((_, response) => response.setHeader('x-long', 'x'.repeat(100_000)).end())
    expect(await local()(call(there.url))).toEqual({
      delivered: false,
      reason: 'no connection: HPE_HEADER_OVERFLOW',
    })
  })

  it('that never answers was not told', async () => {
    const there = await receiver(() => {})
    expect(await local()(call(there.url))).toEqual({ delivered: false, reason: 'no answer in time' })
  })

  it('that is not there was not told', async () => {
    const there = await receiver(() => {})
    servers.at(-1)?.close()
    expect(await local()(call(there.url))).toEqual({
      delivered: false,
      reason: 'no connection: ECONNREFUSED',
    })
  })

  it('that closes in the middle was not told', async () => {
    const there = await receiver((request) => request.socket.destroy())
    expect(await local()(call(there.url))).toEqual({ delivered: false, reason: 'no connection: ECONNRESET' })
  })
})

describe('a receiver over TLS', () => {
  const mine = selfSigned('hooks.example.com')

  const secured = async () => {
    const requests: IncomingMessage[] = []
    const server = createSecure(mine, (request, response) => {
      requests.push(request)
      response.end()
    })
    return { port: await listening(server), requests }
  }

  it('whose certificate nobody vouches for is told nothing', async () => {
    const { port, requests } = await secured()
    const sent = await local(at('127.0.0.1'))(call(`https://hooks.example.com:${port}/`))
    expect(sent).toEqual({ delivered: false, reason: 'no connection: DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(requests).toEqual([])
  })

  it('is told by the name that its certificate has, and not by another', async () => {
    const { port, requests } = await secured()
    const before = getCACertificates('default')
    setDefaultCACertificates([...before, mine.cert])
    try {
      const post = local(at('127.0.0.1'))
      expect(await post(call(`https://hooks.example.com:${port}/`))).toEqual({ delivered: true })
      expect(await post(call(`https://other.example.com:${port}/`))).toEqual({
        delivered: false,
        reason: 'no connection: ERR_TLS_CERT_ALTNAME_INVALID',
      })
    } finally {
      setDefaultCACertificates(before)
    }
    expect(requests).toHaveLength(1)
  })
})
