import { accessTo } from './access.ts'
import { apiFor } from './api.ts'
import {
  createIssuer,
  createProfile,
  importAuthority,
  issuers,
  type Pair,
  privateProfile,
  profiles,
} from './ceremony.ts'
import { type Clients, clientsFor } from './clients.ts'
import type { Progress } from './progress.ts'
import { type People, seedPeople } from './seed.ts'
import { bringUp, type Stack, type StackOptions } from './stack.ts'

export type World = { readonly stack: Stack; readonly people: People; readonly clients: Clients }

/** A running stack with people, CAs and profiles in it: what `npm start` and the tests begin with. */
export async function makeWorld(options: StackOptions, progress: Progress): Promise<World> {
  const stack = await bringUp(options, progress)
  try {
    const clients = clientsFor(stack.emulator_url)
    progress.heading('Ceremony')
    const people = await progress.step('alice, bob, carol and dave, each with a key', () =>
      seedPeople(accessTo(stack.emulator_url), stack.outputs.TableName),
    )
    const pair: Pair = {
      admin: apiFor(stack.api_url, people.carol.api_key),
      approver: apiFor(stack.api_url, people.bob.api_key),
    }
    for (const issuer of issuers)
      await progress.step(`${issuer.id}: asked by carol, approved by bob`, () => createIssuer(pair, issuer))
    for (const profile of profiles)
      await progress.step(`${profile.id}: ${profile.requires_approval ? 'gated' : 'not gated'}`, () =>
        createProfile(pair, profile),
      )
    const { authority } = stack
    if (authority !== null) {
      await progress.step('iss-private: AWS Private CA, by moto', () => importAuthority(pair, authority))
      await progress.step('p-private-web: not gated', () => createProfile(pair, privateProfile))
    }
    return { stack, people, clients }
  } catch (error) {
    await stack.stop()
    throw error
  }
}
