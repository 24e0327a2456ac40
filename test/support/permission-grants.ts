import type { Role, Statement } from './permission-policies.ts'
import type { Call } from './recorded-calls.ts'

/** One right: one action, on one resource, on one kind of key where the policy says which. */
export type Grant = {
  readonly role: string
  readonly action: string
  readonly resource: string
  readonly key: string | null
}

export function grantsOf({ name, statements }: Role): readonly Grant[] {
  return statements
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap((statement) =>
      [statement.Action]
        .flat()
        .flatMap((action) =>
          [statement.Resource ?? '*']
            .flat()
            .flatMap((resource) => keysOf(statement).map((key) => ({ role: name, action, resource, key }))),
        ),
    )
}

function keysOf({ Condition }: Statement): readonly (string | null)[] {
  const keys = Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys']
  return keys === undefined ? [null] : [keys].flat()
}

/** Whether a call needed this right. */
export function uses(call: Omit<Call, 'function'>, { action, resource, key }: Grant): boolean {
  if (call.action !== action || !like(resource, call.resource)) return false
  const leading = [call.context['dynamodb:LeadingKeys'] ?? []].flat()
  return key === null || leading.some((one) => like(key, one))
}

/** As IAM matches: `*` is anything, `?` one character. */
function like(pattern: string, text: string): boolean {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text)
}

export const told = ({ role, action, resource, key }: Grant): string =>
  `${role}: ${action} on ${resource}${key === null ? '' : ` with keys ${key}`}`
