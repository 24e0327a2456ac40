import { afterEach, describe, expect, it } from 'vitest'
import { listConsumers } from '../../../lib/aws/list-consumers.ts'
import { listPushes } from '../../../lib/aws/list-pushes.ts'
import { publishStatus } from '../../../lib/flows/publish-status.ts'
import { type PushDeps, pushList } from '../../../lib/flows/push-list.ts'
import { pushFunction } from '../../../lib/lambda/push-queue.ts'
import { fitsRolesAnywhere, type PushTarget, pemOctets } from '../../../lib/model/crl-push.ts'
import { wholeOf } from '../../../lib/pki/crl.ts'
import { readCrl } from '../../../lib/pki/crl-reader.ts'
import { decodePem, encodePem } from '../../../lib/pki/pem.ts'
import { startConsumers } from '../../support/list-consumer.ts'
import { plantCertificates } from '../../support/revocable.ts'
import { makeFurnishedWorld, type World } from '../../support/world.ts'

const anchor =
  'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/8f1c2d3e-0000-4000-8000-000000000001'
const store = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:truststore/partners/0123456789abcdef'
const path = '.well-known/pki/crl/iss-web'

const targets: readonly PushTarget[] = [
  { issuer_id: 'iss-web', to: 'roles-anywhere', arn: anchor },
  { issuer_id: 'iss-web', to: 'alb-trust-store', arn: store },
]

type Consumers = Awaited<ReturnType<typeof startConsumers>>

const started: Consumers[] = []
afterEach(async () => {
  for (const consumers of started.splice(0)) await consumers.stop()
})

/** A world whose lists go to both services; load balancers read from a bucket in memory. */
const pushing = async (changes: Partial<PushDeps> = {}) => {
  const world = await makeFurnishedWorld()
  const bucket = new Map<string, string>()
  const consumers = await startConsumers(async (_, key) => bucket.get(key) ?? '', [store])
  started.push(consumers)
  const access = {
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    prefix: 'countersign-test',
    bucket: 'status',
    objects: {
      put: async (key: string, body: Parameters<typeof wholeOf>[0]) => {
        bucket.set(key, Buffer.from(wholeOf(body)).toString())
        return 'published' as const
      },
    },
    endpoints: { roles_anywhere: consumers.url, load_balancing: consumers.url },
  }
  const deps: PushDeps = {
    ...world,
    targets,
    published: { get: async (at) => world.published.get(at)?.body ?? null },
    consumers: listConsumers(access),
    pushes: listPushes(world.table),
    worker: 'worker-push-crl',
    ...changes,
  }
  return { world, consumers, deps, push: () => pushList(deps, path) }
}

const revoke = async (world: World, id: string, reason = 'keyCompromise') => {
  world.pass(1)
  await world.call('alice', 'revokeCertificate', { id, body: { reason } })
  await world.drain()
}

const serialsIn = (pem: string | undefined): readonly string[] =>
  [...readCrl(decodePem(pem ?? '', ['X509 CRL'], 'the list')).entries()].map(({ serial }) => serial)

const held = ({ crls, revocations }: Consumers) => ({
  roles_anywhere: [...crls.values()].map(({ pem }) => serialsIn(pem)),
  trust_store: [...(revocations.get(store)?.values() ?? [])].map(serialsIn),
})

/** What is on record of each target, Roles Anywhere last. */
const eventsOf = (world: World) =>
  [...world.table.rows.values()]
    .filter(({ pk, sk }) => String(pk).startsWith('PUSH#') && String(sk).startsWith('EVENT#'))
    .map(({ type, details }) => ({
      type,
      ...(details as { to: string; number: number; reason: string | null }),
    }))
    .toSorted((a, b) => a.to.localeCompare(b.to))

describe('a published list', () => {
  it('is given to Roles Anywhere and to the trust store, in PEM, and every later one in its place', async () => {
    const { world, consumers, push } = await pushing()
    expect(await push()).toEqual([
      { to: 'roles-anywhere', outcome: 'pushed' },
      { to: 'alb-trust-store', outcome: 'pushed' },
    ])
    expect(held(consumers)).toEqual({ roles_anywhere: [[]], trust_store: [[]] })
    const { certificate_id } = await world.made()
    await revoke(world, certificate_id)
    await push()
    const [version] = (await world.certificates.load(certificate_id))?.versions ?? []
    expect(held(consumers)).toEqual({ roles_anywhere: [[version?.serial]], trust_store: [[version?.serial]] })
    expect([...consumers.crls.values()]).toMatchObject([
      { name: 'countersign-test-iss-web', trustAnchorArn: anchor },
    ])
    expect(new Set(consumers.calls)).toEqual(
      new Set([
        'rolesanywhere GET /crls',
        'rolesanywhere POST /crls',
        'rolesanywhere PATCH /crl/…',
        'elasticloadbalancing AddTrustStoreRevocations',
        'elasticloadbalancing RemoveTrustStoreRevocations',
      ]),
    )
  })

  it('is never away from a trust store while it is replaced', async () => {
    const { world, consumers, push } = await pushing()
    await push()
    await publishStatus(world, 'iss-web')
    await push()
    const changes = consumers.calls
      .filter((call) => /TrustStore/.test(call))
      .map((call) => call.split(' ')[1])
    expect(changes.slice(-2)).toEqual(['AddTrustStoreRevocations', 'RemoveTrustStoreRevocations'])
  })

  it('told of twice is given once, and each is on record', async () => {
    const { world, consumers, push } = await pushing()
    await push()
    const calls = consumers.calls.length
    expect(await push()).toEqual([
      { to: 'roles-anywhere', outcome: 'there_already' },
      { to: 'alb-trust-store', outcome: 'there_already' },
    ])
    expect(consumers.calls).toHaveLength(calls)
    expect(eventsOf(world)).toMatchObject([
      { type: 'crl_pushed', to: 'alb-trust-store', reason: null },
      { type: 'crl_pushed', to: 'roles-anywhere', reason: null },
    ])
  })

  it('is given once more by whoever finds that another push came between, so that the newer one stays', async () => {
    const { world, consumers, deps } = await pushing()
    let first = true
    const put: PushDeps['pushes']['put'] = async (record, event) => {
      if (first) {
        first = false
        await publishStatus(world, 'iss-web')
        await pushList(deps, path)
      }
      return deps.pushes.put(record, event)
    }
    await pushList({ ...deps, pushes: { ...deps.pushes, put } }, path)
    const number = (pem: string) => readCrl(decodePem(pem, ['X509 CRL'], 'the list')).number
    const newest = readCrl(world.published.get(path)?.body ?? new Uint8Array()).number
    expect([...consumers.crls.values()].map(({ pem }) => number(pem))).toEqual([newest])
    expect([...(consumers.revocations.get(store)?.values() ?? [])].map(number)).toEqual([newest])
  })

  it('finds its place again where an import was not recorded, and makes another where it was deleted', async () => {
    const { world, consumers, deps, push } = await pushing()
    const put = () => Promise.reject(new Error('killed'))
    await expect(pushList({ ...deps, pushes: { ...deps.pushes, put } }, path)).rejects.toThrow('killed')
    await push()
    expect(consumers.crls.size).toBe(1)
    consumers.crls.clear()
    await publishStatus(world, 'iss-web')
    await push()
    expect(consumers.crls.size).toBe(1)
  })

  it('that is too large for Roles Anywhere is refused on record, once, and goes to the trust store', async () => {
    const { world, consumers, push } = await pushing()
    plantCertificates(world, { count: 6000, issuer_id: 'iss-web', profile_id: 'p-dev-web' })
    const body = { selection: { issuer_id: 'iss-web' } }
    const plan = (await world.call('carol', 'planRevocation', { body })).body
    expect(plan.lists[0].fits_roles_anywhere).toBe(false)
    await world.call('carol', 'revokeInBulk', { body: { plan: plan.digest } })
    await world.drain()
    expect(await push()).toEqual([
      { to: 'roles-anywhere', outcome: 'refused' },
      { to: 'alb-trust-store', outcome: 'pushed' },
    ])
    expect(consumers.crls.size).toBe(0)
    expect(eventsOf(world)).toMatchObject([
      { type: 'crl_pushed' },
      { type: 'crl_push_refused', reason: expect.stringContaining('more than IAM Roles Anywhere takes') },
    ])
  }, 120_000)

  it('that is a shard is refused on record, once for all of them', async () => {
    const { world, consumers, deps } = await pushing({
      targets: targets.map((target) => ({ ...target, issuer_id: 'iss-many' })),
    })
    const ca = { type: 'kms', key: 'issuing', parent_id: 'iss-root', lifetime: 'P100D', path_length: 0 }
    const subject = [{ type: 'CN', value: 'Many' }]
    const reply = await world.call('carol', 'createIssuer', {
      body: { ...ca, id: 'iss-many', name: 'Many', subject, crl_shards: 3 },
    })
    await world.call('bob', 'approve', { id: reply.body.approval.id })
    await world.drain()
    for (const shard of [0, 1, 2]) await pushList(deps, `.well-known/pki/crl/iss-many/${shard}`)
    expect(consumers.calls).toEqual([])
    expect(eventsOf(world)).toHaveLength(2)
    for (const { type, reason } of eventsOf(world))
      expect([type, reason]).toEqual(['crl_push_refused', 'the lists of the issuer are 3 shards'])
  })

  it('that the service will not have is refused on record, and the next is tried again', async () => {
    const { world, consumers, push } = await pushing()
    const text = '<Error><Code>TooManyTrustStoreRevocationEntries</Code><Message>500000</Message></Error>'
    consumers.fail.set('AddTrustStoreRevocations', { status: 400, text })
    expect(await push()).toMatchObject([{ outcome: 'pushed' }, { outcome: 'refused' }])
    expect(eventsOf(world)[0]).toMatchObject({
      type: 'crl_push_refused',
      reason: 'TooManyTrustStoreRevocationEntries: 500000',
    })
    await publishStatus(world, 'iss-web')
    expect(await push()).toMatchObject([{ outcome: 'pushed' }, { outcome: 'pushed' }])
  })

  it.each([
    ['Roles Anywhere', 'POST /crls', 'roles-anywhere'],
    ['the trust store', 'AddTrustStoreRevocations', 'alb-trust-store'],
  ])(
    'is a fault where %s denies it, told the queue to try again, and the other has its list',
    async (_, call, to) => {
      const { consumers, push, deps } = await pushing()
      consumers.fail.set(call, { status: 403, text: '{"message":"not authorized"}' })
      await expect(push()).rejects.toThrow(/answered with 403/)
      const { roles_anywhere, trust_store } = held(consumers)
      expect([roles_anywhere.length, trust_store.length]).toEqual(to === 'roles-anywhere' ? [0, 1] : [1, 0])
      expect(await pushList(deps, path)).toContainEqual({ to, outcome: 'pushed' })
    },
  )

  it('that its issuer did not sign goes nowhere', async () => {
    const { world, consumers, push } = await pushing()
    const other = world.published.get('.well-known/pki/crl/iss-root')
    if (other !== undefined) world.published.set(path, other)
    await expect(push()).rejects.toMatchObject({ code: 'plan_mismatch' })
    expect(consumers.calls).toEqual([])
  })

  it.each([
    '.well-known/pki/ca/iss-web',
    '.well-known/pki/crl/iss-root',
    '.well-known/pki/crl/iss-nothing',
    'shards/iss-web/0',
  ])('at %s is for nobody', async (at) => {
    const { consumers, deps } = await pushing()
    expect(await pushList(deps, at)).toEqual([])
    expect(consumers.calls).toEqual([])
  })
})

describe('the worker behind its queue', () => {
  const recordOf = (body: object) => ({ messageId: 'm', body: JSON.stringify(body), attributes: {} })
  const paths: string[] = []
  const handler = pushFunction(async (at) => {
    paths.push(at)
    if (at.endsWith('broken')) throw new Error('no')
    return [{ to: 'roles-anywhere', outcome: 'pushed' }]
  })
  // biome-ignore lint/suspicious/noExplicitAny: a message has more than a handler looks at
  const deliver = (body: object) => handler({ Records: [recordOf(body)] } as any)
  const written = (key: string) => ({
    Records: [{ eventName: 'ObjectCreated:Put', s3: { object: { key } } }],
  })

  it('reads what S3 writes, its test too, and has what fails delivered again', async () => {
    expect(await deliver(written('.well-known/pki/crl/iss-web%2F1'))).toEqual({ batchItemFailures: [] })
    expect(paths).toEqual(['.well-known/pki/crl/iss-web/1'])
    expect(await deliver({ Event: 's3:TestEvent', Service: 'Amazon S3' })).toEqual({ batchItemFailures: [] })
    expect(await deliver(written('broken'))).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] })
    expect(await deliver({ other: true })).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] })
  })
})

describe('the limit of Roles Anywhere', () => {
  it.each([1, 47, 48, 49, 1000, 221_538])('counts %d octets as PEM has them', (octets) => {
    expect(pemOctets(octets)).toBe(encodePem('X509 CRL', new Uint8Array(octets)).length)
  })

  it('is 300,000 octets of PEM, not of DER', () => {
    expect([fitsRolesAnywhere(221_000), fitsRolesAnywhere(222_000), fitsRolesAnywhere(299_000)]).toEqual([
      true,
      false,
      false,
    ])
  })
})
