import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** An import that a folder has no business with: each of these would undo the layering. */
const violations = [
  ['lib/model', '../aws/jobs.ts'],
  ['lib/model', '../pki/csr.ts'],
  ['lib/model', '@aws-sdk/client-kms'],
  ['lib/pki', '../flows/submit.ts'],
  ['lib/pki', 'pkijs'],
  ['lib/ports', '../aws/jobs.ts'],
  ['lib/ports', '@aws-sdk/client-kms'],
  ['lib/flows', '../aws/jobs.ts'],
  ['lib/flows', '../http/routes.ts'],
  ['lib/flows', '@aws-sdk/client-kms'],
  ['lib/aws', '../flows/submit.ts'],
  ['lib/aws', '@aws-sdk/client-kms'],
  ['lib/aws', 'node:http'],
  ['lib/http', '../flows/submit.ts'],
  ['lib/http', '../aws/jobs.ts'],
  ['lib/http/operations', '../routes.ts'],
  ['lib/http/operations', '../../flows/submit.ts'],
  ['lib/api', '../aws/jobs.ts'],
  ['lib/oidc', '../flows/submit.ts'],
  ['lib/oidc', '../aws/jobs.ts'],
  ['lib/webhooks', '../flows/submit.ts'],
  ['lib/webhooks', '../aws/jobs.ts'],
  ['lib/flows', 'node:https'],
  ['lib/aws', 'node:https'],
  ['lib/lambda', '../aws/jobs.ts'],
  ['lib/lambda', '../flows/submit.ts'],
  ['functions/api', '../../infra/access.ts'],
  ['functions/api', '@aws-sdk/client-kms'],
  ['infra', '../lib/flows/submit.ts'],
  ['infra', '../scripts/start.ts'],
] as const

const permitted = [
  ['lib/model', './time.ts'],
  ['lib/ports', '../model/job.ts'],
  ['lib/flows', '../pki/csr.ts'],
  ['lib/http/operations', '../../model/time.ts'],
  ['lib/aws', '@aws-sdk/util-dynamodb'],
  ['functions/api', '../../lib/aws/jobs.ts'],
] as const

const planted = (index: number): string => `planted-${index}.ts`

/** Lints one file for each import, all in one run of Biome under our own configuration. */
const lintAll = (tree: string): string => {
  const { vcs: _, $schema: __, ...rules } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
  writeFileSync(join(tree, 'biome.json'), JSON.stringify({ ...rules, root: true }))
  for (const [index, [folder, imported]] of [...violations, ...permitted].entries()) {
    mkdirSync(join(tree, folder), { recursive: true })
    writeFileSync(join(tree, folder, planted(index)), `import { x } from '${imported}'\n\nx()\n`)
  }
  const biome = join(root, 'node_modules/.bin/biome')
  const { stdout, stderr } = spawnSync(biome, ['lint', '--colors=off', '--max-diagnostics=none', '.'], {
    cwd: tree,
    encoding: 'utf8',
  })
  return stdout + stderr
}

describe('the import rules', () => {
  const tree = mkdtempSync(join(tmpdir(), 'countersign-imports-'))
  let report = ''
  beforeAll(() => {
    report = lintAll(tree)
  })
  afterAll(() => rmSync(tree, { recursive: true, force: true }))

  const refused = (folder: string, index: number): boolean =>
    new RegExp(`${folder}/${planted(index)}:\\d+:\\d+ lint/style/noRestrictedImports`).test(report)

  it.each(violations.map(([folder, imported], index) => [folder, imported, index] as const))(
    'refuse that %s imports %s',
    (folder, _imported, index) => expect(refused(folder, index)).toBe(true),
  )

  it.each(permitted.map(([folder, imported], index) => [folder, imported, index] as const))(
    'allow that %s imports %s',
    (folder, _imported, index) => expect(refused(folder, violations.length + index)).toBe(false),
  )
})
