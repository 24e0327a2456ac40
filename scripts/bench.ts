import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './local/folders.ts'
import { runForeground } from './local/foreground.ts'

const folder = join(repository, 'scripts/bench')

/** Runs every benchmark of `scripts/bench`, or those that are named. Each prints figures beside a peer or a floor. */
async function main(names: readonly string[]): Promise<number> {
  const there = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace(/\.ts$/, ''))
    .sort()
  const unknown = names.filter((name) => !there.includes(name))
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${there.join(', ')}`)
    return 2
  }
  let code = 0
  for (const name of names.length > 0 ? names : there) {
    console.log(`\n── ${name}`)
    code ||= await runForeground(process.execPath, [join(folder, `${name}.ts`)], repository)
  }
  return code
}

process.exitCode = await main(process.argv.slice(2))
