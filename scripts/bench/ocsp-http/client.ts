import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

/**
 * Eight clients that ask the same question again as soon as it was answered,
 * by sockets and with as little work as it takes to hold each answer against
 * what it must say. Run as a program: `client.ts PORT SECONDS keep|close REQUEST NEEDLE…`.
 */

const clients = 8

export type Rate = {
  /** Whole answers that said what they must. */
  readonly answers: number
  /** Answers that did not, and connections that broke. */
  readonly faults: number
  readonly seconds: number
}

type Asking = {
  readonly port: number
  readonly request: Buffer
  readonly closes: boolean
  /** What must be in every answer: the certificate as it was asked for with its status, and the nonce. */
  readonly needles: readonly Buffer[]
  readonly until: number
}

const lengthOf = (seen: Buffer): number | null => {
  const end = seen.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [, length] = /content-length: *(\d+)/i.exec(seen.toString('latin1', 0, end)) ?? []
  return length === undefined ? null : end + 4 + Number(length)
}

const isRight = (whole: Buffer, needles: readonly Buffer[]): boolean =>
  whole.toString('latin1', 9, 12) === '200' && needles.every((needle) => whole.includes(needle))

/** One connection, for as long as the other side keeps it and there is time left. */
const connection = (asking: Asking, count: (right: boolean) => void): Promise<void> =>
  new Promise((resolve) => {
    const { port, request, closes, needles, until } = asking
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request))
    let seen: Buffer = Buffer.alloc(0)
    let waiting = true
    socket.on('data', (chunk: Buffer) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const length = lengthOf(seen)
      if (length === null || seen.length < length) return
      count(isRight(seen, needles))
      seen = Buffer.alloc(0)
      waiting = !closes && performance.now() < until
      if (waiting) socket.write(request)
      else socket.destroy()
    })
    // A server that closes after each answer may do so when the next request was on its way: that one was not answered.
    socket.on('error', () => {})
    socket.on('close', (broken) => {
      if (broken && waiting && seen.length > 0) count(false)
      resolve()
    })
  })

async function main([port, seconds, mode, file = '', ...needles]: readonly string[]): Promise<Rate> {
  const der = readFileSync(file)
  const closes = mode === 'close'
  const head = [
    'POST / HTTP/1.1',
    'Host: bench',
    ...(closes ? ['Connection: close'] : []),
    'Content-Type: application/ocsp-request',
    `Content-Length: ${der.length}`,
  ]
  const begin = performance.now()
  const asking = {
    port: Number(port),
    request: Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), der]),
    closes,
    needles: needles.map((hex) => Buffer.from(hex, 'hex')),
    until: begin + Number(seconds) * 1000,
  }
  let [answers, faults] = [0, 0]
  const count = (right: boolean): void => {
    if (right) answers += 1
    else faults += 1
  }
  const client = async (): Promise<void> => {
    while (performance.now() < asking.until) await connection(asking, count)
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { answers, faults, seconds: (performance.now() - begin) / 1000 }
}

if (import.meta.main) console.log(JSON.stringify(await main(process.argv.slice(2))))
