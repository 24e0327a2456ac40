import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authorities } from '../../lib/aws/authorities.ts'
import { type PrivateCa, startPrivateCa } from '../../scripts/local/private-ca.ts'
import { progressTo } from '../../scripts/local/progress.ts'
import { makeWorld, profileBody, type World } from '../support/world.ts'

const access = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
} as const

const approved = async (world: World, reply: { body: { approval: { id: string } | null } }) => {
  await world.drain()
  if (reply.body.approval !== null) await world.call('bob', 'approve', { id: reply.body.approval.id })
  await world.drain()
}

describe('the API of AWS Private CA, by moto', () => {
  let privateCa: PrivateCa

  beforeAll(async () => {
    privateCa = await startPrivateCa(progressTo(process.stderr))
  }, 300_000)
  afterAll(() => privateCa.stop())

  /** A world whose authority is moto's, at the time that it is. */
  const world = async () => {
    const made = await makeWorld()
    made.pass((Date.now() - made.now().getTime()) / 1000 + 1)
    const arns = { private: privateCa.arn }
    Object.assign(made.authority, authorities({ ...access, arns, endpoint: privateCa.url }))
    const body = { name: 'Private', authority: 'private' }
    await approved(made, await made.call('carol', 'importAuthority', { id: 'iss-private', body }))
    const profile = { ...profileBody, id: 'p-private', issuer_id: 'iss-private' }
    await approved(made, await made.call('carol', 'createProfile', { body: profile }))
    return made
  }

  it('makes an issuer with the certificate that AWS has of the authority', async () => {
    const { issuers } = await world()
    expect(await issuers.get('iss-private')).toMatchObject({ type: 'acm-pca', status: 'active' })
  })

  it('returns another lifetime and algorithm than was asked: quarantined, revoked, failed', async () => {
    const made = await world()
    const { job_id, certificate_id } = await made.ask({ profile_id: 'p-private' })
    await made.drain()
    const { job, events } = await made.jobOf(job_id)
    expect(job.status).toBe('Failed')
    expect(job.error_message).toMatch(/validity differs/)
    expect(job.error_message).toMatch(/signature algorithm differs/)
    expect(events.map(({ type }) => type)).toEqual([
      'certificate_requested',
      'issuance_planned',
      'certificate_ordered',
      'certificate_quarantined',
      'issuance_failed',
    ])
    expect((await made.certificates.load(certificate_id))?.versions).toEqual([])
  })

  it('is told of a revocation once our own records say so, and the job is then over', async () => {
    // What moto issues is never what was approved, so an authority in memory issues, and moto revokes.
    const made = await makeWorld()
    const answers: string[] = []
    const arns = { private: privateCa.arn }
    const { revoke } = authorities({ ...access, arns, endpoint: privateCa.url })
    Object.assign(made.authority, {
      revoke: async (asked: Parameters<typeof revoke>[0]) => {
        await revoke(asked)
        answers.push(asked.serial)
      },
    })
    const body = { name: 'Private', authority: 'private' }
    await approved(made, await made.call('carol', 'importAuthority', { id: 'iss-private', body }))
    const profile = { ...profileBody, id: 'p-private', issuer_id: 'iss-private' }
    await approved(made, await made.call('carol', 'createProfile', { body: profile }))
    const { certificate_id } = await made.ask({ profile_id: 'p-private' })
    await made.drain()
    const reply = await made.call('alice', 'revokeCertificate', {
      id: certificate_id,
      body: { reason: 'keyCompromise' },
    })
    await made.drain()
    const { job, events } = await made.jobOf(String(reply.body.job.id))
    expect(job.status).toBe('Completed')
    expect(events.at(-1)?.details.revoked).toEqual([{ issuer_id: 'iss-private', serial: answers[0] }])
  })

  it('is asked under names alone', async () => {
    const asked = authorities({ ...access, arns: {}, endpoint: privateCa.url })
    expect(await asked.chain('private')).toBeNull()
    await expect(asked.revoke({ authority: 'private', serial: '01', reason: 'superseded' })).rejects.toThrow(
      /no certificate authority named private/,
    )
  })
})

describe('an authority that', () => {
  let server: Server
  let answers: { status: number; body: object }[] = []
  let calls = 0

  beforeAll(async () => {
    server = createServer((incoming, outgoing) => {
      incoming.resume()
      const { status, body } = answers[calls] ?? { status: 200, body: {} }
      calls += 1
      outgoing.writeHead(status).end(JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => void server.close())

  const asked = (given: typeof answers) => {
    answers = given
    calls = 0
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    return authorities({
      ...access,
      arns: { private: 'arn:aws:acm-pca:x' },
      endpoint: `http://127.0.0.1:${port}`,
    })
  }
  const certificate = { authority: 'private', certificate_arn: 'arn' }
  const throttled = { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } }

  it('is throttled is asked again, later', async () => {
    const soon = { status: 400, body: { __type: 'com.amazonaws#RequestInProgressException' } }
    expect(
      await asked([throttled, { status: 503, body: {} }, throttled, soon]).certificate(certificate),
    ).toBeNull()
    expect(calls).toBe(4)
  })

  it('stays throttled is left to the queue after six tries', async () => {
    await expect(asked(Array(9).fill(throttled)).certificate(certificate)).rejects.toThrow(/Throttling/)
    expect(calls).toBe(6)
  })

  it('refuses is asked once', async () => {
    const refused = { status: 400, body: { __type: 'MalformedCSRException', message: 'no' } }
    await expect(asked([refused]).certificate(certificate)).rejects.toThrow(/MalformedCSRException: no/)
    expect(calls).toBe(1)
  })

  it('has revoked already has revoked', async () => {
    const already = { status: 400, body: { __type: 'RequestAlreadyProcessedException' } }
    await asked([already]).revoke({ authority: 'private', serial: '0a0b', reason: 'superseded' })
    expect(calls).toBe(1)
  })
})
