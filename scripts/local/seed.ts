import { randomBytes } from 'node:crypto'
import type { AwsAccess } from '../../lib/aws/aws-call.ts'
import { principals } from '../../lib/aws/principals.ts'
import { tableClient } from '../../lib/aws/table-client.ts'
import { createApiKey } from '../../lib/flows/create-api-key.ts'
import { createPrincipal } from '../../lib/flows/create-principal.ts'
import type { Role } from '../../lib/model/principal.ts'
import { Refusal } from '../../lib/model/refusal.ts'

const cast = {
  alice: ['operator'],
  bob: ['approver'],
  carol: ['admin'],
  dave: ['auditor'],
} as const satisfies Record<string, readonly Role[]>

export type Name = keyof typeof cast

export type Person = { readonly id: string; readonly api_key: string; readonly roles: readonly Role[] }

export type People = Readonly<Record<Name, Person>>

const actor = { id: 'system-setup', type: 'System' } as const

/** The first principals and their keys, made the way every principal is made. */
export async function seedPeople(access: AwsAccess, table: string): Promise<People> {
  const deps = {
    principals: principals(tableClient(table, access)),
    now: () => new Date(),
    random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
  }
  const seed = async (name: Name): Promise<Person> => {
    const id = `pr-${name}`
    const roles = [...cast[name]]
    try {
      await createPrincipal(deps, actor, { id, kind: 'person', name, email: `${name}@example.com`, roles })
    } catch (error) {
      // Already there, from an earlier start against the same emulator: a further key will do.
      if (!(error instanceof Refusal && error.code === 'already_exists')) throw error
    }
    const { token } = await createApiKey(deps, actor, { principal_id: id, expires_at: null })
    return { id, api_key: token, roles }
  }
  return {
    alice: await seed('alice'),
    bob: await seed('bob'),
    carol: await seed('carol'),
    dave: await seed('dave'),
  }
}
