import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { lastWords } from './command.ts'
import { region, withoutAws } from './environment.ts'
import { Trouble } from './trouble.ts'

export type Emulator = { readonly url: string; readonly stop: () => Promise<void> }

type Place = {
  readonly executable: string
  readonly port: number
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
}

/** Starts the emulator as the leader of a process group, so that its Lambda processes end with it. */
export async function startEmulator({ executable, port, folder, environment }: Place): Promise<Emulator> {
  const url = `http://localhost:${port}`
  const log = join(folder, 'logs', 'emulator.log')
  const scratch = mkdtempSync(join(tmpdir(), 'countersign-emulator-'))
  mkdirSync(join(folder, 'logs'), { recursive: true })
  const output = openSync(log, 'w')
  const child = spawn(executable, [], {
    detached: true,
    stdio: ['ignore', output, output],
    env: {
      ...withoutAws(),
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_REGION: region,
      MINISTACK_WORKER_THREADS: '256',
      // Listeners that nothing here uses, on ports of their own.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      TMPDIR: scratch,
      ...environment,
    },
  })
  closeSync(output)
  const stop = async () => {
    await endGroup(child)
    rmSync(scratch, { recursive: true, force: true })
  }
  // Whatever happens to this process, the group must not outlive it.
  const last = () => {
    killGroup(child, 'SIGKILL')
    rmSync(scratch, { recursive: true, force: true })
  }
  process.once('exit', last)
  try {
    await untilHealthy(url, () => diedOf(child, log))
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    stop: async () => {
      await stop()
      process.off('exit', last)
    },
  }
}

/** An emulator that somebody else runs: it must answer, and is left running. */
export async function foreignEmulator(url: string): Promise<Emulator> {
  if (!(await isHealthy(url))) throw new Trouble(`no emulator answers at ${url}`)
  return { url, stop: async () => {} }
}

async function untilHealthy(url: string, died: () => string | null): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const cause = died()
    if (cause !== null) throw new Trouble(`the emulator did not start: ${cause}`)
    if (await isHealthy(url)) return
    await pause(100)
  }
  throw new Trouble(`the emulator did not answer at ${url} within 30 s`)
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/_localstack/health`, { signal: AbortSignal.timeout(2000) })
    return response.ok
  } catch {
    return false
  }
}

function diedOf(child: ChildProcess, log: string): string | null {
  if (child.exitCode === null && child.signalCode === null) return null
  return lastWords(readFileSync(log, 'utf8'))
}

async function endGroup(child: ChildProcess): Promise<void> {
  killGroup(child, 'SIGTERM')
  for (let attempt = 0; attempt < 30 && groupLives(child); attempt++) await pause(100)
  killGroup(child, 'SIGKILL')
}

function groupLives(child: ChildProcess): boolean {
  return killGroup(child, 0)
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false
  try {
    return process.kill(-child.pid, signal)
  } catch {
    return false
  }
}
