import { inject } from 'vitest'
import { accessTo } from '../../scripts/local/access.ts'
import { type Api, apiFor } from '../../scripts/local/api.ts'
import { clientsFor } from '../../scripts/local/clients.ts'
import type { Name } from '../../scripts/local/seed.ts'

/** The deployed stack that this run of the tests shares. */
export const stack = inject('stack')

/** Where the stack's AWS is, for ports of the product in the test's own process. */
export const access = accessTo(stack.emulator_url)

export const clients = clientsFor(stack.emulator_url)

/** The HTTP API as one of the seeded principals. */
export function as(name: Name): Api {
  return apiFor(stack.api_url, stack.principals[name].api_key)
}
