import { generateKeyPairSync, sign } from 'node:crypto'
import { compactVerify, importSPKI } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { receiptVerifier, sealReceipt } from '../../../lib/flows/receipts.ts'
import type { ReceiptDraft } from '../../../lib/model/receipt.ts'
import { compactJws, jwsSigningInput } from '../../../lib/pki/jws.ts'
import { environment, makeFurnishedWorld, receiptKeys, type World } from '../../support/world.ts'

const draft: ReceiptDraft = {
  job_id: 'job-abcdef',
  digest: 'ab'.repeat(32),
  policy_sha256: 'cd'.repeat(32),
  requester: 'pr-alice',
  owner: 'pr-alice',
  ticket: 'SECOPS-12345',
  decider: {
    id: 'pr-bob',
    name: 'bob',
    email: 'bob@example.com',
    roles: ['approver'],
    teams: [],
    granted_by: 'bootstrap',
  },
  for: null,
  verdict: 'approve',
  stage: 'approval',
  time: '2026-03-01T12:00:00.000Z',
}

describe('a receipt', () => {
  let world: World
  let receipt: string
  const verify = receiptVerifier(receiptKeys, environment)

  beforeAll(async () => {
    world = await makeFurnishedWorld()
    receipt = await sealReceipt(world, draft)
  })

  it('says what was decided, to whoever has the public key', () => {
    expect(verify(receipt)).toMatchObject({ ...draft, environment })
  })

  it('is an ES256 JWS for an implementation that is not ours', async () => {
    const pem = `-----BEGIN PUBLIC KEY-----\n${receiptKeys.decision.spki.toString('base64')}\n-----END PUBLIC KEY-----`
    const { payload, protectedHeader } = await compactVerify(receipt, await importSPKI(pem, 'ES256'))
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: 'decision' })
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject(draft)
  })

  it('is worth nothing with any of its characters changed', () => {
    const accepted = [...receipt].flatMap((character, index) => {
      const other = character === 'A' ? 'B' : 'A'
      const changed = `${receipt.slice(0, index)}${other}${receipt.slice(index + 1)}`
      return verify(changed) === null ? [] : [index]
    })
    expect(accepted).toEqual([])
  })

  it('is worth nothing in another deployment', () => {
    expect(receiptVerifier(receiptKeys, 'prod')(receipt)).toBe(null)
  })

  it('is not believed when it was made with the key for deadlines', async () => {
    const input = jwsSigningInput(
      JSON.stringify({ ...draft, environment, nonce: 'x'.repeat(22) }),
      'decision',
    )
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(verify(compactJws(input, sign('sha256', Buffer.from(input), other.privateKey)))).toBe(null)
    const swapped = receiptVerifier({ decision: receiptKeys.clock, clock: receiptKeys.decision }, environment)
    expect(swapped(receipt)).toBe(null)
  })

  it.each([
    ['alg none', { alg: 'none', kid: 'decision', typ: 'countersign-receipt+jws' }],
    ['HMAC', { alg: 'HS256', kid: 'decision', typ: 'countersign-receipt+jws' }],
    ['another type', { alg: 'ES256', kid: 'decision', typ: 'JWT' }],
    ['an unknown key', { alg: 'ES256', kid: 'nobody', typ: 'countersign-receipt+jws' }],
    ['a further header', { alg: 'ES256', kid: 'decision', typ: 'countersign-receipt+jws', jwk: {} }],
  ])('with the header of %s is refused', (_, header) => {
    const [, payload, signature] = receipt.split('.')
    const forged = Buffer.from(JSON.stringify(header)).toString('base64url')
    expect(verify(`${forged}.${payload}.${signature}`)).toBe(null)
  })

  it('stands in the event of every word, and in no other place', async () => {
    const approved = await world.ask()
    await world.call('bob', 'approve', { id: approved.approval_id })
    const rejected = await world.ask()
    await world.call('bob', 'reject', { id: rejected.approval_id, body: { note: 'no' } })
    const withdrawn = await world.ask()
    await world.call('alice', 'withdraw', { id: withdrawn.approval_id })
    const expired = await world.ask()
    world.pass(8 * 86_400)
    await world.tend()
    const verdicts = await Promise.all(
      [approved, rejected, withdrawn, expired].map(async ({ job_id }) => {
        const { events } = await world.jobOf(job_id)
        const receipts = events.flatMap(({ details }) =>
          typeof details.receipt === 'string' ? [verify(details.receipt)] : [],
        )
        expect(receipts).toHaveLength(1)
        expect(receipts[0]?.job_id).toBe(job_id)
        return receipts[0]?.verdict
      }),
    )
    expect(verdicts).toEqual(['approve', 'reject', 'withdraw', 'expire'])
  })
})
