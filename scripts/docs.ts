import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withTables } from './docs/api-reference.ts'
import { openApiText } from './docs/openapi.ts'
import { withPermissions } from './docs/permission-table.ts'
import { writeTypes } from './docs/types.ts'
import { repository } from './local/folders.ts'

/** Makes what is generated of the documentation anew: `npm run docs`. */
function main(): void {
  const reference = join(repository, 'docs/reference/api.md')
  const security = join(repository, 'docs/operator/security.md')
  writeFileSync(join(repository, 'docs/openapi.json'), openApiText())
  writeFileSync(reference, withTables(readFileSync(reference, 'utf8')))
  writeFileSync(security, withPermissions(readFileSync(security, 'utf8')))
  writeTypes(join(repository, 'docs/openapi.json'), join(repository, 'test/support/api-types.ts'))
}

main()
