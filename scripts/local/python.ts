import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { localFolder } from './folders.ts'
import type { Progress } from './progress.ts'
import { Trouble } from './trouble.ts'

type Wanted = {
  /** Folder of the venv below `.local`. */
  readonly venv: string
  /** Pinned requirements, beside this file. */
  readonly requirements: string
  readonly name: string
}

/** The `bin` of a venv of its own with these requirements, made where that is not done yet. */
export async function pythonEnvironment(wanted: Wanted, progress: Progress): Promise<string> {
  const requirements = join(import.meta.dirname, wanted.requirements)
  const venv = join(localFolder, wanted.venv)
  if (!isCurrent(venv, requirements))
    await progress.step(`${wanted.name} installed (pip)`, () => install(venv, requirements, wanted.name))
  return join(venv, 'bin')
}

const markOf = (venv: string): string => join(venv, 'installed.txt')

function isCurrent(venv: string, requirements: string): boolean {
  const mark = markOf(venv)
  return existsSync(mark) && readFileSync(mark, 'utf8') === readFileSync(requirements, 'utf8')
}

async function install(venv: string, requirements: string, name: string): Promise<void> {
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
    args: ['-m', 'pip', 'install', '--disable-pip-version-check', '--requirement', requirements],
    log,
    failure: `pip install of the ${name} failed`,
  })
  copyFileSync(requirements, markOf(venv))
}

function findPython(): string {
  const check = 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else 1)'
  const found = ['python3', 'python'].find((name) => spawnSync(name, ['-c', check]).status === 0)
  if (found === undefined) throw new Trouble('Python 3.10 or newer is needed (python3 is missing or older)')
  return found
}
