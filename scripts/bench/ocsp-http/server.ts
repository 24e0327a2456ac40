import { createServer, type Socket } from 'node:net'

/**
 * As much of HTTP/1.1 as an OCSP POST takes, over plain sockets: `openssl
 * ocsp -port` has no more of it either, and what is compared is the
 * responders. On AWS this part is CloudFront and a function URL.
 */

const endOfHead = Buffer.from('\r\n\r\n')

type Request = { readonly body: Buffer; readonly octets: number; readonly closes: boolean }

/** The first whole request of what has arrived; null while some of it is missing. */
const requestIn = (arrived: Buffer): Request | null => {
  const end = arrived.indexOf(endOfHead)
  if (end === -1) return null
  const head = arrived.toString('latin1', 0, end).toLowerCase()
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/.exec(head) ?? []
  const octets = end + endOfHead.length + Number(length)
  if (arrived.length < octets) return null
  return {
    body: arrived.subarray(end + endOfHead.length, octets),
    octets,
    closes: head.includes('\r\nconnection: close'),
  }
}

/** How many answers of each length there are is few: their heads are made once. */
const heads = new Map<number, Buffer>()

const headFor = (length: number): Buffer => {
  const made =
    heads.get(length) ??
    Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: ${length}\r\n\r\n`,
    )
  heads.set(length, made)
  return made
}

type Answer = (der: Uint8Array) => Promise<Uint8Array>

/** One request after the other, as the clients of a responder send them. */
const converse = (socket: Socket, answer: Answer): void => {
  let arrived: Buffer = Buffer.alloc(0)
  const reply = async ({ body, closes }: Request): Promise<void> => {
    const answered = await answer(body)
    const whole = Buffer.concat([headFor(answered.length), answered])
    if (closes) socket.end(whole)
    else socket.write(whole)
  }
  socket.on('data', (chunk) => {
    const all = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    arrived = arrived.length === 0 ? all : Buffer.concat([arrived, all])
    const request = requestIn(arrived)
    if (request === null) return
    arrived = arrived.subarray(request.octets)
    reply(request).catch(() => socket.destroy())
  })
  // A client that goes away in the middle costs its own connection and nothing else.
  socket.on('error', () => socket.destroy())
}

/** Answers OCSP on a port of this machine, one process, until it is stopped. */
export const serveOcsp = (port: number, answer: Answer): void => {
  createServer({ noDelay: true }, (socket) => converse(socket, answer)).listen(port, '127.0.0.1')
}
