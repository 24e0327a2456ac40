import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Outcome = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

/** Runs the OpenSSL command line in a directory of its own that holds these files. */
export function openssl(
  files: Readonly<Record<string, string | Uint8Array>>,
  ...args: readonly string[]
): Outcome {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-pki-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  return spawnSync('openssl', args, { cwd: directory, encoding: 'utf8', timeout: 20_000 })
}
