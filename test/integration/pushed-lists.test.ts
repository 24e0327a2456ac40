import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCrl } from '../../lib/pki/crl-reader.ts'
import { decodePem } from '../../lib/pki/pem.ts'
import { changed, eventually, jobCompleted } from '../../scripts/local/api.ts'
import { startConsumers } from '../support/list-consumer.ts'
import { changeVariables } from '../support/live-functions.ts'
import { carryThrough } from '../support/live-issuers.ts'
import { csrFor, newHostName } from '../support/live-requests.ts'
import { pushTargets } from '../support/pushed-lists.ts'
import { as, stack } from '../support/stack.ts'

/** The emulator has neither service: one that speaks their APIs, as AWS documents them, stands in for both. */
type Consumers = Awaited<ReturnType<typeof startConsumers>>

let consumers: Consumers

beforeAll(async () => {
  const stores = pushTargets.filter(({ to }) => to === 'alb-trust-store').map(({ arn }) => arn)
  const read = async (bucket: string, key: string) =>
    (await fetch(`${stack.emulator_url}/${bucket}/${key}`)).text()
  consumers = await startConsumers(read, stores)
  await changeVariables('worker-push-crl', {
    AWS_ENDPOINT_URL_ROLESANYWHERE: consumers.url,
    AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2: consumers.url,
  })
})
afterAll(() => consumers.stop())

const serialsIn = (pem: string): readonly string[] =>
  [...readCrl(decodePem(pem, ['X509 CRL'], 'the list')).entries()].map(({ serial }) => serial)

/** What the services have: the serials on each of their lists. */
const held = () =>
  [
    ...[...consumers.crls.values()].map(({ pem }) => pem),
    ...[...consumers.revocations.values()].flatMap((lists) => [...lists.values()]),
  ].map(serialsIn)

const untilBothHave = (serials: readonly string[]) =>
  eventually(`both services have ${serials.length}`, async () =>
    JSON.stringify(held()) === JSON.stringify([serials, serials])
      ? { found: true }
      : { seen: JSON.stringify([held(), consumers.calls]) },
  )

describe('a list, once published', () => {
  it('is given to Roles Anywhere and to a trust store, and again with every revocation', async () => {
    await carryThrough('/issuers', {
      id: 'iss-pushed',
      name: 'Pushed',
      type: 'kms',
      key: 'issuing',
      parent_id: 'iss-root',
      subject: [{ type: 'CN', value: 'Pushed CA' }],
      lifetime: 'P365D',
      path_length: 0,
    })
    await untilBothHave([])
    await carryThrough('/profiles', {
      id: 'p-pushed',
      name: 'Pushed',
      issuer_id: 'iss-pushed',
      key_algorithms: ['ECDSA_P256'],
      subject: { allowed: ['CN'] },
      subject_alternative_names: { dns: { domains: ['example.com'] } },
      extended_key_usage: ['clientAuth'],
      validity: { default: 'P30D', max: 'P30D' },
    })
    const body = { profile_id: 'p-pushed', csr: csrFor(newHostName()) }
    const asked = await as('alice').expect(changed, 202, as('alice').post('/certificates', body))
    const { certificate_id } = await jobCompleted(as('alice'), asked.job.id)
    const before = performance.now()
    const revoked = as('alice').post(`/certificates/${certificate_id}/revoke`, { reason: 'keyCompromise' })
    await as('alice').expect(changed, 202, revoked)
    const serial = await eventually('one serial', async () => {
      const [found] = held().flat()
      return found === undefined ? { seen: JSON.stringify(consumers.calls) } : { found }
    })
    await untilBothHave([serial])
    console.log(`from the request to both services: ${(performance.now() - before).toFixed(0)} ms`)
    expect(consumers.crls.size).toBe(1)
  }, 60_000)
})
