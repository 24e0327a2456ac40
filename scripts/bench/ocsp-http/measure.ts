import { execFile, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../../local/ports.ts'
import type { Rate } from './client.ts'

/** Clients and servers as programs of their own, each on a core of its own where the machine lets us say so. */

const run = promisify(execFile)

const isLinux = process.platform === 'linux'

const pins = ((): boolean => {
  if (!isLinux || availableParallelism() < 2) return false
  try {
    execFileSync('taskset', ['-c', '0', 'true'])
    return true
  } catch {
    return false
  }
})()

const on = (core: 0 | 1, command: readonly string[]): readonly [string, readonly string[]] => {
  const [file = '', ...args] = pins ? ['taskset', '-c', String(core), ...command] : command
  return [file, args]
}

/** What a process has spent on a processor, in seconds; null where the system does not say. */
const spentBy = (pid: number): number | null => {
  if (!isLinux) return null
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

export type Server = { readonly port: number; readonly pid: number; readonly stop: () => void }

/** Starts a server on a free port, and waits until it takes connections. */
export const started = async (folder: string, commandOn: (port: number) => readonly string[]) => {
  const port = await freePort()
  const [file, args] = on(0, commandOn(port))
  const child = spawn(file, args, { cwd: folder, stdio: 'ignore' })
  await pause(1500)
  return { port, pid: child.pid ?? 0, stop: () => void child.kill() } satisfies Server
}

export type Asked = {
  /** The request, in the folder. */
  readonly request: string
  readonly mode: 'keep' | 'close'
  /** What every answer must have in it, in hex. */
  readonly needles: readonly string[]
}

export type Figure = {
  readonly per_second: number
  /** Microseconds of the server's own processor time for one answer; null where the system does not say. */
  readonly each: number | null
}

const once = async (folder: string, { port, pid }: Server, asked: Asked): Promise<Figure> => {
  const client = join(import.meta.dirname, 'client.ts')
  const about = [String(port), '2', asked.mode, asked.request, ...asked.needles]
  const before = spentBy(pid)
  const [file, args] = on(1, [process.execPath, client, ...about])
  const { stdout } = await run(file, args, { cwd: folder })
  const { answers, faults, seconds }: Rate = JSON.parse(stdout)
  if (faults > 0 || answers === 0) throw new Error(`${faults} wrong answers beside ${answers} right ones`)
  const after = spentBy(pid)
  const each = before === null || after === null ? null : ((after - before) * 1e6) / answers
  return { per_second: answers / seconds, each }
}

/** The best of three rounds in which all servers take turns: what disturbs one disturbs all. */
export const figuresOf = async <Name extends string>(
  folder: string,
  servers: Readonly<Record<Name, Server>>,
  asked: Asked,
): Promise<Readonly<Record<Name, Figure>>> => {
  const best = {} as Record<Name, Figure>
  for (let round = 0; round < 3; round += 1)
    for (const name of Object.keys(servers) as Name[]) {
      const figure = await once(folder, servers[name], asked)
      if (!(name in best) || figure.per_second > best[name].per_second) best[name] = figure
    }
  return best
}

export const pinned = pins
