import * as z from 'zod'
import { csrFor } from '../../test/support/world.ts'
import type { Metered } from './meter.ts'
import { type MeteredWorld, makeMeteredWorld } from './metered-world.ts'

const made = z.looseObject({
  certificate: z.looseObject({ id: z.string() }),
  approval: z.looseObject({ id: z.string() }).nullable(),
})

/** One certificate from the request to its chain in the hands of whoever asked: two requests, and two more where somebody looks and approves. */
async function issue({ ask, settle }: MeteredWorld, profile_id: string): Promise<void> {
  const body = { profile_id, csr: csrFor('www.example.com') }
  const answer = await ask('alice', 'api-submit', ['POST', '/certificates', body])
  const { certificate, approval } = made.parse(JSON.parse(answer))
  await settle()
  if (approval !== null) {
    await ask('bob', 'api-read', ['GET', `/approvals/${approval.id}`])
    await ask('bob', 'api-decide', ['POST', `/approvals/${approval.id}/approve`, {}])
    await settle()
  }
  await ask('alice', 'api-read', ['GET', `/certificates/${certificate.id}/chain.pem`])
}

/** A warm deployment: each credential was used within the hour, so that its use is not noted again. */
async function warmWorld(): Promise<MeteredWorld> {
  const metered = await makeMeteredWorld()
  await issue(metered, 'p-prod-web')
  metered.meter.read()
  return metered
}

/** What one certificate uses, of a profile that needs nobody else and of one that one other person approves. */
export async function meterIssuances(): Promise<{ readonly ungated: Metered; readonly gated: Metered }> {
  const metered = await warmWorld()
  await issue(metered, 'p-dev-web')
  const ungated = metered.meter.read()
  await issue(metered, 'p-prod-web')
  return { ungated, gated: metered.meter.read() }
}

/** What time alone uses: a sweep, a look at what is due, a refresh with nothing to do, and two half days of lists, the second with responders. */
export async function meterIdle() {
  const metered = await warmWorld()
  const { meter, idle, settle, world } = metered
  const read = async (act: () => Promise<unknown>): Promise<Metered> => {
    await act()
    await settle()
    return meter.read()
  }
  /** The second of two, a minute apart: the first catches up. */
  const sweep = async (act: () => Promise<unknown>): Promise<Metered> => {
    await read(act)
    world.pass(60)
    return read(act)
  }
  await read(idle.refresh)
  const [tend, renew] = [await sweep(idle.tend), await sweep(idle.renew)]
  world.pass(86_400 / 2 + 60)
  const lists = await read(idle.refresh)
  world.pass(86_400 / 2 + 60)
  const lists_and_responders = await read(idle.refresh)
  return {
    tend,
    renew,
    refresh: await read(idle.refresh),
    lists,
    lists_and_responders,
  }
}
