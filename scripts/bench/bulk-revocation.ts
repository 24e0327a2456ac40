import { applyChange } from '../../lib/flows/apply-change.ts'
import { readCrl } from '../../lib/pki/crl-reader.ts'
import { plantCertificates } from '../../test/support/revocable.ts'
import { makeFurnishedWorld } from '../../test/support/world.ts'

/** A hundred thousand certificates revoked at once, on the ports in memory: what matched is what the list has. */
const count = 100_000

async function main(): Promise<boolean> {
  const world = await makeFurnishedWorld()
  plantCertificates(world, { count, issuer_id: 'iss-web', profile_id: 'p-dev-web' })
  const begin = performance.now()
  const body = { selection: { issuer_id: 'iss-web' }, reason: 'cACompromise' }
  const plan = (await world.call('carol', 'planRevocation', { body })).body
  const planned = performance.now()
  const { job } = (await world.call('carol', 'revokeInBulk', { body: { plan: plan.digest } })).body
  await applyChange(world.apply, job.id)
  const revoked = performance.now()
  const before = world.signatures.length
  await world.drain()
  const { progress } = (await world.jobOf(job.id)).job
  const list = readCrl(world.published.get('.well-known/pki/crl/iss-web')?.body ?? new Uint8Array())
  const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(1)} s`
  console.log(
    `matched ${plan.matched} (${seconds(begin, planned)}), revoked ${progress?.changed} (${seconds(planned, revoked)}), listed ${list.count} by ${world.signatures.length - before} signature(s)`,
  )
  return plan.matched === count && progress?.changed === count && list.count === count
}

process.exitCode = (await main()) ? 0 : 1
