import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { binary, repository } from './local/folders.ts'
import { lintTemplates } from './local/lint-templates.ts'
import { progressTo } from './local/progress.ts'

/*
 * npm run lint-templates: synthesizes dev and prod as for AWS, which holds them
 * against AWS Solutions and against AWS's own schemas, and lints the templates.
 */
const folder = mkdtempSync(join(tmpdir(), 'countersign-templates-'))
try {
  const files = ['dev', 'prod'].flatMap((stage) => {
    const output = join(folder, stage)
    const args = ['synth', '--quiet', '--output', output, '-c', `stage=${stage}`]
    const { status } = spawnSync(binary('cdk'), args, { cwd: repository, stdio: 'inherit' })
    if (status !== 0) throw new Error(`cdk synth of ${stage} failed`)
    return readdirSync(output)
      .filter((name) => name.endsWith('.template.json'))
      .map((name) => join(output, name))
  })
  const said = await lintTemplates(files, progressTo(process.stdout))
  console.log(said === '' ? `✓ ${files.length} templates` : said)
  process.exitCode = said === '' ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
