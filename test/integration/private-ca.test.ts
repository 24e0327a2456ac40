import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { changed, eventually, jobCompleted, jobOver, requested } from '../../scripts/local/api.ts'
import { openssl } from '../../scripts/local/openssl.ts'
import { carryThrough } from '../support/live-issuers.ts'
import { fileOf } from '../support/live-jobs.ts'
import { privateCaBehaves, privateCaState } from '../support/live-private-ca.ts'
import { timePasses } from '../support/live-redelivery.ts'
import { csrFor, newHostName } from '../support/live-requests.ts'
import { as } from '../support/stack.ts'

/** AWS Private CA is not in the emulator: one that speaks its API stands in for it, behind the deployed functions. */
const folder = mkdtempSync(join(tmpdir(), 'countersign-private-ca-'))

const eventRows = z.array(z.looseObject({ type: z.string(), details: z.looseObject({}) }))

const eventsOf = async (certificate_id: string) =>
  as('dave').expect(eventRows, 200, as('dave').get(`/audit?resource=${certificate_id}&limit=200`))

const ask = async (...names: readonly [string, ...string[]]) => {
  const body = { profile_id: 'p-private', csr: csrFor(...names) }
  return as('alice').expect(requested, 202, as('alice').post('/certificates', body))
}

/** What was called since, and what came of it. */
const since = async (calls: number) => (await privateCaState()).calls.slice(calls)

const count = (calls: readonly { operation: string; code: string }[], operation: string, code: string) =>
  calls.filter((call) => call.operation === operation && call.code === code).length

beforeAll(async () => {
  await carryThrough('/issuers/iss-private/authority', { name: 'Private', authority: 'private' })
  await carryThrough('/profiles', {
    id: 'p-private',
    name: 'Private',
    issuer_id: 'iss-private',
    key_algorithms: ['ECDSA_P256'],
    subject: { allowed: ['CN'] },
    subject_alternative_names: { dns: { domains: ['example.com'] } },
    extended_key_usage: ['serverAuth', 'clientAuth'],
    policies: ['2.23.140.1.2.1'],
    validity: { default: 'P30D', max: 'P30D' },
  })
}, 60_000)
afterAll(async () => {
  await privateCaBehaves({})
  rmSync(folder, { recursive: true })
})

describe('AWS Private CA', () => {
  it('throttled, losing an answer and slow, makes one certificate, which OpenSSL verifies; it is revoked there too', async () => {
    const { calls, issued } = await privateCaState()
    await privateCaBehaves({
      throttled: { IssueCertificate: 1, RevokeCertificate: 1 },
      lost: { IssueCertificate: 1 },
      slow: 2,
    })
    const names = [newHostName(), newHostName(), newHostName()] as const
    const { job, certificate } = await ask(...names)
    await jobCompleted(as('alice'), job.id)

    const made = await since(calls.length)
    expect(count(made, 'IssueCertificate', 'ThrottlingException')).toBe(1)
    expect(count(made, 'IssueCertificate', 'InternalFailure')).toBe(1)
    expect(count(made, 'IssueCertificate', 'OK')).toBe(1)
    expect(count(made, 'GetCertificate', 'RequestInProgressException')).toBe(2)
    expect(count(made, 'GetCertificate', 'OK')).toBe(1)
    const after = await privateCaState()
    expect(after.issued).toHaveLength(issued.length + 1)

    const chain = (await as('alice').get(`/certificates/${certificate.id}/chain.pem`)).text
    const [leaf, root] = [join(folder, 'leaf.pem'), join(folder, 'root.pem')]
    writeFileSync(leaf, chain)
    writeFileSync(root, after.root_pem)
    const verdict = await openssl(
      'verify',
      ...['-x509_strict', '-purpose', 'sslserver', '-verify_hostname', names[2], '-CAfile', root, leaf],
    )
    expect(verdict).toContain('OK')
    const own = after.issued.at(-1)
    const shown = await openssl('x509', '-in', leaf, '-noout', '-serial')
    expect(shown.trim().toLowerCase()).toBe(`serial=${own?.serial}`)
    const text = await openssl('x509', '-in', leaf, '-noout', '-text')
    expect(text).toContain(names.map((name) => `DNS:${name}`).join(', '))
    expect(text).toContain('Policy: 2.23.140.1.2.1')

    const path = `/certificates/${certificate.id}/revoke`
    const revoking = as('alice').post(path, { reason: 'keyCompromise' })
    const revoked = await as('alice').expect(changed, 202, revoking)
    await jobCompleted(as('alice'), revoked.job.id)
    const last = await privateCaState()
    expect(last.issued.at(-1)).toMatchObject({ serial: own?.serial, revoked: 'KEY_COMPROMISE' })
    expect(count(last.calls.slice(calls.length), 'RevokeCertificate', 'ThrottlingException')).toBe(1)
    expect((await eventsOf(certificate.id)).map(({ type }) => type)).toContain(
      'certificate_revoked_at_authority',
    )
  }, 60_000)

  it('that turns every order away for a while is asked again, and makes one certificate', async () => {
    const { issued } = await privateCaState()
    await privateCaBehaves({ throttled: { IssueCertificate: 1000 } })
    const { job } = await ask(newHostName())
    await eventually('an order put off', async () => {
      const { events } = await fileOf(job.id)
      const last = events.at(-1)
      return last?.type === 'issuance_postponed' ? { found: last } : { seen: String(last?.type) }
    })
    await privateCaBehaves({})
    await timePasses(job.id)
    await jobCompleted(as('alice'), job.id)
    expect((await privateCaState()).issued).toHaveLength(issued.length + 1)
    expect((await fileOf(job.id)).job.attempts).toBe(1)
  }, 60_000)

  it.each([
    ['one name more', /subject_alternative_name/],
    ['a day longer', /validity/],
  ])(
    'that returns %s has made nothing: the certificate is kept apart and revoked, and the job has failed',
    async (mistake, said) => {
      await privateCaBehaves({ mistake })
      const { job, certificate } = await ask(newHostName())
      const over = await jobOver(as('alice'), job.id)
      expect(over).toMatchObject({ status: 'Failed', error_message: expect.stringMatching(said) })
      const { issued } = await privateCaState()
      expect(issued.at(-1)).toMatchObject({ revoked: 'PRIVILEGE_WITHDRAWN' })
      const quarantined = (await eventsOf(certificate.id)).find(
        ({ type }) => type === 'certificate_quarantined',
      )
      expect(quarantined?.details.serial).toBe(issued.at(-1)?.serial)
      expect((await as('alice').get(`/certificates/${certificate.id}/chain.pem`)).status).toBe(404)
    },
    60_000,
  )
})
