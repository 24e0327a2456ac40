import type * as z from 'zod'
import { problemCodes } from '../../lib/http/problem.ts'
import { routes } from '../../lib/http/routes.ts'
import { eventTypes } from '../../lib/model/event.ts'
import { may, permissions } from '../../lib/model/permissions.ts'
import { roles } from '../../lib/model/principal.ts'

type Row = (typeof routes)[number]

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const heardBy = ({ permission }: Row): string => {
  if (permission === null) return 'anybody'
  const held = roles.filter((role) => may({ roles: [role] }, permission))
  return held.length === roles.length ? 'every role' : held.join(', ')
}

const filtersOf = ({ query }: Row): string =>
  Object.keys(query.shape as Record<string, z.ZodType>)
    .map((name) => `\`${name}\``)
    .join(', ')

const operations = (): string =>
  table(
    ['operation', '', 'who is heard', 'query', 'answer'],
    routes.map((row) => [
      `\`${row.method} ${row.path.replace('/api/v1', '')}\``,
      row.summary,
      heardBy(row),
      filtersOf(row),
      String(row.status),
    ]),
  )

const problems = (): string =>
  table(
    ['code', 'status', 'meaning'],
    problemCodes.map(({ code, status, title }) => [`\`${code}\``, String(status), title]),
  )

const rights = (): string =>
  table(
    ['role', ...permissions],
    roles.map((role) => [
      role,
      ...permissions.map((permission) => (may({ roles: [role] }, permission) ? '✓' : '')),
    ]),
  )

const events = (): string => eventTypes.map((type) => `\`${type}\``).join(', ')

const parts: Readonly<Record<string, () => string>> = { operations, problems, rights, events }

/** A page with the text between its `generated` marks made anew. */
export const withTables = (page: string): string =>
  page.replace(
    /<!-- generated: (\w+) -->[\s\S]*?<!-- \/generated -->/g,
    (_, name: string) => `<!-- generated: ${name} -->\n${parts[name]?.() ?? ''}\n<!-- /generated -->`,
  )
