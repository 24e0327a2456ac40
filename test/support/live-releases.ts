import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '../../scripts/local/folders.ts'

/** What is other code in every function, and another workflow for what is asked from then on. */
const changes = [
  ['infra/bundle.ts', 'minify: true,', "minify: true, banner: { js: '/* the release after */' },"],
  ['infra/approval-definition.ts', "Comment: 'Waits for", "Comment: 'The release after: waits for"],
] as const

/** A checkout of the release after this one, in a folder. */
export function nextRelease(folder: string): void {
  for (const part of ['functions', 'infra', 'lib', 'cdk.json', 'package.json', 'tsconfig.json'])
    cpSync(join(repository, part), join(folder, part), { recursive: true })
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
  for (const [file, from, to] of changes) {
    const path = join(folder, file)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
    writeFileSync(path, text.replace(from, to))
  }
}
