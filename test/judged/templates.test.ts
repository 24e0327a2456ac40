import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { lintTemplates } from '../../scripts/local/lint-templates.ts'
import { progressTo } from '../../scripts/local/progress.ts'
import { provisionedTable } from '../support/provisioned-table.ts'
import { synthesize } from '../support/stack-templates.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-templates-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each([
  ['a production stage', {}],
  ['one with provisioned capacity', { table: JSON.stringify(provisionedTable) }],
])(
  'cfn-lint has nothing to say of the templates of %s',
  async (_, context) => {
    const { data, service } = synthesize('prod', context)
    const files = Object.entries({ data, service }).map(([name, template]) => {
      const file = join(folder, `${name}.json`)
      writeFileSync(file, JSON.stringify(template.toJSON()))
      return file
    })
    expect(await lintTemplates(files, progressTo(process.stderr))).toBe('')
  },
  300_000,
)

it('cfn-lint says what is wrong with a template that is', async () => {
  const file = join(folder, 'wrong.json')
  const queue = { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 'for ever' } }
  writeFileSync(file, JSON.stringify({ Resources: { Queue: queue } }))
  expect(await lintTemplates([file], progressTo(process.stderr))).toMatch(
    /^E\d+.*VisibilityTimeout|'for ever'/m,
  )
}, 300_000)
