import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Ending, endings } from '../../scripts/local/emulator.ts'
import { type Call, callsOf, type Sent, sameToPolicies, serviceOf } from './recorded-calls.ts'
import { type Fault, faultFor, faults, kill, noteProcess } from './recorder-faults.ts'

export type Recorder = {
  readonly url: string
  /** What the emulator has to be started with. */
  readonly environment: Readonly<Record<string, string>>
  readonly calls: () => readonly Call[]
  /** What `/_recorder/restart` does. */
  readonly restartBy: (restart: (how: Ending) => Promise<void>) => void
  readonly stop: () => void
}

const hook = fileURLToPath(new URL('recorder-hook.cjs', import.meta.url))

/** Ports of this machine by service, for those that are not in the emulator. */
type Elsewhere = Readonly<Record<string, number>>

/**
 * Stands between the deployed functions and the emulator: passes everything on
 * as it is, and keeps of each call what AWS would decide on. What is signed for
 * a service that is elsewhere goes there. Tests ask it at
 * `/_recorder/calls` (DELETE forgets them), have calls fail by way of
 * `/_recorder/faults`, and end the emulator and start it anew by `/_recorder/restart/<ending>`.
 */
export async function startRecorder(emulator_port: number, elsewhere: Elsewhere): Promise<Recorder> {
  const seen = new Map<string, Call>()
  const agent = new Agent({ keepAlive: true })
  const keep = (sent: Sent, status: number) => {
    for (const call of callsOf(sent, status)) {
      const key = sameToPolicies(call)
      if (!seen.has(key)) seen.set(key, call)
    }
  }
  let restart = async (_: Ending) => {}
  const portOf = (sent: Sent): number => elsewhere[serviceOf(sent)] ?? emulator_port
  const server = createServer((incoming, outgoing) => {
    const ending = endings.find((how) => incoming.url === `/_recorder/restart/${how}`)
    if (ending !== undefined)
      return void restart(ending).then(
        () => outgoing.end(),
        (error) => outgoing.writeHead(500).end(String(error)),
      )
    if (incoming.url === '/_recorder/calls' && incoming.method === 'DELETE') seen.clear()
    if (incoming.url?.startsWith('/_recorder/')) return answerTest(incoming, outgoing, [...seen.values()])
    void pass({ incoming, outgoing, portOf, agent, keep }).catch(() => outgoing.destroy())
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    environment: { RECORDER_PORT: String(port), NODE_OPTIONS: `--require=${hook}` },
    calls: () => [...seen.values()],
    restartBy: (by) => {
      restart = by
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
      agent.destroy()
    },
  }
}

type Passing = {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly portOf: (sent: Sent) => number
  readonly agent: Agent
  readonly keep: (sent: Sent, status: number) => void
}

async function pass({ incoming, outgoing, portOf, agent, keep }: Passing): Promise<void> {
  const body = await bytesOf(incoming)
  const { 'x-recorded-function': by, 'x-recorded-process': process, ...headers } = incoming.headers
  noteProcess(incoming.socket, String(by), Number(process))
  const sent: Sent = {
    function: String(by ?? ''),
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers,
    body,
  }
  const fault = faultFor(sent)
  if (fault?.hold_ms !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.hold_ms).unref())
  // Whoever was held here may have ended meanwhile: what it had to say was never sent.
  if (outgoing.destroyed) return
  if (fault?.answer !== undefined && !fault.carried_out) {
    keep(sent, fault.answer.status)
    return refuse(outgoing, fault)
  }
  const send = (by: Agent | undefined) => {
    const onward = request(
      { host: '127.0.0.1', port: portOf(sent), method: sent.method, path: sent.path, headers, agent: by },
      (answer) => {
        keep(sent, answer.statusCode ?? 502)
        if (fault?.answer !== undefined) {
          answer.resume()
          return refuse(outgoing, fault)
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    // A kept connection that was closed meanwhile has carried nothing: once more, on one of its own.
    onward.on('error', () => (onward.reusedSocket ? send(undefined) : outgoing.destroy()))
    onward.end(body)
  }
  send(agent)
}

function refuse(outgoing: ServerResponse, { answer }: Fault): void {
  outgoing.writeHead(answer?.status ?? 500, { 'content-type': 'application/x-amz-json-1.0' })
  outgoing.end(answer?.body ?? '')
}

async function answerTest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  calls: readonly Call[],
): Promise<void> {
  const body = String(await bytesOf(incoming))
  const { url, method = '' } = incoming
  const answer =
    url === '/_recorder/calls' ? calls : url === '/_recorder/kill' ? kill(body) : faults(method, body)
  outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
}

async function bytesOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
