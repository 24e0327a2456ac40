import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

/**
 * openapi-typescript wants the API of TypeScript 5, and this repository has
 * TypeScript 7: it runs in a place of its own, at versions that are pinned.
 */
const generator = [
  '--yes',
  '-p',
  'openapi-typescript@7.13.0',
  '-p',
  'typescript@5.9.3',
  '--',
  'openapi-typescript',
]

export const stampOf = (document: string): string =>
  `// Of docs/openapi.json with SHA-256 ${createHash('sha256').update(document).digest('hex')}; see npm run docs.`

export function writeTypes(document: string, target: string): void {
  const types = execFileSync('npx', [...generator, document], { encoding: 'utf8' })
  writeFileSync(target, `${stampOf(readFileSync(document, 'utf8'))}\n${types}`)
}
