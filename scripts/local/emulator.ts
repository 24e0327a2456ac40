import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import * as z from 'zod'
import { lastWords } from './command.ts'
import { region, withoutAws } from './environment.ts'
import { Trouble } from './trouble.ts'

export type Emulator = { readonly url: string; readonly stop: () => Promise<void> }

/**
 * How an emulator ends, and every function where it is: `orderly`, and it writes
 * its state down if it was told where; `killed`, and what it wrote down at its last
 * orderly end is left; `lost`, and nothing is left at all.
 */
export const endings = ['orderly', 'killed', 'lost'] as const

export type Ending = (typeof endings)[number]

/** An emulator that was started here and can be again, on its port. */
export type OwnEmulator = Emulator & {
  /** Ends it, and starts it on what that left. */
  readonly restart: (how: Ending) => Promise<void>
}

type Place = {
  readonly executable: string
  readonly port: number
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
}

/** Starts the emulator as the leader of a process group, so that its Lambda processes end with it. */
export async function startEmulator(place: Place): Promise<OwnEmulator> {
  const url = `http://localhost:${place.port}`
  const scratch = mkdtempSync(join(tmpdir(), 'countersign-emulator-'))
  mkdirSync(join(place.folder, 'logs'), { recursive: true })
  let child = launch(place, scratch, 'w')
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
  const healthy = () => untilHealthy(url, () => diedOf(child, logOf(place)))
  try {
    await healthy()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    restart: async (how) => {
      if (how === 'orderly') await endOrderly(child)
      else await endAtOnce(child)
      const { STATE_DIR } = place.environment
      if (how === 'lost' && STATE_DIR !== undefined) rmSync(STATE_DIR, { recursive: true, force: true })
      else forgetStreamPositions(STATE_DIR)
      child = launch(place, scratch, 'a')
      await healthy()
    },
    stop: async () => {
      await stop()
      process.off('exit', last)
    },
  }
}

const logOf = ({ folder }: Place): string => join(folder, 'logs', 'emulator.log')

function launch(place: Place, scratch: string, log: 'w' | 'a'): ChildProcess {
  const output = openSync(logOf(place), log)
  const child = spawn(place.executable, [], {
    detached: true,
    stdio: ['ignore', output, output],
    env: {
      ...withoutAws(),
      GATEWAY_PORT: String(place.port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_REGION: region,
      MINISTACK_WORKER_THREADS: '256',
      // Listeners that nothing here uses, on ports of their own.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      TMPDIR: scratch,
      ...place.environment,
    },
  })
  closeSync(output)
  return child
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

/** Long enough to write down everything that it keeps. */
const orderlySeconds = 60

/** The emulator alone is asked to end, and keeps its state; whatever functions do meanwhile, nobody waits for them. */
async function endOrderly(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  await Promise.race([ended, pause(orderlySeconds * 1000, null, { ref: false })])
  killGroup(child, 'SIGKILL')
}

async function endAtOnce(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  killGroup(child, 'SIGKILL')
  await ended
}

/**
 * The emulator keeps how far a stream was read and not what is in it, so it would
 * pass over as many new records. It reads what it has from the beginning instead.
 */
function forgetStreamPositions(state_folder: string | undefined): void {
  if (state_folder === undefined) return
  const file = join(state_folder, 'lambda.json')
  const state = kept.parse(JSON.parse(readFileSync(file, 'utf8')))
  const { dynamodb_stream_positions: _, ...payload } = state.payload
  writeFileSync(file, JSON.stringify({ ...state, payload }))
}

const kept = z.looseObject({ payload: z.looseObject({}) })

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
