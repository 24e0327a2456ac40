import { describe, expect, it } from 'vitest'
import { keyUses } from '../../../lib/aws/key-uses.ts'
import { reconcileKeyUse } from '../../../lib/flows/reconcile-key-use.ts'
import { trailFunction } from '../../../lib/lambda/trail.ts'
import { eventsIn } from '../../support/events.ts'
import { signEvent } from '../../support/trail.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

const signer = 'arn:aws:iam::111122223333:role/countersign-prod-us-east-1-worker-kms'
const ca_keys = {
  root: 'arn:aws:kms:us-east-1:111122223333:key/root',
  issuing: 'arn:aws:kms:us-east-1:111122223333:key/issuing',
} as const

const isNamed = (key: string): key is keyof typeof ca_keys => Object.hasOwn(ca_keys, key)

const watcherOf = (world: World) => {
  const deps = {
    uses: keyUses(world.table),
    ca_keys,
    signers: [signer],
    now: world.kms.now,
  }
  return trailFunction((use) => reconcileKeyUse(deps, use))
}

const reported = async (world: World) => (await eventsIn(world, { action: 'key_use_unmatched' })).rows

/** What CloudTrail would tell of everything that was signed in this world. */
const told = (world: World) =>
  world.keyUses.map(({ key, event_id, time }, index) =>
    signEvent({
      key_arn: isNamed(key) ? ca_keys[key] : '',
      role_arn: signer,
      event_id,
      time,
      request_id: `request-${index}`,
    }),
  )

describe('every use of a CA key', () => {
  it('has its event on record: ceremony, leaves, lists and responders, told twice or in any order', async () => {
    const world = await makeFurnishedWorld()
    const { certificate_id } = await world.made()
    await world.call('alice', 'revokeCertificate', { id: certificate_id, body: { reason: 'superseded' } })
    await world.drain()
    const watch = watcherOf(world)
    const all = told(world)
    expect(all.length).toBeGreaterThanOrEqual(5)
    for (const event of [...all, ...all.toReversed()]) expect(await watch(event)).toBe('matched')
    expect(await reported(world)).toEqual([])
  })

  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['by somebody else', { role_arn: 'arn:aws:iam::111122223333:role/Admin' }, /no signer/],
    ['that names no event', { event_id: null }, /does not say which event/],
    ['that names an event that is not there', { event_id: 'ev-job-0000000000-7' }, /no such event/],
    ['that names what is no id', { event_id: 'ev-../../x' }, /does not say which event/],
    ['of another key than the issuer has', { key_arn: ca_keys.root }, /not the key of that issuer/],
    ['before its event', { time: '2020-01-01T00:00:00Z' }, /before its event/],
    ['long after its event', { time: '2099-01-01T00:00:00Z' }, /long after/],
    ['that KMS denied', { error: 'AccessDeniedException' }, /turned somebody away/],
  ]

  it.each(cases)('%s is reported, once however often it is told', async (_, change, reason) => {
    const world = await makeFurnishedWorld()
    await world.made()
    const watch = watcherOf(world)
    const use = world.keyUses.at(-1)
    const event = signEvent({
      key_arn: ca_keys.issuing,
      role_arn: signer,
      event_id: use?.event_id ?? '',
      time: use?.time ?? '',
      request_id: 'request-rogue',
      ...change,
    })
    expect(await watch(event)).toBe('unmatched')
    expect(await watch(event)).toBe('unmatched')
    const [found, ...others] = await reported(world)
    expect(others).toEqual([])
    expect(found?.details.reason).toMatch(reason)
    expect(found?.details.request_id).toBe('request-rogue')
  })

  it('that hides behind the event of a real one is reported: an event is good for one signature', async () => {
    const world = await makeFurnishedWorld()
    await world.made()
    const watch = watcherOf(world)
    const event = told(world).at(-1)
    expect(await watch(event)).toBe('matched')
    const second = { ...event, detail: { ...event?.detail, requestID: 'request-second' } }
    expect(await watch(second)).toBe('unmatched')
    expect((await reported(world))[0]?.details.reason).toMatch(/used 2 times for one event/)
  })

  it('after an event that calls for no signature is reported', async () => {
    const world = await makeFurnishedWorld()
    const { job_id } = await world.made()
    const { events } = await world.jobOf(job_id)
    const issued = events.find(({ type }) => type === 'certificate_issued')
    const use = {
      key_arn: ca_keys.issuing,
      role_arn: signer,
      event_id: issued?.id ?? '',
      time: issued?.time ?? '',
      request_id: 'request-other',
    }
    expect(await watcherOf(world)(signEvent(use))).toBe('unmatched')
  })

  it('that KMS turned away for being too many is none: it was made again', async () => {
    const world = await makeFurnishedWorld()
    const use = { key_arn: ca_keys.root, role_arn: signer, event_id: null, time: '2026-01-01T00:00:00Z' }
    const event = signEvent({ ...use, request_id: 'request-1', error: 'ThrottlingException' })
    expect(await watcherOf(world)(event)).toBe('no_use')
  })

  it('that cannot be read is a fault, for EventBridge to deliver again', async () => {
    const world = await makeFurnishedWorld()
    await expect(watcherOf(world)({ detail: { eventName: 'Sign' } })).rejects.toThrow()
  })
})
