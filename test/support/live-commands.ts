import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stack } from './stack.ts'

const root = join(import.meta.dirname, '../..')

const hasJq = spawnSync('jq', ['--version']).status === 0

const blocksIn = (text: string): readonly string[] =>
  [...text.matchAll(/^ *```bash\n(.*?)```/gms)].map(([, commands]) => commands ?? '')

/** The blocks of commands of a page, in their order. */
export const commandsOf = (page: string): readonly string[] =>
  blocksIn(readFileSync(join(root, page), 'utf8'))

/** The blocks of commands below a heading of a page, its title among them, in their order. */
export function commandsUnder(page: string, heading: string): readonly string[] {
  const sections = readFileSync(join(root, page), 'utf8').split(/^(?=#+ )/m)
  const found = sections.find((text) => text.split('\n')[0]?.endsWith(`# ${heading}`))
  if (found === undefined) throw new Error(`${page} has no heading ${heading}`)
  return blocksIn(found)
}

/**
 * What a command of the documentation prints, with the host and the keys of
 * this stack, in a folder; `known` has what stands in its place for what the
 * page merely names.
 */
export const runIn = async (
  folder: string,
  command: string,
  known: Readonly<Record<string, string>>,
): Promise<string> => {
  const named = Object.entries(known).reduce((text, [from, to]) => text.replaceAll(from, to), command)
  const rooted = named.replaceAll('npm run verify-receipt --', `node ${root}/scripts/verify-receipt.ts`)
  const written = hasJq ? rooted : rooted.replaceAll(/ \| jq.*$/gm, '')
  const { alice, bob, dave } = stack.principals
  const keys = {
    API: stack.api_url,
    API_KEY: alice.api_key,
    APPROVER_API_KEY: bob.api_key,
    AUDITOR_API_KEY: dave.api_key,
  }
  const options = { cwd: folder, env: { ...process.env, ...keys } }
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', written], options)
  return stdout
}
