import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { localFolder } from './folders.ts'
import type { Progress } from './progress.ts'
import { Trouble } from './trouble.ts'

const wanted = join(import.meta.dirname, 'requirements.txt')
const venv = join(localFolder, 'venv')
const installed = join(venv, 'installed.txt')

/** The emulator's executable, installed into a venv of its own where that is not done yet. */
export async function installEmulator(progress: Progress): Promise<string> {
  if (!isCurrent()) await progress.step('emulator installed (pip)', install)
  return join(venv, 'bin', 'ministack')
}

function isCurrent(): boolean {
  return existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(wanted, 'utf8')
}

async function install(): Promise<void> {
  const python = findPython()
  mkdirSync(join(localFolder, 'logs'), { recursive: true })
  const log = join(localFolder, 'logs', 'set-up.log')
  rmSync(venv, { recursive: true, force: true })
  await runCommand({
    command: python,
    args: ['-m', 'venv', venv],
    log,
    failure: 'cannot make a Python venv (on Debian and Ubuntu: apt install python3-venv)',
  })
  await runCommand({
    command: join(venv, 'bin', 'python'),
    args: ['-m', 'pip', 'install', '--disable-pip-version-check', '--requirement', wanted],
    log,
    failure: 'pip install of the emulator failed',
  })
  copyFileSync(wanted, installed)
}

function findPython(): string {
  const check = 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else 1)'
  const found = ['python3', 'python'].find((name) => spawnSync(name, ['-c', check]).status === 0)
  if (found === undefined) throw new Trouble('Python 3.10 or newer is needed (python3 is missing or older)')
  return found
}
