import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { gatherEvidence } from '../../../lib/flows/gather-evidence.ts'
import { jwksOf } from '../../../lib/flows/receipt-jwks.ts'
import { receiptVerifier } from '../../../lib/flows/receipts.ts'
import { verifyEvidence } from '../../../lib/flows/verify-evidence.ts'
import { type EvidenceBundle, evidenceBundle } from '../../../lib/model/evidence.ts'
import { Refusal } from '../../../lib/model/refusal.ts'
import { makeFurnishedWorld, receiptKeys, type World } from '../../support/world.ts'

/** What a reader makes of a text that claims to be a bundle. */
const judge = (text: string): readonly string[] => {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return ['not JSON']
  }
  const read = evidenceBundle.safeParse(parsed)
  if (!read.success) return ['not a bundle']
  return verifyEvidence(read.data, receiptVerifier(receiptKeys, read.data.environment))
}

describe('the evidence of a certificate', () => {
  let world: World
  let bundle: EvidenceBundle
  let text: string

  beforeAll(async () => {
    world = await makeFurnishedWorld({ approval_policy: { quorum: 2 } })
    const asked = await world.ask()
    await world.call('bob', 'approve', { id: asked.approval_id })
    await world.call('erin', 'approve', { id: asked.approval_id })
    await world.drain()
    bundle = await gatherEvidence(world, asked.certificate_id, 1)
    text = JSON.stringify(bundle)
  })

  it('proves itself with the public keys alone', () => {
    expect(judge(text)).toEqual([])
  })

  it('proves a renewal and a certificate that needed nobody', async () => {
    const made = await world.made()
    expect(judge(JSON.stringify(await gatherEvidence(world, made.certificate_id, 1)))).toEqual([])
    await world.call('alice', 'renewCertificate', { id: made.certificate_id, body: {} })
    await world.drain()
    expect(judge(JSON.stringify(await gatherEvidence(world, made.certificate_id, 2)))).toEqual([])
  })

  it('fails with any byte of it changed', { timeout: 60_000 }, () => {
    const index = fc.nat({ max: text.length - 1 })
    fc.assert(
      fc.property(index, fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
        const other = String.fromCharCode(code)
        fc.pre(other !== text[at])
        expect(judge(text.slice(0, at) + other + text.slice(at + 1))).not.toEqual([])
      }),
      { numRuns: 400 },
    )
  })

  it.each<[string, (honest: EvidenceBundle) => EvidenceBundle, string]>([
    [
      'without one of the approvals',
      (honest) => {
        const { content, events } = honest.issued_by
        return {
          ...honest,
          issued_by: { content, events: events.filter(({ actor }) => actor !== 'pr-erin') },
        }
      },
      'the chain of events is broken',
    ],
    [
      'of another certificate',
      (honest) => ({ ...honest, chain: honest.chain.slice(1) }),
      'the certificate is not what was approved',
    ],
    [
      'with other rules',
      (honest) => ({ ...honest, rules_made_by: honest.issued_by }),
      'the rules were made by a job that makes none',
    ],
    [
      'with a chain that does not end in a root',
      (honest) => ({ ...honest, chain: honest.chain.slice(0, 2) }),
      'certificate 1 of the chain is not signed by the one above it',
    ],
    ['from another deployment', (honest) => ({ ...honest, environment: 'x' }), 'no receipt that verifies'],
  ])('fails %s', (_, tamper, reason) => {
    expect(judge(JSON.stringify(tamper(bundle))).join('; ')).toContain(reason)
  })

  it('is verified by the command that auditors run, which needs the public keys and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-evidence-'))
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const keys = file('jwks.json', JSON.stringify(jwksOf(receiptKeys)))
    const run = (content: string) =>
      spawnSync(
        process.execPath,
        ['scripts/verify-receipt.ts', file('bundle.json', content), '--jwks', keys],
        {
          encoding: 'utf8',
          env: {},
        },
      )
    const good = run(text)
    expect(good.stdout).toContain('approved by pr-bob (bob)')
    expect(good.stdout).toContain('approved by pr-erin (erin)')
    expect(good.status).toBe(0)
    const bad = run(text.replace('pr-erin', 'pr-carol'))
    expect(bad.stdout).toContain('✗ ')
    expect(bad.status).toBe(1)
    rmSync(folder, { recursive: true })
  })

  it('is refused for a version that was never issued', async () => {
    await expect(gatherEvidence(world, 'mc-nothing', 1)).rejects.toThrow(Refusal)
  })
})
