import { inject } from 'vitest'
import { type Api, apiFor } from '../../scripts/local/api.ts'
import { clientsFor } from '../../scripts/local/clients.ts'
import type { Name } from '../../scripts/local/seed.ts'

/** The deployed stack that this run of the tests shares. */
export const stack = inject('stack')

export const clients = clientsFor(stack.emulator_url)

/** The HTTP API as one of the seeded principals. */
export function as(name: Name): Api {
  return apiFor(stack.api_url, stack.principals[name].api_key)
}
