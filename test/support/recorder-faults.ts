import type { Socket } from 'node:net'
import { callsOf, type Sent } from './recorded-calls.ts'

/** What goes wrong with calls of a function, so many times. */
export type Fault = {
  readonly id: string
  /** The function's id, as in access.ts. */
  readonly function: string
  /** The IAM action, such as `kms:Sign`. */
  readonly action: string
  /** Only calls with this in their path or body. */
  readonly containing?: string
  readonly times: number
  /** Only what comes beyond so many in a second. */
  readonly beyond_per_second?: number
  /** What the function is answered. */
  readonly answer?: { readonly status: number; readonly body: string }
  /** The call is carried out, and its answer lost. */
  readonly carried_out?: boolean
  /** How long the function waits for it, in milliseconds. */
  readonly hold_ms?: number
}

type Place = { readonly fault: Fault; happened: number; second: number; inSecond: number }

const planted = new Map<string, Place>()

/** Whether this call is one too many in its second. */
function isBeyond(place: Place): boolean {
  const second = Math.floor(Date.now() / 1000)
  if (second !== place.second) place.inSecond = 0
  place.second = second
  place.inSecond += 1
  return place.inSecond > (place.fault.beyond_per_second ?? 0)
}

/** The fault that this call meets, counted as met. */
export function faultFor(sent: Sent): Fault | null {
  if (planted.size === 0) return null
  for (const place of planted.values()) {
    if (place.happened >= place.fault.times || !meets(sent, place.fault) || !isBeyond(place)) continue
    place.happened += 1
    return place.fault
  }
  return null
}

function meets(sent: Sent, { function: by, action, containing = '' }: Fault): boolean {
  if (!sent.function.endsWith(`-${by}`)) return false
  if (!callsOf(sent, 200).some((call) => call.action === action)) return false
  return sent.path.includes(containing) || sent.body.includes(containing)
}

/** PUT plants one, DELETE takes all away, GET says how often each was met. */
export function faults(method: string, body: string): Readonly<Record<string, number>> {
  if (method === 'PUT') {
    const fault = JSON.parse(body) as Fault
    planted.set(fault.id, { fault, happened: 0, second: 0, inSecond: 0 })
  }
  if (method === 'DELETE') planted.delete(body)
  return Object.fromEntries([...planted].map(([id, { happened }]) => [id, happened]))
}

/** Whose connection it is: only a process that still holds one is known to be what it was. */
const holders = new Map<Socket, { readonly by: string; readonly pid: number }>()

export function noteProcess(socket: Socket, by: string, pid: number): void {
  if (!holders.has(socket)) socket.once('close', () => holders.delete(socket))
  holders.set(socket, { by, pid })
}

/** Ends every process of a function that is connected; says how many. */
export function kill(id: string): number {
  const pids = new Set([...holders.values()].filter(({ by }) => by.endsWith(`-${id}`)).map(({ pid }) => pid))
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  return pids.size
}
