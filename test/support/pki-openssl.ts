import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type Files = Readonly<Record<string, string | Uint8Array>>

export type Outcome = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

const inDirectory = <T>(files: Files, run: (directory: string) => T): T => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-pki-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
    return run(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const runIn = (directory: string, args: readonly string[]): Outcome =>
  spawnSync('openssl', args, { cwd: directory, encoding: 'utf8', timeout: 20_000 })

/** Runs the OpenSSL command line in a directory of its own that holds these files. */
export const openssl = (files: Files, ...args: readonly string[]): Outcome =>
  inDirectory(files, (directory) => runIn(directory, args))

/** As `openssl`, for commands that write a file: its octets. */
export const opensslOutput = (files: Files, output: string, ...args: readonly string[]): Uint8Array =>
  inDirectory(files, (directory) => {
    const { status, stderr } = runIn(directory, args)
    if (status !== 0) throw new Error(stderr)
    return new Uint8Array(readFileSync(join(directory, output)))
  })
