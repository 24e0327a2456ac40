import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withPermissions } from '../../scripts/docs/permission-table.ts'

const page = readFileSync(new URL('../../docs/operator/security.md', import.meta.url), 'utf8')

it('docs/operator/security.md says what infra/access.ts says (npm run docs)', () => {
  expect(withPermissions(page)).toBe(page)
})
