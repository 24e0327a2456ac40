import { describe, expect, it } from 'vitest'
import { listStates, publishStatus } from '../../../lib/flows/publish-status.ts'
import { rebuiltRows } from '../../../lib/flows/shard-rows.ts'
import { rebuiltShards } from '../../../lib/flows/verify-lists.ts'
import { statusFunction } from '../../../lib/lambda/status-queue.ts'
import { shardOf } from '../../../lib/model/shards.ts'
import { readCrl } from '../../../lib/pki/crl-reader.ts'
import { plantCertificates } from '../../support/revocable.ts'
import { makeFurnishedWorld, profileBody, statusUrl, type World } from '../../support/world.ts'

/** An issuer whose revocations are spread over many lists, and a profile under it. */
const makeShardedWorld = async (crl_shards = 128): Promise<World> => {
  const world = await makeFurnishedWorld()
  const subject = [{ type: 'CN', value: 'Sharded' }]
  const ca = { type: 'kms', key: 'issuing', parent_id: 'iss-root', lifetime: 'P1000D', path_length: 0 }
  for (const [operation, body] of [
    ['createIssuer', { ...ca, id: 'iss-many', name: 'Many', subject, crl_shards }],
    ['createProfile', { ...profileBody, id: 'p-many', issuer_id: 'iss-many' }],
  ] as const) {
    const reply = await world.call('carol', operation, { body })
    await world.call('bob', 'approve', { id: reply.body.approval.id })
    await world.drain()
  }
  return world
}

const listAt = (world: World, shard: number) => {
  const body = world.published.get(`.well-known/pki/crl/iss-many/${shard}`)?.body
  if (body === undefined) throw new Error(`no list ${shard}`)
  return readCrl(body)
}

const message = (body: object, n: number) => ({ messageId: String(n), body: JSON.stringify(body) })

describe('a sharded issuer', () => {
  it('has an empty list for every shard from the start, each critical about its own URL', async () => {
    const world = await makeShardedWorld()
    for (let shard = 0; shard < 128; shard += 1)
      expect(listAt(world, shard)).toMatchObject({ count: 0, is_shard: true, number: 1n })
    expect(world.published.has('.well-known/pki/crl/iss-many')).toBe(false)
  })

  it('fixes the shard of a certificate at issuance, in its distribution point and on record', async () => {
    const world = await makeShardedWorld()
    const { certificate_id } = await world.made({ profile_id: 'p-many' })
    const [version] = (await world.certificates.load(certificate_id))?.versions ?? []
    const shard = shardOf(version?.serial ?? '', 128)
    const der = Buffer.from(version?.der ?? '', 'base64').toString('latin1')
    expect(der).toContain(`${statusUrl}/.well-known/pki/crl/iss-many/${shard}`)
    expect(version?.crl_shard).toBe(shard)
    expect(await world.serials.get('iss-many', version?.serial ?? '')).toMatchObject({ crl_shard: shard })
  })

  it('makes only the list anew that a revocation is on', async () => {
    const world = await makeShardedWorld()
    const { certificate_id } = await world.made({ profile_id: 'p-many' })
    const [version] = (await world.certificates.load(certificate_id))?.versions ?? []
    const before = world.signatures.length
    await world.call('alice', 'revokeCertificate', { id: certificate_id })
    await world.drain()
    expect(world.signatures.length - before).toBe(1)
    for (let shard = 0; shard < 128; shard += 1)
      expect(listAt(world, shard).count).toBe(shard === version?.crl_shard ? 1 : 0)
  })

  it('coalesces a burst: a thousand revocations, one message each, at most 128 signatures', async () => {
    const world = await makeShardedWorld()
    plantCertificates(world, { count: 1000, issuer_id: 'iss-many', profile_id: 'p-many', crl_shards: 128 })
    const before = world.signatures.length
    const messages: object[] = []
    for (let n = 0; n < 1000; n += 1) {
      const { body } = await world.call('alice', 'revokeCertificate', { id: `mc-iss-many-${n}` })
      await world.applyJob(body.job.id)
      const { events } = await world.jobOf(body.job.id)
      const lists = events.at(-1)?.details.lists as object[] | undefined
      for (const list of lists ?? []) messages.push({ type: 'publish', ...list })
    }
    const publish = (id: string, shards: readonly number[] | null) => publishStatus(world, id, shards)
    const handler = statusFunction({ publish, refresh: async () => 0, states: () => listStates(world) })
    for (let n = 0; n < 1000; n += 100) {
      // biome-ignore lint/suspicious/noExplicitAny: a message has more than a handler looks at
      const Records = messages.slice(n, n + 100).map((body, at) => message(body, n + at)) as any
      expect(await handler({ Records })).toEqual({ batchItemFailures: [] })
    }
    expect(messages).toHaveLength(1000)
    expect(world.signatures.length - before).toBeLessThanOrEqual(128)
    let listed = 0
    for (let shard = 0; shard < 128; shard += 1) listed += listAt(world, shard).count
    expect(listed).toBe(1000)
  }, 120_000)
})

describe('the rows of a shard', () => {
  const revokedWorld = async () => {
    const world = await makeFurnishedWorld()
    plantCertificates(world, { count: 50, issuer_id: 'iss-web', profile_id: 'p-dev-web' })
    for (let n = 0; n < 50; n += 1) await world.call('alice', 'revokeCertificate', { id: `mc-iss-web-${n}` })
    await world.drain()
    return world
  }
  const kept = (world: World) => world.keptRows.get('iss-web/0')?.rows ?? new Uint8Array()

  it('are what the table alone would make of them', async () => {
    const world = await revokedWorld()
    const head = await world.lists.head('iss-web', 0)
    expect(head?.entries).toBe(50)
    const rebuilt = await rebuiltRows(world, { issuer_id: 'iss-web', shard: 0 }, head?.cutoff ?? null)
    expect(Buffer.compare(rebuilt, kept(world))).toBe(0)
  })

  it('are proved equal list by list, and what is behind or harmed is named', async () => {
    const world = await revokedWorld()
    const outcomes = async () => {
      const found = []
      for await (const { issuer_id, outcome } of rebuiltShards(world)) found.push([issuer_id, outcome])
      return found
    }
    expect(await outcomes()).toEqual([
      ['iss-root', 'equal'],
      ['iss-web', 'equal'],
    ])
    const { certificate_id } = await world.made()
    const { body } = await world.call('alice', 'revokeCertificate', { id: certificate_id })
    await world.applyJob(body.job.id)
    expect(await outcomes()).toContainEqual(['iss-web', 'behind'])
    world.keptRows.clear()
    expect(await outcomes()).toContainEqual(['iss-web', 'rows_differ'])
    world.published.delete('.well-known/pki/ca/iss-web')
    world.published.delete('.well-known/pki/crl/iss-root')
    expect(await outcomes()).toEqual([
      ['iss-root', 'not_served'],
      ['iss-web', 'not_served'],
    ])
  })

  it('spare a clean shard its signature', async () => {
    const world = await revokedWorld()
    expect(await publishStatus(world, 'iss-web', [0])).toBe(0)
  })

  it.each([
    ['lost', (world: World) => void world.keptRows.clear()],
    [
      'tampered with, so that a revocation would vanish',
      (world: World) => void world.keptRows.set('iss-web/0', { rows: kept(world).subarray(34), order: 99 }),
    ],
  ])('that were %s are made anew from the table', async (_, harm) => {
    const world = await revokedWorld()
    harm(world)
    expect(await publishStatus(world, 'iss-web', [0])).toBe(1)
    const body = world.published.get('.well-known/pki/crl/iss-web')?.body ?? new Uint8Array()
    expect(readCrl(body).count).toBe(50)
  })
})
