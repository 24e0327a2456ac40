import { functionIds, rowOf } from '../../infra/access.ts'
import type { Grant } from '../../infra/grants.ts'

const started = '<!-- generated: permissions -->'
const ended = '<!-- /generated -->'

/** Kinds of partition keys, without the pattern around them. */
const kinds = ({ keys }: Grant): string =>
  keys === undefined ? '' : ` (${keys.map((key) => key.replace('#*', '')).join(', ')})`

const bare = (action: string): string => action.replace(/^[a-z0-9-]+:/, '')

/** Grants on one thing, told together. */
function lineOf(on: string, grants: readonly Grant[]): string {
  const service = grants[0]?.actions[0]?.replace(/:.*$/, '') ?? ''
  const said = grants.map((grant) => `${grant.actions.map(bare).join(', ')}${kinds(grant)}`)
  return `\`${on}\` ${service}: ${said.join('; ')}`
}

function grantsOf(may: readonly Grant[]): string {
  const on = [...new Set(may.map((grant) => grant.on))]
  return on
    .map((name) =>
      lineOf(
        name,
        may.filter((grant) => grant.on === name),
      ),
    )
    .join('<br>')
}

function table(): string {
  const rows = functionIds.map((id) => `| \`${id}\` | ${rowOf(id).purpose} | ${grantsOf(rowOf(id).may)} |`)
  return ['| function | purpose | may |', '|---|---|---|', ...rows].join('\n')
}

/** A page with the permissions of every function between its marks, made of infra/access.ts. */
export function withPermissions(page: string): string {
  const [before, after] = [page.indexOf(started), page.indexOf(ended)]
  if (before === -1 || after === -1) throw new Error(`the page has no ${started}`)
  return `${page.slice(0, before)}${started}\n${table()}\n${page.slice(after)}`
}
